#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/evidence.h"
#include "harness/model/labels.h"

/// The life of alerts between evaluations, without clock, queries or templates:
///
///     (none) ──result──→ pending ──held for `for`──→ firing ──no result──→ resolved
///                           │                        ↑    │
///                      no result                     └────┘ no result, within keep_firing_for
///                           ↓
///                         gone
///
/// As Prometheus' AlertingRule.Eval has it: with `for: 0` an alert fires in the evaluation that
/// finds it; a result that comes back within keep_firing_for takes up the same alert.

namespace tocsin::rules {

struct Alert {
  Labels labels;  ///< identity: of the rule and of the result, with alertname
  Labels series;  ///< of the result that was seen last
  AlertState state = AlertState::kPending;
  Timestamp pending_at = {};
  std::optional<Timestamp> firing_at;
  std::optional<Timestamp> missing_since;  ///< while keep_firing_for keeps it firing
  Timestamp seen_at = {};                  ///< the last evaluation with a result
  double value_at_start = 0;
  double value_at_firing = 0;
  double value = 0;              ///< at seen_at
  NativeHistogramPtr histogram;  ///< the same, when it is one
  std::uint64_t id = 0;          ///< of this life of the alert, unique within the rule
};

/// All alerts of one rule.
class AlertStates {
 public:
  struct Result {
    Labels labels;  ///< the alert's
    Labels series;  ///< the result's
    double value = 0;
    NativeHistogramPtr histogram = nullptr;  ///< the value, when it is one
  };

  AlertStates(Duration hold, Duration keep_firing_for)
      : hold_(hold), keep_firing_for_(keep_firing_for) {}

  /// One evaluation, later than the last one. Alerts that end in it are appended to `ended`.
  /// Returns false, having changed nothing, when two results have the same labels.
  [[nodiscard]] bool evaluate(Timestamp at, std::span<const Result> results,
                              std::vector<Alert>& ended);

  /// Pending and firing.
  const std::vector<Alert>& active() const { return active_; }
  /// Forgets all of them; they are appended to `ended`.
  void clear(std::vector<Alert>& ended);

 private:
  bool has_duplicates(std::span<const Result> results);
  Alert& take_up(Timestamp at, const Result& result);
  bool lives_on(Timestamp at, Alert& alert) const;
  void remove(std::size_t i);

  Duration hold_;
  Duration keep_firing_for_;
  std::vector<Alert> active_;
  std::unordered_map<Labels, std::size_t> index_;  ///< into active_
  std::uint64_t next_id_ = 0;
};

}  // namespace tocsin::rules
