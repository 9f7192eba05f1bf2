#pragma once

#include <string>
#include <utility>
#include <vector>

#include "assertions/judgement.h"
#include "harness/model/evidence.h"
#include "harness/scenario/scenario.h"

namespace tocsin::assertions {

/// What every kind of assertion works with: the evidence in the scenario's own time, and the list
/// that takes the judgements.
class Trial {
 public:
  Trial(const scenario::Scenario& scenario, const Evidence& evidence);

  const scenario::Scenario& scenario() const { return scenario_; }
  const Evidence& evidence() const { return evidence_; }

  Duration offset(Timestamp t) const { return evidence_.offset_of(t); }
  /// Whether a moment lies in a window, with the grace of live runs.
  bool within(Timestamp t, const scenario::TimeWindow& window) const;
  /// The window on the evidence's own clock, for claims about all of it: less the grace of live
  /// runs at both ends, as far as that leaves anything.
  TimeRange range(const scenario::TimeWindow& window) const;
  Duration grace() const { return grace_; }
  /// The evidence ends before this point of the scenario.
  bool ended_before(Duration offset) const;

  /// "13m15s (8m15s after fault)".
  std::string moment(Timestamp t) const;
  /// "13m15s".
  std::string clock(Timestamp t) const;

  void add(Judgement judgement) { verdict_.judgements.push_back(std::move(judgement)); }
  /// A passing judgement on `subject`, to be changed and added.
  static Judgement begin(std::string kind, std::string subject, std::string claim,
                         const SourcePos& pos);
  Verdict finish() &&;

 private:
  const scenario::Scenario& scenario_;
  const Evidence& evidence_;
  Duration grace_{0};
  Verdict verdict_;
};

/// What real clocks may be off: one evaluation interval in live runs, else nothing.
Duration grace_of(const RunInfo& run);

/// One function a kind of expectation, each in the file of its name.
void judge_alerts(Trial& trial);
void judge_notifications(Trial& trial);
void judge_metrics(Trial& trial);
void judge_health(Trial& trial);
void judge_load(Trial& trial);
void judge_scrapes(Trial& trial);
void judge_dashboards(Trial& trial);

/// "expected < 5%, seen 8%": a number as the claim's dimension prints it.
std::string format_as(const scenario::ValueClaim& claim, double value);

}  // namespace tocsin::assertions
