#include "harness/ruletest/coverage_observer.h"

#include <algorithm>

#include "harness/ruletest/coverage_sides.h"

namespace tocsin::ruletest {
namespace {

using rules::Rule;

/// The alerts of one rule during a test.
class Episodes {
 public:
  Episodes(const GroupEvidence& evidence, const Rule& rule) {
    for (std::size_t i = 0; i < evidence.outcome.episodes.size(); ++i) {
      if (evidence.outcome.alerting[i] == &rule) all_.push_back(&evidence.outcome.episodes[i]);
    }
  }

  static bool firing(const AlertEpisode& episode, Timestamp at) {
    return episode.firing_at && *episode.firing_at <= at && !over(episode, at);
  }
  static bool pending(const AlertEpisode& episode, Timestamp at) {
    const bool fires = episode.firing_at && *episode.firing_at <= at;
    return episode.pending_at <= at && !fires && !over(episode, at);
  }
  template <class Is>
  bool any(Is is, Timestamp at) const {
    return std::any_of(all_.begin(), all_.end(),
                       [&](const AlertEpisode* one) { return is(*one, at); });
  }

  /// Whether an alert that is expected, as far as it is said, fires then.
  bool fires(const std::map<std::string, std::string>& labels, Timestamp at) const {
    return std::any_of(all_.begin(), all_.end(), [&](const AlertEpisode* one) {
      return firing(*one, at) && std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
               return one->labels.get(label.first) == label.second;
             });
    });
  }

 private:
  static bool over(const AlertEpisode& episode, Timestamp at) {
    return episode.resolved_at && *episode.resolved_at <= at;
  }

  std::vector<const AlertEpisode*> all_;
};

/// What one test sees of one rule: sets `covered` of its points.
class RuleObserver {
 public:
  RuleObserver(const GroupEvidence& evidence, const rules::PlannedRule& rule, const Looks& looks,
               const std::vector<RulePoint>& points, std::vector<char>& covered)
      : evidence_(evidence),
        planned_(rule),
        rule_(*rule.rule),
        looks_(looks),
        points_(points),
        covered_(covered),
        episodes_(evidence, rule_) {}

  void observe() {
    if (rule_.kind == Rule::Kind::kAlerting) {
      note_states();
      note_labels();
    }
    note_differences();
  }

 private:
  bool open(std::size_t i, PointKind kind) const {
    return points_[i].point.kind == kind && covered_[i] == 0;
  }
  void see(PointKind kind, bool now, bool& seen) {
    if (!now || seen) return;
    seen = true;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (points_[i].point.kind == kind) covered_[i] = 1;
    }
  }

  void note_states() {
    bool fires = false;
    bool silent = false;
    bool pending = false;
    for (const StepRange& range : looks_.steps) {
      for (std::size_t step = range.first; step <= range.last; ++step) {
        const Timestamp at = evidence_.steps.at(step);
        const bool firing = episodes_.any(Episodes::firing, at);
        see(PointKind::kFires, firing, fires);
        see(PointKind::kSilent, !firing, silent);
        see(PointKind::kHold, !pending && episodes_.any(Episodes::pending, at), pending);
        if (fires && silent && pending) return;
      }
    }
  }

  void note_labels() {
    const TestGroup& test = evidence_.test;
    for (std::size_t i = 0; i < test.alerts.size(); ++i) {
      const AlertCase& one = test.alerts[i];
      if (!passed(i) || one.alert != rule_.name) continue;
      const std::size_t step = static_cast<std::size_t>(one.eval_time / evidence_.steps.step);
      for (const ExpectedAlert& expected : one.expected) {
        if (episodes_.fires(expected.labels, evidence_.steps.at(step))) assert_labels(expected);
      }
    }
    if (!looks_.as_series) return;
    // ALERTS{…} as a sample that is expected.
    for (std::size_t i = 0; i < test.expressions.size(); ++i) {
      if (!passed(test.alerts.size() + i)) continue;
      for (const ExpectedSample& sample : test.expressions[i].expected) note_sample(sample);
    }
  }

  void note_sample(const ExpectedSample& sample) {
    if (sample.labels.metric_name() != "ALERTS" || sample.labels.get("alertname") != rule_.name) {
      return;
    }
    ExpectedAlert expected;
    for (const LabelView label : sample.labels) {
      if (label.name == kMetricName || label.name == "alertstate") continue;
      expected.labels.emplace(label.name, label.value);
    }
    for (const StepRange& range : looks_.steps) {
      for (std::size_t step = range.first; step <= range.last; ++step) {
        if (!episodes_.fires(expected.labels, evidence_.steps.at(step))) continue;
        return assert_labels(expected);
      }
    }
  }

  void assert_labels(const ExpectedAlert& expected) {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (!open(i, PointKind::kLabel)) continue;
      if (expected.labels.count(points_[i].point.what) > 0) covered_[i] = 1;
    }
  }

  bool passed(std::size_t i) const {
    return evidence_.result.cases.at(i).outcome == CaseResult::Outcome::kPassed;
  }

  void note_differences() {
    std::vector<WhatIf> others;
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (open(i, PointKind::kSide)) {
        others.push_back({&points_[i].without, rule_.keep_firing_for, false});
      } else if (open(i, PointKind::kKeepFiring)) {
        others.push_back({&rule_.expression, Duration(0), false});
      } else if (open(i, PointKind::kRecorded)) {
        others.push_back({&nothing(), Duration(0), false});
      } else {
        continue;
      }
      asked.push_back(i);
    }
    look_at_differences(evidence_, planned_, looks_, others);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (others[i].seen) covered_[asked[i]] = 1;
    }
  }

  static const promql::Expression& nothing() {
    static const promql::Expression empty = promql::parse_expression("vector(0) > 1").value();
    return empty;
  }

  const GroupEvidence& evidence_;
  const rules::PlannedRule& planned_;
  const Rule& rule_;
  const Looks& looks_;
  const std::vector<RulePoint>& points_;
  std::vector<char>& covered_;
  Episodes episodes_;
};

}  // namespace

void observe_rule(const GroupEvidence& evidence, const rules::PlannedRule& rule, const Looks& looks,
                  const std::vector<RulePoint>& points, std::vector<char>& covered) {
  RuleObserver(evidence, rule, looks, points, covered).observe();
}

}  // namespace tocsin::ruletest
