#pragma once

#include <string>
#include <string_view>

namespace tocsin {

/// Text that stands for itself in Markdown (GitHub's): no character of it becomes markup, and line
/// breaks and other controls become spaces.
std::string markdown_text(std::string_view text);

}  // namespace tocsin
