#include "harness/promql/natural_order.h"

#include <charconv>
#include <cstdint>
#include <optional>

#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

/// Takes the leading run of digits, or of anything else, off a text.
std::string_view take_chunk(std::string_view& text) {
  std::size_t end = 1;
  while (end < text.size() && is_digit(text[end]) == is_digit(text[0])) ++end;
  const std::string_view chunk = text.substr(0, end);
  text.remove_prefix(end);
  return chunk;
}

std::optional<std::int64_t> number_in(std::string_view chunk) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(chunk.data(), chunk.data() + chunk.size(), number);
  if (error != std::errc() || end != chunk.data() + chunk.size()) return std::nullopt;
  return number;
}

}  // namespace

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view x = take_chunk(a);
    const std::string_view y = take_chunk(b);
    const std::optional<std::int64_t> left = number_in(x);
    const std::optional<std::int64_t> right = number_in(y);
    if (left && right) {
      if (*left != *right) return *left < *right;
    } else if (x != y) {
      return x < y;
    }
  }
  return a.empty() && !b.empty();
}

}  // namespace tocsin::promql
