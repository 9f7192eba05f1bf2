#include "harness/ruletest/coverage_observer.h"

#include <algorithm>
#include <deque>

#include "harness/ruletest/coverage_sides.h"

namespace tocsin::ruletest {
namespace {

using rules::Rule;

/// The alerts of one rule during a test.
class RuleEpisodes {
 public:
  RuleEpisodes(const GroupEvidence& evidence, const Rule& rule) : timeline_(evidence.steps) {
    for (std::size_t i = 0; i < evidence.outcome.episodes.size(); ++i) {
      if (evidence.outcome.alerting[i] == &rule) add(evidence.outcome.episodes[i]);
    }
    std::sort(firing_.begin(), firing_.end(),
              [](const Firing& a, const Firing& b) { return a.steps.first < b.steps.first; });
  }

  /// Whether an alert that is expected, as far as it is said, fires at a step of these.
  bool fire(const std::map<std::string, std::string>& labels, const Looks& looks) const {
    return std::any_of(firing_.begin(), firing_.end(), [&](const Firing& one) {
      return looks.overlaps(one.steps) &&
             std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
               return one.episode->labels.get(label.first) == label.second;
             });
    });
  }
  bool fire(const Looks& looks) const { return fire({}, looks); }
  bool pending(const Looks& looks) const {
    return std::any_of(pending_.begin(), pending_.end(),
                       [&](const StepRange& steps) { return looks.overlaps(steps); });
  }
  bool silent(const Looks& looks) const {
    return std::any_of(looks.steps.begin(), looks.steps.end(),
                       [&](const StepRange& range) { return silent_within(range); });
  }

 private:
  struct Firing {
    StepRange steps;
    const AlertEpisode* episode = nullptr;
  };

  void add(const AlertEpisode& episode) {
    const std::size_t end = episode.resolved_at ? step_at(*episode.resolved_at) : timeline_.steps();
    const std::size_t fires = episode.firing_at ? step_at(*episode.firing_at) : end;
    const std::size_t begin = step_at(episode.pending_at);
    if (begin < fires) pending_.push_back({begin, fires - 1});
    if (fires < end) firing_.push_back({{fires, end - 1}, &episode});
  }

  std::size_t step_at(Timestamp at) const {
    return static_cast<std::size_t>((at - timeline_.start) / timeline_.step);
  }

  bool silent_within(const StepRange& range) const {
    std::size_t next = range.first;  // firing up to here
    for (const Firing& one : firing_) {
      if (one.steps.first > next) break;
      next = std::max(next, one.steps.last + 1);
    }
    return next <= range.last;
  }

  const promql::Timeline& timeline_;
  std::vector<StepRange> pending_;
  std::vector<Firing> firing_;  ///< by their first steps
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
  void cover(PointKind kind) {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (points_[i].point.kind == kind) covered_[i] = 1;
    }
  }

  void note_states() {
    if (episodes_.fire(looks_)) cover(PointKind::kFires);
    if (episodes_.silent(looks_)) cover(PointKind::kSilent);
    if (episodes_.pending(looks_)) cover(PointKind::kHold);
  }

  void note_labels() {
    const TestGroup& test = evidence_.test;
    for (std::size_t i = 0; i < test.alerts.size(); ++i) {
      const AlertCase& one = test.alerts[i];
      if (!passed(i) || one.alert != rule_.name) continue;
      const auto step = static_cast<std::size_t>(one.eval_time / evidence_.steps.step);
      Looks look;
      look.steps.push_back({step, step});
      for (const ExpectedAlert& expected : one.expected) {
        if (episodes_.fire(expected.labels, look)) assert_labels(expected);
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
    if (episodes_.fire(expected.labels, looks_)) assert_labels(expected);
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
    std::deque<promql::Expression> sides;  // where they stay
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (open(i, PointKind::kSide)) {
        sides.push_back(
            promql::parse_expression(points_[i].without, rule_.expression.language).value());
        others.push_back({&sides.back(), rule_.keep_firing_for, false});
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
  RuleEpisodes episodes_;
};

}  // namespace

void observe_rule(const GroupEvidence& evidence, const rules::PlannedRule& rule, const Looks& looks,
                  const std::vector<RulePoint>& points, std::vector<char>& covered) {
  RuleObserver(evidence, rule, looks, points, covered).observe();
}

}  // namespace tocsin::ruletest
