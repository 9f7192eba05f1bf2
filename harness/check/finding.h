#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

/// What a check has to say.

namespace tocsin::check {

enum class Severity {
  kInfo,     ///< a matter of style or habit; nothing need be wrong
  kWarning,  ///< very likely not what was meant
  kError,    ///< it cannot do what it says
};
/// "info", "warning", "error".
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

/// A stretch of a file.
struct Place {
  SourcePos pos;
  SourcePos end;  ///< behind its last character; line 0: the same as `pos`
};

struct Finding {
  std::string check;  ///< its id
  Severity severity = Severity::kWarning;
  Place place;
  std::string about;  ///< "alert HighErrorRate", "scenario Quiet hours"; may be empty
  std::string message;
  std::string way_out;  ///< what to do about it; may be empty
  std::string excerpt;  ///< the line at `place`, when it is known
  /// A comment in the file silences it; the reason that it gives, which may be empty.
  std::optional<std::string> silenced;
  /// The comment says that it is known (`tocsin:known`): it is shown still, and does not count.
  bool known = false;
};

}  // namespace tocsin::check
