#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Mails as they are sent (RFC 5322, 2045, 2046, 2047), to what they say.

namespace tocsin::receivers {

struct MimeAttachment {
  std::string name;
  std::string type;  ///< "application/pdf"
  std::size_t bytes = 0;
};

struct MimeMail {
  std::vector<std::pair<std::string, std::string>> headers;  ///< decoded, in order
  std::string text;                                          ///< of the first text/plain part
  std::string html;                                          ///< of the first text/html part
  std::vector<MimeAttachment> attachments;
  std::string problem;  ///< what could not be read; the rest stands

  /// The first header of that name, or "".
  std::string header(std::string_view name) const;
};

/// Whatever it is, something is returned. Bounded in headers, parts and nesting.
MimeMail read_mime(std::string_view message);

}  // namespace tocsin::receivers
