#include "harness/check/subject.h"

#include "harness/check/nearest_metric.h"

namespace tocsin::check {

std::string RuleUse::about() const {
  return (alerts() ? "alert " : "recording ") + rule->name;
}

const std::vector<const RuleUse*>& Subject::recorders(std::string_view metric) const {
  static const std::vector<const RuleUse*> kNone;
  const auto found = recorders_.find(metric);
  return found == recorders_.end() ? kNone : found->second;
}

bool Subject::has_alert(std::string_view name) const {
  return alerts_.contains(name);
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
  for (const RuleUse& use : rules) {
    if (use.alerts()) {
      alerts_.insert(use.rule->name);
    } else {
      recorders_[use.rule->name].push_back(&use);
    }
  }
}

}  // namespace tocsin::check
