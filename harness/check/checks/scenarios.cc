#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/check/check_groups.h"
#include "harness/check/label_flow.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/selector_look.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// Scenarios against their system's rules and targets.

namespace tocsin::check {
namespace {

enum ScenarioCheck { kIdleFault, kImpossibleLabel, kUntestedAlert, kUnknownSeries };

constexpr Check kScenarios[] = {
    {"scenario/idle-fault", Severity::kWarning, "A fault moves a signal that nothing reads",
     "No metric, no health check and no other signal depends on it, so the fault changes nothing "
     "that can be seen.",
     "Move a signal that an instrument reads, or let one read it."},
    {"scenario/impossible-label", Severity::kError, "An expected label that the alert never has",
     "The expectation can never be met.", "Use the labels that the rule gives."},
    {"scenario/untested-alert", Severity::kInfo, "An alert that no scenario expects",
     "Nothing shows that it fires.", "Add a scenario in which it fires."},
    {"scenario/unknown-series", Severity::kError,
     "An expectation asks for a series that is not there",
     "No target exports the metric, or never with such a label.",
     "Use names and values that the targets export."},
};

std::string_view base_of(std::string_view signal) {
  const std::size_t dot = signal.rfind(".p");
  return scenario::percentile_name(signal) && dot != std::string_view::npos ? signal.substr(0, dot)
                                                                            : signal;
}

/// Signals whose value can be seen somewhere.
class ReadSignals {
 public:
  ReadSignals(const scenario::Target& target, const scenario::System& system) : target_(target) {
    if (&target == &system.service) {
      // What exporters show of the service.
      for (const scenario::Target& exporter : system.exporters) take(ReadSignals(exporter, system));
    }
    for (const scenario::Instrument& instrument : target.instruments) {
      for (const scenario::InstrumentSeries& series : instrument.series) add(series);
    }
    for (const scenario::HealthEndpoint& endpoint : target.health) {
      for (const scenario::HealthCheck& check : endpoint.checks) {
        add(check.degraded);
        add(check.unhealthy);
        add(check.fields);
        for (const auto& [state, text] : check.messages) texts_ += text + '\n';
      }
      add(endpoint.body);
    }
    // Whether and how a scrape is answered, and what an exporter speaks for is there.
    add(target.answer.delay);
    add(target.answer.fails);
    add(target.answer.hangs);
    if (target.backend) {
      add(target.backend->up);
      add(target.backend->shown);
    }
    if (!target.endpoints.empty()) {
      // Every answer shows them, to those who send requests.
      add("error_rate");
      add("latency");
    }
    follow();
  }

  bool has(std::string_view signal) const {
    const std::string name(base_of(signal));
    return seen_.contains(name) || texts_.find('{' + name) != std::string::npos ||
           texts_.find('{' + std::string(scenario::kOfService) + name) != std::string::npos;
  }

 private:
  void add(std::string_view signal) { seen_.emplace(base_of(signal)); }
  void add(const std::optional<scenario::Formula>& formula) {
    if (!formula) return;
    for (const std::string& signal : formula->signals()) add(signal);
  }
  void add(const scenario::InstrumentSeries& series) {
    add(series.formula);
    add(series.when);
    if (!series.distribution.empty()) add(series.distribution);
  }
  void add(const std::vector<scenario::HealthField>& fields) {
    for (const scenario::HealthField& field : fields) {
      add(field.number);
      texts_ += field.text + '\n';
      add(field.children);
    }
  }

  void take(const ReadSignals& exporter) {
    for (const std::string_view name : exporter.seen_) {
      if (name.starts_with(scenario::kOfService)) add(name.substr(scenario::kOfService.size()));
    }
    texts_ += exporter.texts_;
  }

  /// What the signals that are seen are made of.
  void follow() {
    for (bool grew = true; grew;) {
      const std::size_t before = seen_.size();
      for (const scenario::Signal& signal : target_.signals) {
        if (!has(signal.name)) continue;
        add(signal.value);
        add(signal.grows);
      }
      grew = seen_.size() > before;
    }
  }

  const scenario::Target& target_;
  std::set<std::string, std::less<>> seen_;
  std::string texts_;
};

class ScenarioLook {
 public:
  ScenarioLook(const Subject& subject, const scenario::Scenario& scenario, Findings& findings)
      : subject_(subject), scenario_(scenario), findings_(findings) {}

