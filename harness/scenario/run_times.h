#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/scenario/scenario.h"

namespace tocsin::scenario {

/// The named events of a run, and times written relative to them.
///
/// A point is "14m" (since the run's start), "5m after EVENT", "6m before EVENT" or "EVENT". An
/// event is "start", "traffic end", or the name of a fault or phase, alone or with "start" for its
/// start, or with "end": "fault", "fault end", "db-outage end". A repeated fault begins with its
/// first occurrence and ends with its last; one of them is "second fault end", "3rd db-outage",
/// "last fault". When a scenario has one fault, "fault" means it, whatever its name.
///
/// A window is "5m..7m after fault", "2m after fault..fault end", "from 5m to fault end", "within
/// 6m of fault end" (from the event on), "during fault", "at 12m ± 30s" ("+-" in ASCII; cut off at
/// the run's start), or a point.
class RunTimes {
 public:
  struct Span {
    Duration start{0};
    Duration end{0};
  };
  enum class Kind { kTraffic, kPhase, kFault };

  /// `occurrences` in time order, not empty. False when the name is taken.
  bool add(Kind kind, std::string name, std::vector<Span> occurrences);

  /// Errors carry no position.
  Result<TimePoint> point(std::string_view text) const;
  Result<TimeWindow> window(std::string_view text) const;

 private:
  struct Named {
    Kind kind;
    std::string name;
    std::vector<Span> occurrences;
  };

  const Named* find(std::string_view name) const;
  Result<Duration> event(std::string_view text) const;
  Result<Duration> offset(std::string_view text) const;
  Result<TimeWindow> range(std::string_view first, std::string_view second) const;
  Result<TimeWindow> around(std::string_view middle, std::string_view tolerance) const;
  Result<TimeWindow> within(std::string_view text) const;
  Result<TimeWindow> during(std::string_view name) const;
  Error unknown_event(std::string_view text) const;

  std::vector<Named> events_;
};

/// Whether a fault or phase may have this name: it must not read as a time.
std::optional<Error> check_event_name(std::string_view name);

}  // namespace tocsin::scenario
