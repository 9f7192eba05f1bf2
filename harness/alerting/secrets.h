#pragma once

#include <string>
#include <vector>

#include "harness/alerting/config.h"

namespace tocsin::alerting {

/// What must not show: the values of a configuration's secrets, longest first. Those shorter than
/// eight characters are left out: they would hide common words.
std::vector<std::string> secret_values(const Config& config);
/// `text` with "<secret>" in place of each.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace tocsin::alerting
