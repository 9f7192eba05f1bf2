#include "harness/check/subject.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "harness/base/suggest.h"
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

bool Subject::may_be_undescribed(std::string_view metric) const {
  if (undescribed.empty()) return false;
  return !exported || nearest_name(metric, exported->names()).empty();
}

std::string Subject::undescribed_names() const {
  std::vector<std::string> names;
  for (const scenario::Target* target : undescribed) names.push_back(target->name);
  return listed(names);
}

std::string Subject::way_to_describe() const {
  const scenario::Target& target = *undescribed.front();
  const std::string host = target.port > 0 ? fmt::format("localhost:{}", target.port) : "HOST:PORT";
  return fmt::format(
      "describe its instruments in {}, or give a page that it shows: --metrics "
      "http://{}{}",
      system->file, host, target.metrics_path);
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

namespace {

/// How many folders two paths have in common from the top.
std::size_t folders_in_common(const std::string& a, const std::string& b) {
  namespace fs = std::filesystem;
  const fs::path left = fs::path(a).parent_path();
  const fs::path right = fs::path(b).parent_path();
  const auto ends = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  return static_cast<std::size_t>(std::distance(left.begin(), ends.first));
}

}  // namespace

std::vector<const RuleUse*> Subject::rules_for_alertmanager(const std::string& path) const {
  std::vector<const RuleUse*> found;
  for (const RuleUse& use : rules) {
    const std::size_t here = folders_in_common(path, use.file->path);
    const bool nearer_to_another = std::any_of(
        alertmanagers.begin(), alertmanagers.end(),
        [&](const auto& other) { return folders_in_common(other->path, use.file->path) > here; });
    if (system || !nearer_to_another) found.push_back(&use);
  }
  return found;
}

std::vector<const RuleUse*> Subject::rules_loaded_by(const PrometheusConfig& config) const {
  std::set<std::string> files;
  for (const RuleFilePattern& pattern : config.rule_files) {
    files.insert(pattern.files.begin(), pattern.files.end());
  }
  std::vector<const RuleUse*> found;
  for (const RuleUse& use : rules) {
    if (files.contains(use.file->path)) found.push_back(&use);
  }
  return found;
}

std::vector<const rules::RuleFile*> Subject::rule_files_near(const PrometheusConfig& config) const {
  const std::string folder = std::filesystem::path(config.path).parent_path().string();
  std::vector<const rules::RuleFile*> found;
  for (const rules::RuleFile& file : rule_files) {
    if (system || folder.empty() || file.path.starts_with(folder + '/')) found.push_back(&file);
  }
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
