#pragma once

#include <optional>

#include "harness/prove/rig.h"

namespace tocsin::prove {

/// The scenarios of one cause of an alert: what the document says of it, as faults and
/// expectations. They lack what the scenario file gives: its name before theirs, seed, start.
class AlertCases {
 public:
  AlertCases(const Subject& subject, const contract::Alert& alert, const contract::Cause& cause,
             double traffic_hz);

  /// False when the rule looks further back than any scenario could last.
  bool possible() const { return rig_.is_bounded(); }

  /// The cause comes, stays long enough, and goes.
  scenario::Scenario fires() const;
  /// The same just on the other side of the threshold, or with nothing broken.
  scenario::Scenario silent() const;
  /// The cause goes before the condition has lasted for `for`, two evaluations short of it: how
  /// long that may take is measured. Nothing for alerts without `for`, and where no cause is short
  /// enough.
  std::optional<scenario::Scenario> too_short() const;

 private:
  scenario::Scenario start_of(const std::string& what, const Push& push,
                              const Course& course) const;
  /// The longest cause whose condition lasts at most `limit`, and for some time.
  std::optional<Duration> longest(const Push& push, Duration limit) const;
  scenario::TimeWindow firing_window(const Push& push, const Course& course, Duration slack) const;
  Duration round_up(Duration length) const;
  Course course(Duration length) const;
  Course whole_course(const Push& push) const;

  const Subject& subject_;
  const contract::Alert& alert_;
  const contract::Cause& cause_;
  double traffic_hz_;
  Rig rig_;
  Duration window_{0};  ///< as far as rule or contract look back
};

}  // namespace tocsin::prove
