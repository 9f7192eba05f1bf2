#include "harness/rules/source_text.h"

#include <algorithm>

#include "harness/base/utf8.h"

namespace tocsin::rules {

SourceText::SourceText(std::string file, std::string_view text)
    : file_(std::move(file)), text_(text), starts_{0} {
  for (std::size_t end = text.find('\n'); end != std::string_view::npos;
       end = text.find('\n', end + 1)) {
    starts_.push_back(end + 1);
  }
}

SourcePos SourceText::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const std::size_t start = *(after - 1);
  return {file_, static_cast<int>(after - starts_.begin()),
          1 + static_cast<int>(utf8_length(text_.substr(start, offset - start)))};
}

std::string_view SourceText::line(int line) const {
  if (line < 1 || static_cast<std::size_t>(line) > starts_.size()) return {};
  std::string_view rest = text_.substr(starts_[static_cast<std::size_t>(line) - 1]);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

}  // namespace tocsin::rules
