#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where the YAML reader of Go programs, Prometheus among them, differs from yaml-cpp.

namespace tocsin::yaml {

/// A line that begins with a tab and holds nothing or a comment: accepted by yaml-cpp, refused by
/// the other, unless it stands within quotes or brackets.
bool may_have_tab_line(std::string_view text);
/// The first such line's offset in the first document. `openings`: where quoted scalars and flow
/// collections begin (at their anchor or tag, if they have one).
std::optional<std::size_t> find_tab_line(std::string_view text,
                                         const std::vector<std::size_t>& openings);

/// The bytes of a `!!binary` scalar; nullopt where it is no base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace tocsin::yaml
