#include "harness/check/file_kind.h"

#include <string>

namespace tocsin::check {

bool is_rule_resource(std::string_view text) {
  constexpr std::string_view kKind = "kind: PrometheusRule";
  const std::size_t at = text.find(kKind);
  if (at == std::string_view::npos || (at > 0 && text[at - 1] != '\n')) return false;
  const std::string_view rest = text.substr(at + kKind.size());
  const bool whole = rest.empty() || rest[0] == '\n' || rest[0] == '\r' || rest[0] == ' ';
  return whole && !text.starts_with("{{") && text.find("\n{{") == std::string_view::npos;
}

FileKind kind_of(const std::filesystem::path& path, std::string_view text) {
  const std::string extension = path.extension().string();
  const std::string name = path.filename().string();
  if (extension == ".prom" || extension == ".om") return FileKind::kPage;
  const auto has_key = [&](std::string_view key) {
    const std::string at_line_start = "\n" + std::string(key) + ":";
    return text.starts_with(std::string_view(at_line_start).substr(1)) ||
           text.find(at_line_start) != std::string_view::npos;
  };
  if (has_key("tests")) return FileKind::kOther;  // of rules
  if (has_key("groups") || is_rule_resource(text)) return FileKind::kRules;
  if (has_key("scrape_configs") || has_key("rule_files")) return FileKind::kPrometheus;
  if (name == "contract.yaml" || has_key("contract")) return FileKind::kContract;
  if (name == "system.yaml" && has_key("service")) return FileKind::kSystem;
  const bool scenario = has_key("expect") || has_key("traffic") || has_key("from_contract");
  if (scenario && (has_key("system") || has_key("include"))) return FileKind::kScenario;
  // An OpenTelemetry collector has receivers, too.
  const bool collector = has_key("exporters") || has_key("processors") || has_key("service");
  if ((has_key("receivers") || has_key("route")) && !collector) return FileKind::kAlertmanager;
  return FileKind::kOther;
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

}  // namespace tocsin::check
