#pragma once

#include <filesystem>
#include <string_view>

namespace tocsin::check {

enum class FileKind {
  kRules,
  kSystem,
  kScenario,
  kContract,
  kPage,          ///< of metrics, as an exporter shows it
  kAlertmanager,  ///< alertmanager.yml
  kPrometheus,    ///< prometheus.yml
  kOther,
};

/// A PrometheusRule of the Prometheus Operator, rather than a rule file; not one that a template
/// engine has still to make.
bool is_rule_resource(std::string_view text);

/// What a file is, by its name and the keys at the beginning of its lines: one that is no valid
/// YAML has a kind too.
FileKind kind_of(const std::filesystem::path& path, std::string_view text);

bool is_yaml(const std::filesystem::path& path);

}  // namespace tocsin::check
