#include <algorithm>
#include <functional>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/checks/template_uses.h"
#include "harness/check/facts.h"
#include "harness/check/label_flow.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"
#include "harness/rules/template_syntax.h"

/// Templates of labels and annotations against the expression's result.

namespace tocsin::check {
namespace {

namespace tpl = rules::templates;

enum TemplateCheck { kTemplateLabel, kTemplateBraces, kTemplateUnit, kValueInLabel, kRawValue };

constexpr Check kTemplates[] = {
    {"rule/template-label", Severity::kWarning, "A template shows a label that the result has not",
     "The text has a gap there: aggregations drop labels that they do not name, absent() has those "
     "of its selector only, and a rule's own labels are not in $labels.",
     "Keep the label in the aggregation, or do not show it."},
    {"rule/template-braces", Severity::kWarning, "A template's variable outside of {{ }}",
     "The text shows the variable's name, not its value.", "Write {{ $value }}."},
    {"rule/template-unit", Severity::kWarning, "A text shows the value in a wrong unit",
     "{{ $value }}% shows a ratio of 0.05 as 0.05%, and humanizePercentage shows a percentage of "
     "85 "
     "as 8500%.",
     "Use {{ $value | humanizePercentage }} on ratios, and on them alone."},
    {"rule/value-in-label", Severity::kWarning, "The value is part of a label",
     "An alert is known by its labels: with every new value the old alert ends and a new one "
     "begins, and `for` with it.",
     "Put the value into an annotation."},
    {"rule/raw-value", Severity::kInfo, "A computed value is shown with all its digits",
     "Quotients and quantiles have up to seventeen of them.",
     "Use humanize, humanizeDuration, humanizePercentage or printf \"%.2f\"."},
};

/// Whether `word` stands in text that is no action.
std::size_t find_outside(const tpl::NodeList& nodes, std::string_view word) {
  for (const tpl::Node& node : nodes) {
    if (node.kind == tpl::NodeKind::kText) {
      const std::size_t at = node.text.find(word);
      if (at != std::string::npos) return node.pos + at;
    }
    for (const tpl::NodeList* inner : {&node.body, &node.otherwise}) {
      const std::size_t at = find_outside(*inner, word);
      if (at != std::string::npos) return at;
    }
  }
  return std::string::npos;
}

class TemplateLook {
 public:
  TemplateLook(const Subject& subject, const RuleUse& use, LabelFlow& labels, FactFinder& facts,
               Findings& findings)
      : subject_(subject), use_(use), labels_(labels), facts_(facts), findings_(findings) {}

  void look() {
    for (const auto& [name, text] : use_.rule->labels) look_at(name, text, true);
    for (const auto& [name, text] : use_.rule->annotations) look_at(name, text, false);
  }

 private:
  void add(TemplateCheck check, const rules::TemplateText& text, std::size_t offset,
           std::size_t length, std::string message, std::string way_out = {}) {
    Finding finding = about(use_, std::move(message), std::move(way_out));
    finding.place = place_in(subject_, text, offset, length);
    findings_.add(kTemplates[check], std::move(finding));
  }

  void look_at(const std::string& name, const rules::TemplateText& text, bool is_label) {
    const auto tree =
        tpl::parse(text.text, {"$labels", "$externalLabels", "$externalURL", "$value"});
    if (tree.has_error()) return;  // reported when the file was read
    const TemplateUses uses = template_uses(tree->root);
    for (const LabelUse& use : uses.labels) look_at_label(text, use);
    if (is_label && uses.value) {
      add(kValueInLabel, text, 0, text.text.size(), fmt::format("label {} holds the value", name));
    }
    if (!is_label) look_at_unit(text, uses);
    if (!is_label) look_at_digits(text);
    for (const char* variable : {"$labels.", "$value"}) {
      const std::size_t at = find_outside(tree->root, variable);
      if (at == std::string::npos) continue;
      add(kTemplateBraces, text, at, std::string_view(variable).size(),
          fmt::format("{} stands outside of {{{{ }}}}", variable));
    }
  }