  void look() {
    for (const faults::Fault& fault : scenario_.faults) {
      const scenario::Target* target = scenario_.system->target(fault.target);
      if (target == nullptr) continue;
      const ReadSignals read(*target, *scenario_.system);
      for (const faults::SignalChange& change : fault.changes) {
        if (read.has(change.signal)) continue;
        add(kIdleFault, change.pos,
            fmt::format("nothing reads the signal {} of {}", change.signal, target->name));
      }
    }
    for (const scenario::AlertExpectation& expected : scenario_.expect.alerts) {
      look_at_labels(expected);
    }
    for (const scenario::MetricExpectation& expected : scenario_.expect.metrics) {
      look_at_selectors(expected);
    }
  }

 private:
  void add(ScenarioCheck check, const SourcePos& pos, std::string message,
           std::string way_out = {}) {
    Finding finding;
    finding.place.pos = pos;
    finding.about = "scenario " + scenario_.name;
    finding.message = std::move(message);
    finding.way_out = std::move(way_out);
    findings_.add(kScenarios[check], std::move(finding));
  }

  void look_at_selectors(const scenario::MetricExpectation& expected) {
    // Whoever expects nothing may ask for what is not there.
    if (expected.absent || !subject_.exported || !expected.expression.root) return;
    const rules::TemplateText text{expected.expression.text, expected.expression_pos};
    for_all(*expected.expression.root, [&](const promql::Node& node) {
      const auto* selector = as_selector(node);
      if (selector == nullptr) return;
      for (SelectorProblem& problem : look_at_selector(subject_, *selector)) {
        const bool absent = problem.flaw <= SelectorFlaw::kContradiction ||
                            problem.flaw == SelectorFlaw::kUnknownAlert;
        if (!absent) continue;
        Finding finding;
        finding.place = place_in(subject_, text, selector->range.begin,
                                 selector->range.end - selector->range.begin);
        finding.about = "scenario " + scenario_.name;
        finding.message = std::move(problem.message);
        finding.way_out = std::move(problem.way_out);
        const bool odd = problem.flaw == SelectorFlaw::kUnknownCombination;
        const Severity least = odd ? Severity::kWarning : kScenarios[kUnknownSeries].severity;
        findings_.add(kScenarios[kUnknownSeries], problem.severity.value_or(least),
                      std::move(finding));
      }
    });
  }

  void look_at_labels(const scenario::AlertExpectation& expected) {
    for (const auto& [name, value] : expected.labels) {
      std::set<std::string> fixed;
      bool possible = false;
      bool any = false;
      for (const RuleUse& use : subject_.rules) {
        if (!use.alerts() || use.rule->name != expected.alert) continue;
        any = true;
        possible = possible || gives(use, name, value, fixed);
      }
      if (!any || possible) continue;
      const std::vector<std::string> values(fixed.begin(), fixed.end());
      add(kImpossibleLabel, expected.pos,
          fmt::format("{} never has {}=\"{}\"", expected.alert, name, value),
          values.empty() ? fmt::format("it has no label {}", name)
                         : fmt::format("its {} is {}", name, listed(values)));
    }
  }

  bool gives(const RuleUse& use, const std::string& name, const std::string& value,
             std::set<std::string>& fixed) const {
    for (const auto& [label, text] : use.rule->labels) {
      if (label != name) continue;
      fixed.insert(text.text);
      return text.text == value || text.text.find("{{") != std::string::npos;
    }
    for (const auto& [label, text] : use.group->labels) {
      if (label == name) return text == value;
    }
    LabelFlow labels(subject_);
    return labels.of(*use.rule->expression.root).may_have(name) || name == "alertname";
  }

  const Subject& subject_;
  const scenario::Scenario& scenario_;
  Findings& findings_;
};

void look_at_scenarios(const Subject& subject, Findings& findings) {
  std::set<std::string> expected;
  for (const scenario::Scenario& scenario : subject.scenarios) {
    ScenarioLook(subject, scenario, findings).look();
    for (const scenario::AlertExpectation& alert : scenario.expect.alerts) {
      if (!alert.never) expected.insert(alert.alert);
    }
  }
  if (!subject.whole_system || subject.scenarios.empty() || subject.contract) return;
  for (const RuleUse& use : subject.rules) {
    if (!use.alerts() || expected.contains(use.rule->name)) continue;
    findings.add(kScenarios[kUntestedAlert], about(use, "no scenario here expects it to fire"));
  }
}

}  // namespace

const CheckGroup kScenarioChecks{kScenarios, look_at_scenarios};

}  // namespace tocsin::check
