#include "harness/scenario/text_template.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "harness/scenario/formula.h"

namespace tocsin::scenario {
namespace {

/// Text, then a signal; the last piece may have none.
struct Piece {
  std::string text;
  std::string signal;
  int decimals = -1;  ///< -1: as short as can be
  bool percent = false;
};

/// ".1f" or ".0%".
bool parse_format(std::string_view format, Piece& piece) {
  if (format.size() < 3 || format.front() != '.') return false;
  if (format.back() != 'f' && format.back() != '%') return false;
  piece.percent = format.back() == '%';
  const char* end = format.data() + format.size() - 1;
  const auto [stop, error] = std::from_chars(format.data() + 1, end, piece.decimals);
  return error == std::errc() && stop == end && piece.decimals <= 12;
}

}  // namespace

struct TextTemplate::Impl {
  std::vector<std::string> signals;
  std::vector<Piece> pieces;
};

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
  auto impl = std::make_shared<Impl>();
  Piece piece;
  const auto fail = [&](std::size_t at, std::string message) {
    const std::size_t line_start = text.substr(0, at).rfind('\n') + 1;
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    const std::size_t column = utf8_length(text.substr(line_start, at - line_start)) + 1;
    return input_error({"", static_cast<int>(line) + 1, static_cast<int>(column)},
                       std::move(message));
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const bool doubled = at + 1 < text.size() && text[at + 1] == c;
    if ((c != '{' && c != '}') || doubled) {
      piece.text += c;
      at += c == '{' || c == '}' ? 2 : 1;
      continue;
    }
    const std::size_t close = c == '{' ? text.find('}', at) : std::string_view::npos;
    if (close == std::string_view::npos) {
      return fail(at, fmt::format("a single \"{}\"; write {}{} for a brace", c, c, c));
    }
    const std::string_view inside = text.substr(at + 1, close - at - 1);
    const std::size_t colon = std::min(inside.find(':'), inside.size());
    piece.signal = std::string(inside.substr(0, colon));
    if (!is_signal_name(piece.signal)) {
      return fail(at + 1, fmt::format("expected a signal's name, not \"{}\"", piece.signal));
    }
    if (colon < inside.size() && !parse_format(inside.substr(colon + 1), piece)) {
      return fail(at + 1 + colon + 1, "expected a format like .1f or .1%");
    }
    auto& signals = impl->signals;
    if (std::find(signals.begin(), signals.end(), piece.signal) == signals.end()) {
      signals.push_back(piece.signal);
    }
    impl->pieces.push_back(std::exchange(piece, {}));
    at = close + 1;
  }
  impl->pieces.push_back(std::move(piece));
  TextTemplate result;
  result.impl_ = std::move(impl);
  return result;
}

const std::vector<std::string>& TextTemplate::signals() const {
  return impl_->signals;
}

std::string TextTemplate::render(
    const std::function<double(std::string_view signal)>& value_of) const {
  std::string text;
  for (const Piece& piece : impl_->pieces) {
    text += piece.text;
    if (piece.signal.empty()) continue;
    const double value = value_of(piece.signal) * (piece.percent ? 100 : 1);
    text +=
        piece.decimals < 0 ? format_number(value) : fmt::format("{:.{}f}", value, piece.decimals);
    if (piece.percent) text += '%';
  }
  return text;
}

}  // namespace tocsin::scenario
