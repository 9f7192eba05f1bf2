#pragma once

#include <string>
#include <string_view>

namespace tocsin::check {

/// Whether a key of an alertmanager.yml or prometheus.yml has a secret as its value: a password, a
/// token, an address that lets whoever knows it in.
bool is_secret_key(std::string_view key);

/// A line of such a file as it may be shown: "<secret>" in place of secrets.
std::string masked_line(std::string_view line);

}  // namespace tocsin::check
