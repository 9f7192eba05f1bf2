#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/subject.h"

/// Counters, gauges, and the functions that are for one of them.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::NodeKind;

enum CounterCheck { kRateOfGauge, kCounterWithoutRate, kGaugeFunction, kRateOfSum };

constexpr Check kCounters[] = {
    {"rule/rate-of-gauge", Severity::kWarning, "rate() or increase() of a gauge",
     "They take every decrease for a counter that began again at zero, so a gauge gives nonsense.",
     "Use delta() or deriv(), or the value itself."},
    {"rule/counter-without-rate", Severity::kWarning, "A counter is used as it is",
     "It only grows until its process restarts: it passes any threshold sometime and stays there, "
     "and a ratio of two counters is an average since the start.",
     "Put rate() or increase() around it."},
    {"rule/gauge-function", Severity::kWarning, "delta(), deriv() or predict_linear() of a counter",
     "They know nothing of counters that begin again at zero.", "Use increase() or rate()."},
    {"rule/rate-of-sum", Severity::kWarning, "rate() of a sum of counters",
     "When one of the counters begins again at zero, the sum falls, which rate() takes for a "
     "restart of all of them.",
     "Take the rate first, then the sum."},
};

bool one_of_these(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool takes_rate(std::string_view function) {
  return one_of_these(function, {"rate", "irate", "increase"});
}

/// Units that no counter has.
bool unit_of_gauges(Unit unit) {
  return unit == Unit::kPercent || unit == Unit::kRatio || unit == Unit::kBool ||
         unit == Unit::kTimestamp;
}

class CounterLook {
 public:
  CounterLook(const Subject& subject, const RuleUse& use, FactFinder& facts, Findings& findings)
      : subject_(subject), use_(use), facts_(facts), findings_(findings) {}

  void look() {
    const promql::Node& root = *use_.rule->expression.root;
    for_all(root, [&](const promql::Node& node) {
      if (const auto* call = as_call(node)) look_at_call(*call);
      const auto* binary = as_binary(node);
      if (binary != nullptr && binary->op == BinaryOp::kDiv) look_at_ratio(*binary);
    });
    for (const Condition& condition : conditions_in(root)) look_at_condition(condition);
    if (!use_.alerts()) look_at_recorded(root);
  }

 private:
  void add(CounterCheck check, Severity severity, promql::TextRange range, std::string message,
           std::string way_out = {}) {
    findings_.add(kCounters[check], severity,
                  about(use_, range, std::move(message), std::move(way_out)));
  }

  void look_at_call(const promql::Call& call) {
    const std::string_view name = call.function->name;
    const bool rate = takes_rate(name);
    if (!rate && !one_of_these(name, {"delta", "idelta", "deriv", "predict_linear"})) return;
    const promql::Node& window = bare(*call.arguments.front());
    if (rate && window.kind == NodeKind::kSubquery) {
      const promql::Node& inner = bare(*static_cast<const promql::Subquery&>(window).inner);
      const auto* aggregate = as_aggregate(inner);
      const bool raw = aggregate != nullptr && raw_counter(*aggregate) != nullptr;
      if (raw) add(kRateOfSum, Severity::kWarning, call.range, "the sum comes before the rate");
      return;
    }
    const auto* matrix = as<promql::MatrixSelector>(window, NodeKind::kMatrixSelector);
    if (matrix == nullptr) return;
    const std::string metric = metric_name(*matrix->vector);
    if (recorded_sum(metric) && rate) {
      add(kRateOfSum, Severity::kWarning, call.range,
          fmt::format("{} is a sum of counters", metric));
      return;
    }
    const Facts facts = facts_.of(*matrix->vector);
    if (rate && facts.type == MetricType::kGauge) {
      add(kRateOfGauge, Severity::kWarning, call.range, fmt::format("{} is a gauge", metric));
    } else if (rate && facts.type == MetricType::kUnknown && facts.direct &&
               unit_of_gauges(facts.unit)) {
      add(kRateOfGauge, Severity::kWarning, call.range,
          fmt::format("by its name, {} is a gauge: {}", metric, describe(facts.unit)),
          facts.unit == Unit::kBool ? "use changes(), or the value itself" : "");
    } else if (!rate && facts.type == MetricType::kCounter && facts.type_is_certain) {
      add(kGaugeFunction, Severity::kWarning, call.range, fmt::format("{} is a counter", metric));
    }
  }

  /// A recording rule that sums counters as they are.
  bool recorded_sum(const std::string& metric) {
    const auto recorders = subject_.recorders(metric);
    if (recorders.size() != 1) return false;
    const promql::Node& root = bare(*recorders.front()->rule->expression.root);
    return root.kind == NodeKind::kAggregate && raw_counter(root) != nullptr;
  }

  /// The counter whose value as such a result is, or a sum or multiple of; null when it is none.
  const promql::VectorSelector* raw_counter(const promql::Node& outer) {
    const promql::Node& node = bare(outer);
    if (const auto* selector = as_selector(node)) {
      const bool counter = facts_.of(node).type == MetricType::kCounter;
      return counter || looks_like_part(*selector) ? selector : nullptr;
    }
    if (const auto* aggregate = as_aggregate(node)) {
      switch (aggregate->op) {
        case promql::AggregateOp::kSum:
        case promql::AggregateOp::kAvg:
        case promql::AggregateOp::kMin:
        case promql::AggregateOp::kMax:
          return raw_counter(*aggregate->argument);
        default:
          return nullptr;
      }
    }
    const auto* binary = as_binary(node);
    if (binary == nullptr || promql::is_comparison(binary->op)) return nullptr;
    if (constant_of(*binary->right)) return raw_counter(*binary->left);
    if (constant_of(*binary->left)) return raw_counter(*binary->right);
    return nullptr;
  }

  /// By its name, the sum or the count of a histogram or summary of durations or sizes.
  bool looks_like_part(const promql::VectorSelector& selector) {
    const std::string name = metric_name(selector);
    const Facts facts = facts_.of(selector);
    if (facts.type_is_certain || name.find(':') != std::string::npos) return false;
    return name.ends_with("_seconds_sum") || name.ends_with("_seconds_count") ||
           name.ends_with("_bytes_sum") || name.ends_with("_bytes_count");
  }

  bool is_certain(const promql::VectorSelector& selector) {
    return facts_.of(selector).type_is_certain;
  }

  void look_at_condition(const Condition& condition) {
    const auto* selector = raw_counter(*condition.value);
    if (selector == nullptr) return;
    const std::string metric = metric_name(*selector);
    const Facts facts = facts_.of(*selector);
    // Whether something ever happened, or never did.
    const bool ever = condition.limit == 0 || condition.op == BinaryOp::kNotEqual ||
                      condition.op == BinaryOp::kEqual || asks_below(condition.op);
    const bool sure = facts.type_is_certain && !ever;
    add(kCounterWithoutRate, sure ? Severity::kWarning : Severity::kInfo,
        condition.comparison->range,
        fmt::format("{} is a counter: it only grows, and {} is passed sometime", metric,
                    format_number(condition.limit)),
        fmt::format("use increase({}[1h]) or rate({}[5m])", metric, metric));
  }

  /// A query that shows a counter itself; one that only gives it another name says so in it.
  void look_at_recorded(const promql::Node& root) {
    const std::string& name = use_.rule->name;
    for (const char* suffix : {"total", "count", "sum", "bucket"}) {
      if (name.ends_with(suffix)) return;
    }
    const auto* selector = as_selector(bare(root));
    if (selector == nullptr || raw_counter(root) == nullptr) return;
    add(kCounterWithoutRate, is_certain(*selector) ? Severity::kWarning : Severity::kInfo,
        root.range,
        fmt::format("{} is a counter: this is what happened since its process began",
                    metric_name(*selector)),
        fmt::format("use increase({}[1h])", promql::print(*selector)));
  }

  /// All that is divided, or divides, is counters as they are.
  void counters_of_sum(const promql::Node& outer, std::vector<const promql::VectorSelector*>& found,
                       bool& others) {
    const promql::Node& node = bare(outer);
    const auto* binary = as_binary(node);
    if (binary != nullptr && (binary->op == BinaryOp::kAdd || binary->op == BinaryOp::kSub) &&
        binary->matching) {
      counters_of_sum(*binary->left, found, others);
      return counters_of_sum(*binary->right, found, others);
    }
    const auto* selector = raw_counter(node);
    if (selector == nullptr) {
      others = true;
    } else {
      found.push_back(selector);
    }
  }

  void look_at_ratio(const promql::Binary& division) {
    std::vector<const promql::VectorSelector*> found;
    bool others = false;
    counters_of_sum(*division.left, found, others);
    const std::size_t above = found.size();
    counters_of_sum(*division.right, found, others);
    if (others || above == 0 || found.size() == above) return;
    for (const auto* selector : found) {
      if (selector->shift.offset.count() != 0) return;
    }
    const std::string first = metric_name(*found.front());
    std::string second = metric_name(*found[above]);
    for (const auto* selector : found) {
      if (second == first) second = metric_name(*selector);
    }
    const bool pair = first.ends_with("_sum") && second.ends_with("_count") &&
                      first.substr(0, first.size() - 4) == second.substr(0, second.size() - 6);
    const bool sure = pair || std::all_of(found.begin(), found.end(), [&](const auto* selector) {
                        return is_certain(*selector);
                      });
    add(kCounterWithoutRate, sure ? Severity::kWarning : Severity::kInfo, division.range,
        fmt::format("{} and {} are counters: this is an average since they began", first, second),
        fmt::format("use rate({}[5m]) / rate({}[5m])", first, second));
  }

  const Subject& subject_;
  const RuleUse& use_;
  FactFinder& facts_;
  Findings& findings_;
};

void look_at_counters(const Subject& subject, Findings& findings) {
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) CounterLook(subject, use, facts, findings).look();
}

}  // namespace

const CheckGroup kCounterChecks{kCounters, look_at_counters};

}  // namespace tocsin::check