  void look_at_label(const rules::TemplateText& text, const LabelUse& use) {
    const LabelSet& set = labels_.of(*use_.rule->expression.root);
    if (set.may_have(use.label) || use.label == kMetricName) return;
    if (!missing_.insert(use.label).second) return;  // said of another text of this alert
    std::string way_out;
    const auto& own = use_.rule->labels;
    const bool of_rule = use.label == "alertname" ||
                         std::any_of(own.begin(), own.end(),
                                     [&](const auto& label) { return label.first == use.label; });
    const std::vector<std::string> known(set.names.begin(), set.names.end());
    const std::string nearest = nearest_name(use.label, known);
    if (of_rule) {
      way_out = "that is a label of the rule, which $labels does not have";
    } else if (!nearest.empty()) {
      way_out = fmt::format("did you mean {}?", nearest);
    } else if (!set.open) {
      way_out = known.empty() ? "the result has no labels: name it in the aggregation"
                              : fmt::format("the result has {}", listed(known, 8));
    }
    add(kTemplateLabel, text, begin_of(use, text.text), use.operand.size(),
        fmt::format("the result has no label {}", use.label), way_out);
  }

  /// The unit of what the alert is about.
  Unit unit_of_value() {
    const auto decided = deciding(*use_.rule->expression.root);
    if (decided.empty()) return Unit::kUnknown;
    Unit unit = Unit::kUnknown;
    for (const promql::Binary* comparison : decided) {
      const auto condition = condition_of(*comparison);
      if (!condition || condition->value != comparison->left.get()) return Unit::kUnknown;
      const Facts facts = facts_.of(*condition->value);
      if (facts.per_second || facts.increase) return Unit::kUnknown;
      if (unit != Unit::kUnknown && facts.unit != unit) return Unit::kUnknown;
      unit = facts.unit;
      break;  // of `and` and `unless`, the left side's value is shown
    }
    return unit;
  }

  /// Whether the values are results of a division, a rate or the like: no whole numbers.
  bool is_computed() const {
    bool found = false;
    for_all(*use_.rule->expression.root, [&](const promql::Node& node) {
      const auto* binary = as_binary(node);
      found = found || (binary != nullptr && binary->op == promql::BinaryOp::kDiv);
      const auto* call = as_call(node);
      if (call == nullptr) return;
      for (const char* name : {"rate", "irate", "histogram_quantile", "increase", "deriv"}) {
        found = found || call->function->name == name;
      }
    });
    return found;
  }

  /// {{ $value }} without more, or with a function that changes nothing.
  void look_at_digits(const rules::TemplateText& text) {
    for (const char* bare_value : {"{{ $value }}", "{{$value}}", "{{ .Value }}"}) {
      const std::size_t at = text.text.find(bare_value);
      if (at == std::string::npos || !is_computed()) continue;
      return add(kRawValue, text, at, std::string_view(bare_value).size(),
                 "the value is shown with up to seventeen digits");
    }
  }

  void look_at_unit(const rules::TemplateText& text, const TemplateUses& uses) {
    const Unit unit = unit_of_value();
    const auto through = [&](std::string_view function) {
      return std::find(uses.percent_of_value.begin(), uses.percent_of_value.end(), function) !=
             uses.percent_of_value.end();
    };
    const std::size_t shown = text.text.find("$value }}%");
    if (unit == Unit::kRatio && shown != std::string::npos && !through("humanizePercentage")) {
      add(kTemplateUnit, text, shown, 10, "the value is a ratio, and is shown as a percentage",
          "write {{ $value | humanizePercentage }}");
    }
    if (unit == Unit::kPercent && through("humanizePercentage")) {
      const std::size_t at = text.text.find("humanizePercentage");
      add(kTemplateUnit, text, at, 18, "the value is a percentage already",
          "write {{ $value | humanize }}%");
    }
  }

  const Subject& subject_;
  const RuleUse& use_;
  LabelFlow& labels_;
  FactFinder& facts_;
  Findings& findings_;
  std::set<std::string> missing_;  ///< labels that were told of
};

void look_at_templates(const Subject& subject, Findings& findings) {
  LabelFlow labels(subject);
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) {
    if (use.alerts()) TemplateLook(subject, use, labels, facts, findings).look();
  }
}

}  // namespace

const CheckGroup kTemplateChecks{kTemplates, look_at_templates};

}  // namespace tocsin::check
