#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/label_flow.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// Operations between two vectors whose series do not find each other.

namespace tocsin::check {
namespace {

using promql::BinaryOp;
using promql::Cardinality;
using promql::NodeKind;

constexpr Check kMatchings[] = {
    {"rule/vector-matching", Severity::kError, "The two sides' labels never match",
     "An operation between two vectors pairs series with the same labels, all of them unless on() "
     "or ignoring() says otherwise.",
     "Aggregate both sides by the same labels, or match on() those that both have."},
};

using Series = std::vector<Labels>;

/// Functions whose result has a series for each of the argument's, with the same labels.
bool keeps_labels(std::string_view name) {
  for (const char* kept :
       {"rate", "irate", "increase", "delta", "idelta", "deriv", "changes", "resets", "abs", "ceil",
        "floor", "round", "clamp_min", "clamp_max", "clamp", "predict_linear", "timestamp"}) {
    if (name == kept) return true;
  }
  return name.ends_with("_over_time") && name != "absent_over_time";
}

class MatchingLook {
 public:
  MatchingLook(const Subject& subject, const RuleUse& use, LabelFlow& labels, Findings& findings)
      : subject_(subject), use_(use), labels_(labels), findings_(findings) {}

  void look() {
    for_all(*use_.rule->expression.root, [&](const promql::Node& node) {
      const auto* binary = as_binary(node);
      if (binary != nullptr && binary->matching) look_at(*binary);
    });
  }

 private:
  void add(const promql::Binary& binary, std::string message, std::string way_out = {}) {
    findings_.add(kMatchings[0],
                  about(use_, binary.op_range, std::move(message), std::move(way_out)));
  }

  void look_at(const promql::Binary& binary) {
    if (binary.op == BinaryOp::kOr || binary.op == BinaryOp::kUnless) return;
    const promql::VectorMatching& matching = *binary.matching;
    const LabelSet left = labels_.of(*binary.left);
    const LabelSet right = labels_.of(*binary.right);
    for (const std::string& label : matching.on ? matching.labels : std::vector<std::string>()) {
      const bool l = left.may_have(label);
      if (l == right.may_have(label)) continue;  // missing on both sides, it matches
      return add(binary, fmt::format("the {} side has no label {}", l ? "right" : "left", label),
                 "match on() labels that both sides have");
    }
    const auto left_series = series_of(*binary.left);
    const auto right_series = series_of(*binary.right);
    if (left_series && right_series) return look_at_series(binary, *left_series, *right_series);
    if (!matching.on) look_at_groupings(binary, left, right);
  }

  Labels signature(const promql::VectorMatching& matching, const Labels& series) const {
    return matching.on ? series.only(matching.labels)
                       : series.without(matching.labels).without_metric_name();
  }

  void look_at_series(const promql::Binary& binary, const Series& left, const Series& right) {
    if (left.empty() || right.empty()) return;  // another check's finding
    const promql::VectorMatching& matching = *binary.matching;
    std::map<Labels, std::pair<int, int>> groups;
    for (const Labels& series : left) ++groups[signature(matching, series)].first;
    for (const Labels& series : right) ++groups[signature(matching, series)].second;
    const auto meet = [](const auto& group) {
      return group.second.first > 0 && group.second.second > 0;
    };
    if (std::none_of(groups.begin(), groups.end(), meet)) return report_apart(binary, left, right);
    if (promql::is_set_operator(binary.op)) return;
    const bool many_left = matching.cardinality == Cardinality::kManyToOne;
    const bool many_right = matching.cardinality == Cardinality::kOneToMany;
    for (const auto& [labels, counts] : groups) {
      if (counts.first == 0 || counts.second == 0) continue;
      const bool left_wrong = counts.first > 1 && !many_left;
      const bool right_wrong = counts.second > 1 && !many_right;
      if (!left_wrong && !right_wrong) continue;
      return add(binary,
                 fmt::format("{} series of the {} side have the labels {}, so Prometheus refuses "
                             "to choose",
                             left_wrong ? counts.first : counts.second,
                             left_wrong ? "left" : "right", labels.to_string()),
                 left_wrong == right_wrong ? "aggregate one side, so that it has one series each"
                 : left_wrong              ? "add group_left, or aggregate the left side"
                                           : "add group_right, or aggregate the right side");
    }
  }

