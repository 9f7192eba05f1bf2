#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/alerting/time_zone.h"
#include "harness/base/time.h"
#include "harness/yaml/node.h"

/// Alertmanager's time intervals: when a route is muted or active.

namespace tocsin::alerting {

/// From begin to end; of days, both included. Times of day are minutes and exclude the end.
struct IntervalRange {
  int begin = 0;
  int end = 0;
};

/// Holds when every given field does; a field holds when one of its ranges does.
struct TimeInterval {
  std::optional<std::vector<IntervalRange>> times;
  std::optional<std::vector<IntervalRange>> weekdays;       ///< Sunday is 0
  std::optional<std::vector<IntervalRange>> days_of_month;  ///< -1 is the last one
  std::optional<std::vector<IntervalRange>> months;
  std::optional<std::vector<IntervalRange>> years;
  TimeZone location;

  bool contains(Timestamp at) const;
};

/// Reads an item of `time_intervals`; every problem goes to `diagnostics`.
TimeInterval read_time_interval(const yaml::Node& node, Diagnostics& diagnostics);

}  // namespace tocsin::alerting
