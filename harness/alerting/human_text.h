#pragma once

#include <string>
#include <vector>

#include "harness/alerting/payload.h"

namespace tocsin::alerting {

/// A notification as whoever gets it reads it, whatever the integration.
struct HumanText {
  std::string title;  ///< subject, summary, headline
  std::string text;   ///< everything else that is shown, line by line; links too
};

/// From the payload that is sent; of kinds that are not rendered here, from Alertmanager's default
/// texts. Errors as of render_payload().
Result<HumanText> human_text(const Notification& notification, const Integration& integration,
                             const PayloadContext& context, Timestamp now);

/// What must not show: the values of a configuration's secrets, longest first. Those shorter than
/// eight characters are left out: they would hide common words.
std::vector<std::string> secret_values(const Config& config);
/// `text` with "<secret>" in place of each.
std::string without_secrets(std::string text, const std::vector<std::string>& secrets);

}  // namespace tocsin::alerting