  void report_apart(const promql::Binary& binary, const Series& left, const Series& right) {
    const auto names = [&](const Series& side) {
      std::set<std::string> all;
      for (const LabelView label : side.front().without_metric_name()) all.emplace(label.name);
      return all;
    };
    std::vector<std::string> differ;
    const std::set<std::string> a = names(left);
    const std::set<std::string> b = names(right);
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                  std::back_inserter(differ));
    if (binary.matching->on || differ.empty()) {
      return add(binary, "no two series of the two sides have the same label values",
                 "match on() labels whose values are the same on both sides");
    }
    add(binary, fmt::format("only one side has the label {}: no two series match", listed(differ)));
  }

  /// All series that a part gives, where that can be told; without any when there are none.
  std::optional<Series> series_of(const promql::Node& outer) {
    const promql::Node& node = bare(outer);
    if (const auto* selector = as_selector(node)) return of_selector(*selector);
    if (const auto* matrix = as<promql::MatrixSelector>(node, NodeKind::kMatrixSelector)) {
      return of_selector(*matrix->vector);
    }
    if (const auto* call = as_call(node)) {
      if (!keeps_labels(call->function->name)) return std::nullopt;
      return series_of(*call->arguments[call->function->name == "quantile_over_time" ? 1 : 0]);
    }
    if (const auto* aggregate = as_aggregate(node)) return of_aggregate(*aggregate);
    const auto* binary = as_binary(node);
    if (binary == nullptr) return std::nullopt;
    if (constant_of(*binary->right)) return series_of(*binary->left);
    if (constant_of(*binary->left)) return series_of(*binary->right);
    return std::nullopt;
  }

  std::optional<Series> of_selector(const promql::VectorSelector& selector) const {
    if (!subject_.exported || !subject_.exported->values_complete()) return std::nullopt;
    if (!subject_.recorders(metric_name(selector)).empty()) return std::nullopt;
    Series found;
    for (const ExportedMetric* metric : subject_.exported->named(selector.matchers)) {
      for (const Labels& series : metric->series) {
        const bool fits = std::all_of(selector.matchers.begin(), selector.matchers.end(),
                                      [&](const Matcher& m) { return m.matches(series); });
        if (fits) found.push_back(series);
      }
    }
    return found;
  }

  std::optional<Series> of_aggregate(const promql::Aggregate& aggregate) {
    switch (aggregate.op) {
      case promql::AggregateOp::kTopk:
      case promql::AggregateOp::kBottomk:
      case promql::AggregateOp::kLimitk:
      case promql::AggregateOp::kLimitRatio:
      case promql::AggregateOp::kCountValues:
        return std::nullopt;
      default:
        break;
    }
    const auto inner = series_of(*aggregate.argument);
    if (!inner) return std::nullopt;
    std::set<Labels> groups;
    for (const Labels& series : *inner) {
      groups.insert(aggregate.without ? series.without(aggregate.grouping).without_metric_name()
                                      : series.only(aggregate.grouping));
    }
    return Series(groups.begin(), groups.end());
  }

  /// The `by` labels of an aggregation at the top; nothing when it is none.
  static std::optional<std::set<std::string>> grouping_of(const promql::Node& outer) {
    const promql::Node& node = bare(outer);
    if (const auto* binary = as_binary(node)) {
      if (constant_of(*binary->right)) return grouping_of(*binary->left);
      return std::nullopt;
    }
    const auto* aggregate = as_aggregate(node);
    if (aggregate == nullptr || aggregate->without) return std::nullopt;
    return std::set<std::string>(aggregate->grouping.begin(), aggregate->grouping.end());
  }

  /// Without knowing what is exported: job and instance are everywhere, until they are dropped.
  void look_at_groupings(const promql::Binary& binary, const LabelSet& left,
                         const LabelSet& right) {
    const auto by_left = grouping_of(*binary.left);
    const auto by_right = grouping_of(*binary.right);
    if (!by_left || !by_right) return;
    for (const char* label : {"job", "instance"}) {
      const auto& ignored = binary.matching->labels;
      if (std::find(ignored.begin(), ignored.end(), label) != ignored.end()) continue;
      const bool l = by_left->contains(label) && left.may_have(label);
      const bool r = by_right->contains(label) && right.may_have(label);
      if (l == r) continue;
      return add(binary, fmt::format("only the {} side has the label {}: no two series match",
                                     l ? "left" : "right", label));
    }
  }

  const Subject& subject_;
  const RuleUse& use_;
  LabelFlow& labels_;
  Findings& findings_;
};

void look_at_matchings(const Subject& subject, Findings& findings) {
  LabelFlow labels(subject);
  for (const RuleUse& use : subject.rules) MatchingLook(subject, use, labels, findings).look();
}

}  // namespace

const CheckGroup kMatchingChecks{kMatchings, look_at_matchings};

}  // namespace tocsin::check
