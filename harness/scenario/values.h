#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/base/units.h"
#include "harness/scenario/scenario.h"
#include "harness/scenario/shape.h"

/// Scalars as values. The parse_… functions return errors without a position.

namespace tocsin::scenario {

/// The longest time that anything in a scenario may last.
inline constexpr Duration kLongestRun = std::chrono::days(366);

/// At most kLongestRun.
Result<Duration> parse_length(std::string_view text);
Result<double> parse_number(std::string_view text);
Result<std::uint64_t> parse_count(std::string_view text);
Result<bool> parse_bool(std::string_view text);
/// A quantity of one dimension, in base units. Zero needs no unit. A plain number below 1 is a
/// share too; for kNumber a unit is refused.
Result<double> parse_value(std::string_view text, Dimension dimension);
/// "10KB/s", in bytes per second.
Result<double> parse_bandwidth(std::string_view text);
/// From 0 to 100 %.
Result<double> parse_share(std::string_view text);
/// What shares may miss of 100 % by rounding.
inline constexpr double kShareSlack = 1e-6;

/// "8% ± 1%", "8% +- 1%", "8% ± 10% of it", "5%..7%", "< 2s", "at most 2s", "0". Without
/// `dimension` the claim's own units decide.
Result<ValueClaim> parse_claim(std::string_view text, std::optional<Dimension> dimension);

/// "p95" is 0.95; nothing for anything but p and a number between 0 and 100.
std::optional<double> parse_percentile(std::string_view text);

struct RateRange {
  double from_hz = 0;
  double to_hz = 0;
};
/// "50/s" or "10/s..50/s".
Result<RateRange> parse_rate_range(std::string_view text);

/// The two sides of "..", trimmed; nothing when there is none.
struct TextPair {
  std::string_view first;
  std::string_view second;
};
std::optional<TextPair> split_range(std::string_view text);
std::string_view trim(std::string_view text);

/// "a percentage like 8%".
std::string_view example_of(Dimension dimension);

// Values of a checked node: what check_shape() passed, else the fallback. Null nodes give it too.
std::string text_of(const yaml::Node* node, std::string fallback = {});
bool bool_of(const yaml::Node* node, bool fallback);
Duration length_of(const yaml::Node* node, Duration fallback);
double share_of(const yaml::Node* node, double fallback);
double value_of(const yaml::Node* node, Dimension dimension, double fallback);
std::uint64_t count_of(const yaml::Node* node, std::uint64_t fallback);

}  // namespace tocsin::scenario
