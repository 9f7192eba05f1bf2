#include "harness/ruletest/coverage_sides.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <unordered_map>

#include "harness/rules/template.h"
#include "harness/ruletest/seen.h"

namespace tocsin::ruletest {
namespace {

using promql::Column;
using rules::Rule;

/// Evaluated in one go: bounds the memory of results.
constexpr std::size_t kCoverageStretch = 4096;

enum class LifeState : std::uint8_t { kNone, kPending, kFiring };

/// One series of a result over a stretch of steps, and what an alert makes of it.
struct LifeColumn {
  std::vector<LifeState> states;
  std::optional<Column> samples;  ///< none: the series was there before
};
using LifeColumns = std::unordered_map<Labels, LifeColumn>;

/// Two metrics, at different steps, can make one series of the rule.
void add_samples(Column& to, const Column& from) {
  if (!from.histograms.empty()) to.histograms.resize(to.values.size());
  for (std::size_t i = 0; i < to.values.size(); ++i) {
    if (!from.present[i]) continue;
    to.present.set(i);
    to.values[i] = from.values[i];
    if (!to.histograms.empty()) {
      to.histograms[i] = from.histograms.empty() ? nullptr : from.histograms[i];
    }
  }
}

/// An alert without texts, as rules/alert_state.h has it; a recording rule is one that has no
/// `for`: it fires where there is a value.
class AlertLives {
 public:
  AlertLives(Duration hold, Duration keep_firing_for)
      : hold_(hold), keep_firing_for_(keep_firing_for) {}

  /// The stretch after the one before.
  LifeColumns walk(promql::QueryResult result) {
    LifeColumns columns;
    for (Column& column : result.columns) {
      std::optional<Column>& samples = columns[column.labels.without_metric_name()].samples;
      if (samples) {
        add_samples(*samples, column);
      } else {
        samples = std::move(column);
      }
    }
    for (const auto& [labels, life] : lives_) columns.try_emplace(labels);
    const promql::Timeline& steps = result.timeline;
    for (auto& [labels, column] : columns) {
      column.states.resize(steps.steps());
      Life life;
      if (const auto it = lives_.find(labels); it != lives_.end()) life = it->second;
      for (std::size_t i = 0; i < column.states.size(); ++i) {
        step(life, steps.at(i), column.samples && column.samples->present[i]);
        column.states[i] = life.state;
      }
      if (life.state == LifeState::kNone) {
        lives_.erase(labels);
      } else {
        lives_[labels] = life;
      }
    }
    return columns;
  }

 private:
  struct Life {
    LifeState state = LifeState::kNone;
    Timestamp since = {};
    std::optional<Timestamp> missing_since;
  };

  void step(Life& life, Timestamp at, bool present) const {
    if (present) {
      if (life.state == LifeState::kNone) life = {LifeState::kPending, at, {}};
      if (at - life.since >= hold_) life.state = LifeState::kFiring;
      life.missing_since.reset();
      return;
    }
    if (life.state == LifeState::kFiring && keep_firing_for_ > Duration(0)) {
      if (!life.missing_since) life.missing_since = at;
      if (at - *life.missing_since < keep_firing_for_) return;
    }
    life = {};
  }

  Duration hold_;
  Duration keep_firing_for_;
  std::unordered_map<Labels, Life> lives_;
};

/// Values of an alert are seen in its texts only.
bool value_is_seen(const Rule& rule) {
  if (rule.kind == Rule::Kind::kRecording || shows_value(rule)) return true;
  return std::any_of(rule.labels.begin(), rule.labels.end(), [](const auto& label) {
    const auto parsed = rules::Template::parse(label.second.text);
    return !parsed.has_error() && parsed->use() == rules::TemplateUse::kValue;
  });
}

bool same_sample(const LifeColumn& a, const LifeColumn& b, std::size_t step) {
  const bool there = a.samples && a.samples->present[step];
  if (there != (b.samples && b.samples->present[step])) return false;
  if (!there) return true;
  const auto histogram = [step](const LifeColumn& column) {
    const auto& histograms = column.samples->histograms;
    return histograms.empty() ? nullptr : histograms[step].get();
  };
  const NativeHistogram* one = histogram(a);
  const NativeHistogram* other = histogram(b);
  if (one != nullptr || other != nullptr) {
    return one == other || (one != nullptr && other != nullptr && *one == *other);
  }
  return std::bit_cast<std::uint64_t>(a.samples->values[step]) ==
         std::bit_cast<std::uint64_t>(b.samples->values[step]);
}

/// What cases see of a rule at the steps of a stretch.
class Viewer {
 public:
  Viewer(const rules::PlannedRule& rule, const Looks& looks)
      : group_(*rule.group),
        rule_(*rule.rule),
        looks_(looks),
        pending_too_(looks.as_series),
        values_(value_is_seen(rule_)) {}

  bool sees_difference(const LifeColumns& a, const LifeColumns& b, std::size_t first,
                       std::size_t count) const {
    const LifeColumn nothing{std::vector<LifeState>(count), {}};
    const auto differs = [&](const LifeColumns& some, const LifeColumns& others) {
      return std::any_of(some.begin(), some.end(), [&](const auto& one) {
        if (!is_read(one.first)) return false;
        const auto other = others.find(one.first);
        return column_differs(one.second, other == others.end() ? nothing : other->second, first);
      });
    };
    return differs(a, b) || differs(b, a);
  }

