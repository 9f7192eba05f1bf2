#include "harness/scenario/signal_change.h"

#include <fmt/format.h>

#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using ChangeKind = faults::SignalChange::Kind;

struct Change {
  ChangeKind kind = ChangeKind::kSet;
  double value = 0;
};

Result<Change> parse_one(std::string_view text, Dimension dimension) {
  for (const std::string_view times : {"x", "×"}) {
    if (!text.starts_with(times)) continue;
    const auto factor = parse_number(trim(text.substr(times.size())));
    if (factor.has_error() || *factor < 0) {
      return input_error({}, fmt::format("expected a factor like x3, not \"{}\"", text));
    }
    return Change{ChangeKind::kFactor, *factor};
  }
  const char sign = text.empty() ? '\0' : text.front();
  if (sign == '=') {
    TRY(const double value, parse_value(trim(text.substr(1)), dimension));
    return Change{ChangeKind::kSet, value};
  }
  const bool offset = sign == '+' || sign == '-';
  const auto value = parse_value(offset ? trim(text.substr(1)) : text, dimension);
  if (value.has_error()) {
    Error error = value.error();
    const auto share = parse_quantity(text);
    if (offset && share.has_value() && share->dimension == Dimension::kRatio) {
      error.hints.push_back(fmt::format("to change it by a share of itself, write x{}",
                                        format_number(1 + share->value, 12)));
    }
    return error;
  }
  if (!offset) return Change{ChangeKind::kSet, *value};
  return Change{ChangeKind::kOffset, sign == '-' ? -*value : *value};
}

}  // namespace

Result<faults::SignalChange> parse_change(std::string_view text, Dimension dimension) {
  faults::SignalChange change;
  text = trim(text);
  change.text = text;
  constexpr std::string_view kOver = " over ";
  const std::size_t over = text.find(kOver);
  if (over != std::string_view::npos) {
    TRY(change.over, parse_length(trim(text.substr(over + kOver.size()))));
    text = trim(text.substr(0, over));
  }
  const auto range = split_range(text);
  if (!range) {
    if (over != std::string_view::npos) {
      return input_error({}, "what goes over a time is a ramp, like 40..95 over 10m");
    }
    TRY(const Change one, parse_one(text, dimension));
    change.kind = one.kind;
    change.value = one.value;
    return change;
  }
  TRY(const Change from, parse_one(range->first, dimension));
  TRY(const Change to, parse_one(range->second, dimension));
  if (from.kind != to.kind) {
    return input_error({},
                       "both ends of a ramp are values (40..95), factors (x1..x3) or offsets "
                       "(+0ms..+500ms)");
  }
  change.kind = to.kind;
  change.from = from.value;
  change.value = to.value;
  return change;
}

}  // namespace tocsin::scenario
