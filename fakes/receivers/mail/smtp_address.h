#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::receivers {

/// The argument of MAIL or RCPT.
struct SmtpPath {
  std::string address;  ///< without brackets and source route; "" for <>
  std::vector<std::string_view> parameters;
};

/// `keyword` is "FROM:" or "TO:", in any case; a blank after it is let pass.
std::optional<SmtpPath> parse_smtp_path(std::string_view argument, std::string_view keyword);

/// Whether names are equal but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

}  // namespace tocsin::receivers
