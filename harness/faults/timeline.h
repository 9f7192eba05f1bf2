#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/faults/fault.h"
#include "harness/model/evidence.h"

/// The faults of a scenario laid out in time: pure functions of the offset since the run's start.

namespace tocsin::faults {

class FaultTimeline {
 public:
  FaultTimeline() = default;
  explicit FaultTimeline(std::vector<Fault> faults);

  const std::vector<Fault>& faults() const { return faults_; }

  /// The value of a signal whose undisturbed value is `base`: changes of active faults apply in the
  /// order in which their faults are written: set, then factors and offsets as they come. A change
  /// that names an endpoint counts only for that endpoint.
  double signal(std::string_view target, std::string_view name, std::string_view endpoint,
                double base, Duration offset) const;
  /// Whether any active fault moves the signal at that time.
  bool moves(std::string_view target, std::string_view name, std::string_view endpoint,
             Duration offset) const;

  /// The target fault in force: down wins over hang, hang over slow, slow over malformed. kRestart
  /// is never in force, see restarts().
  std::optional<TargetFault> target_fault(std::string_view target, Duration offset) const;
  /// Offsets at which the target's process starts anew: kRestart's start, and kDown's end.
  std::vector<Duration> restarts(std::string_view target) const;
  std::vector<NetworkFault> network_faults(Duration offset) const;
  /// The moments after `after`, up to `until`, at which connections are cut, in time order.
  struct Cut {
    Duration at{0};
    double share = 1;  ///< of the connections that stand then
  };
  std::vector<Cut> cuts(Duration after, Duration until) const;
  /// The trouble that a receiver has; of several the one that is written last.
  std::optional<ReceiverFault> receiver_fault(std::string_view receiver, Duration offset) const;

  /// Where anything begins or ends, ascending, without duplicates: between two neighbours every
  /// signal is constant or a straight line.
  std::vector<Duration> change_points() const;
  /// Start and end of every occurrence, in time order, with offsets on top of `start`; `time_scale`
  /// divides the offsets.
  std::vector<Event> events(Timestamp start, double time_scale) const;

 private:
  std::vector<Fault> faults_;
};

}  // namespace tocsin::faults
