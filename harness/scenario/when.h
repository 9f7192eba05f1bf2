#pragma once

#include <cstdint>
#include <optional>

#include "harness/scenario/read.h"

/// Times and claims of expectations, read in one way everywhere.

namespace tocsin::scenario {

/// The end of windows that reach to the run's end, which is known only when all is read.
inline constexpr Duration kRunEnd = Duration::max();

struct When {
  MetricExpectation::Hold hold = MetricExpectation::Hold::kAlways;
  TimePoint at;       ///< with kAt; `window` is that moment then
  TimeWindow window;  ///< its end may be kRunEnd
};

/// From and to; either may be null.
std::optional<TimeWindow> read_from_to(const yaml::Node* from, const yaml::Node* to,
                                       const ExpectationContext& context);
/// The keys at, from and to, always, eventually: nothing when there is none of them.
std::optional<When> read_when(const yaml::Node& node, const ExpectationContext& context);
TimeWindow whole_run();

// Nothing after a problem. A window is a text, or a map with from and to.
std::optional<TimePoint> read_point(const yaml::Node& node, const ExpectationContext& context);
std::optional<TimeWindow> read_window(const yaml::Node& node, const ExpectationContext& context);
std::optional<ValueClaim> read_claim(const yaml::Node& node, std::optional<Dimension> dimension,
                                     const ExpectationContext& context);
std::optional<std::uint32_t> read_small_count(const yaml::Node& node,
                                              const ExpectationContext& context);

/// The end of the last window or moment.
Duration last_time(const Expectations& expectations);
/// Puts the run's length in place of kRunEnd.
void close_windows(Expectations& expectations, Duration length);

}  // namespace tocsin::scenario