 private:
  /// Whether anybody reads the series that the rule makes of a result.
  bool is_read(const Labels& result) const {
    if (rule_.kind == Rule::Kind::kAlerting) return true;
    Labels labels = result.with(kMetricName, rule_.name);
    for (const auto& [name, value] : group_.labels) labels = labels.with(name, value);
    for (const auto& [name, value] : rule_.labels) labels = labels.with(name, value.text);
    return std::any_of(looks_.readers.begin(), looks_.readers.end(), [&](const auto& reader) {
      return std::all_of(
          reader->matchers.begin(), reader->matchers.end(),
          [&](const Matcher& matcher) { return matcher.matches(labels.get(matcher.name())); });
    });
  }

  bool column_differs(const LifeColumn& a, const LifeColumn& b, std::size_t first) const {
    for (const StepRange& range : looks_.steps) {
      const std::size_t end = std::min(range.last + 1, first + a.states.size());
      for (std::size_t step = std::max(range.first, first); step < end; ++step) {
        if (step_differs(a, b, step - first)) return true;
      }
    }
    return false;
  }

  bool step_differs(const LifeColumn& a, const LifeColumn& b, std::size_t step) const {
    const auto visible = [&](const LifeColumn& column) {
      const LifeState state = column.states[step];
      return state == LifeState::kPending && !pending_too_ ? LifeState::kNone : state;
    };
    if (visible(a) != visible(b)) return true;
    return values_ && visible(a) == LifeState::kFiring && !same_sample(a, b, step);
  }

  const rules::RuleGroup& group_;
  const Rule& rule_;
  const Looks& looks_;
  bool pending_too_;
  bool values_;
};

/// The rule and the others, stretch by stretch.
class Comparer {
 public:
  Comparer(const GroupEvidence& evidence, const rules::PlannedRule& rule, const Looks& looks,
           std::vector<WhatIf>& others)
      : evidence_(evidence),
        group_(*rule.group),
        rule_(*rule.rule),
        looks_(looks),
        others_(others),
        viewer_(rule, looks),
        lives_(rule_.hold, rule_.keep_firing_for) {
    for (const WhatIf& other : others) other_lives_.emplace_back(rule_.hold, other.keep_firing_for);
  }

  void run() {
    const bool memory = rule_.hold > Duration(0) || rule_.keep_firing_for > Duration(0);
    const std::size_t begin = memory ? 0 : looks_.steps.front().first;
    const std::size_t end = looks_.steps.back().last + 1;
    for (std::size_t first = begin; first < end && undecided(); first += kCoverageStretch) {
      const std::size_t count = std::min(kCoverageStretch, end - first);
      if (!memory && !looks_.overlaps({first, first + count - 1})) continue;
      if (!stretch(first, count)) return;
    }
  }

 private:
  bool undecided() const {
    return std::any_of(others_.begin(), others_.end(), [](const WhatIf& one) { return !one.seen; });
  }

  Result<promql::QueryResult> evaluate(const promql::Expression& expression, std::size_t first,
                                       std::size_t count) const {
    const promql::Timeline& steps = evidence_.steps;
    const promql::Timeline stretch{steps.at(first) - group_.query_offset,
                                   steps.at(first + count - 1) - group_.query_offset, steps.step};
    return promql::evaluate(expression, evidence_.samples, stretch, evidence_.query);
  }

  bool stretch(std::size_t first, std::size_t count) {
    auto result = evaluate(rule_.expression, first, count);
    if (result.has_error()) return false;
    const LifeColumns columns = lives_.walk(*result);
    for (std::size_t i = 0; i < others_.size(); ++i) {
      WhatIf& other = others_[i];
      if (other.seen) continue;
      const bool same_expression = other.expression == &rule_.expression;
      auto other_result = same_expression ? result : evaluate(*other.expression, first, count);
      if (other_result.has_error()) {
        // A rule that cannot be evaluated fails the test; a query that is too big says nothing.
        if (other_result.error().kind == ErrorKind::kLimit) return false;
        other.seen = looks_.overlaps({first, first + count - 1});
        continue;
      }
      const LifeColumns others = other_lives_[i].walk(std::move(*other_result));
      other.seen = viewer_.sees_difference(columns, others, first, count);
    }
    return true;
  }

  const GroupEvidence& evidence_;
  const rules::RuleGroup& group_;
  const Rule& rule_;
  const Looks& looks_;
  std::vector<WhatIf>& others_;
  Viewer viewer_;
  AlertLives lives_;
  std::vector<AlertLives> other_lives_;
};

}  // namespace

void look_at_differences(const GroupEvidence& evidence, const rules::PlannedRule& rule,
                         const Looks& looks, std::vector<WhatIf>& others) {
  if (others.empty() || looks.steps.empty()) return;
  Comparer(evidence, rule, looks, others).run();
}

}  // namespace tocsin::ruletest
