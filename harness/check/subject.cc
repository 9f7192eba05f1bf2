#include "harness/check/subject.h"

#include <algorithm>

#include "harness/check/nearest_metric.h"

namespace tocsin::check {

std::string RuleUse::about() const {
  return (alerts() ? "alert " : "recording ") + rule->name;
}

std::vector<const RuleUse*> Subject::recorders(std::string_view metric) const {
  std::vector<const RuleUse*> found;
  if (metric.empty()) return found;
  for (const RuleUse& use : rules) {
    if (!use.alerts() && use.rule->name == metric) found.push_back(&use);
  }
  return found;
}

bool Subject::has_alert(std::string_view name) const {
  return std::any_of(rules.begin(), rules.end(),
                     [&](const RuleUse& use) { return use.alerts() && use.rule->name == name; });
}

const ExportedMetric* Subject::meant(std::string_view metric) const {
  if (!exported || metric.empty()) return nullptr;
  if (const ExportedMetric* exact = exported->find(metric)) return exact;
  const auto known = meant_.find(metric);
  if (known != meant_.end()) return known->second;
  const std::string nearest = nearest_metric(metric, exported->names());
  const ExportedMetric* found = nearest.empty() ? nullptr : exported->find(nearest);
  meant_.emplace(metric, found);
  return found;
}

void Subject::index_rules() {
  rules.clear();
  for (const rules::RuleFile& file : rule_files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.expression.root) rules.push_back({&file, &group, &rule});
      }
    }
  }
}

}  // namespace tocsin::check
