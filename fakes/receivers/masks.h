#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/http/message.h"

/// Secrets are taken out of what is kept. In doubt something counts as one.

namespace tocsin::receivers {

inline constexpr std::string_view kSecret = "<secret>";

/// Path segments after `own` characters that could be keys (/services/T0/B0/XYZ, /bot123:abc/…),
/// and values of the query, but for a few names that are known to be none. `kind` knows where its
/// keys stand: Opsgenie's aliases and Jira's issues stay, Telegram's and VictorOps' keys do not.
std::string masked_target(std::string_view target, std::size_t own, std::string_view kind);

/// Authorization keeps its scheme.
std::vector<std::pair<std::string, std::string>> masked_headers(const http::Headers& headers);

/// The string values of members that hold keys (routing_key, token, …), wherever they stand, also
/// in a text that is not quite JSON, or was cut.
std::string masked_json(std::string_view text);
/// The same of a form (a=b&token=c).
std::string masked_form(std::string_view text);

}  // namespace tocsin::receivers
