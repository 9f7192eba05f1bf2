#include "harness/base/markdown.h"

namespace tocsin {

std::string markdown_text(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_[]|#@~>";
  std::string safe;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      safe += ' ';
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else {
      if (kMarkup.find(c) != std::string_view::npos) safe += '\\';
      safe += c;
    }
  }
  return safe;
}

}  // namespace tocsin
