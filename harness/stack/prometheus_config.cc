#include "harness/stack/prometheus_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/yaml/writer.h"

namespace tocsin::stack {
namespace {

using yaml::quoted_scalar;

template <class Pairs, class Text>
std::string map_of(const Pairs& pairs, const Text& text) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", quoted_scalar(name),
                       quoted_scalar(text(value)));
  }
  return '{' + out + '}';
}

std::string map_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
  return map_of(pairs, [](const std::string& value) { return value; });
}

std::string map_of(const std::vector<std::pair<std::string, rules::TemplateText>>& pairs) {
  return map_of(pairs, [](const rules::TemplateText& value) { return value.text; });
}

/// The address as Prometheus writes targets.
std::string address_of(const http::Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return fmt::format("{}:{}", v6 ? '[' + url.host + ']' : url.host, url.port);
}

/// "a=1&b=2" as Prometheus' params.
std::string params_of(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> params;
  for (std::size_t at = 0; at < query.size();) {
    const std::size_t end = std::min(query.find('&', at), query.size());
    const std::string_view pair = query.substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    params.emplace_back(std::string(pair.substr(0, equals)), std::move(value));
    at = end + 1;
  }
  std::string out;
  for (const auto& [name, value] : params) {
    out += fmt::format("{}{}: [{}]", out.empty() ? "" : ", ", quoted_scalar(name),
                       quoted_scalar(value));
  }
  return out;
}

std::string job_text(const ScrapeJob& job) {
  const std::string& target = job.url.target;
  const std::size_t query = std::min(target.find('?'), target.size());
  std::string out = fmt::format("  - job_name: {}\n", quoted_scalar(job.name));
  out += fmt::format("    scrape_interval: {}\n", format_duration(job.interval));
  out +=
      fmt::format("    scrape_timeout: {}\n", format_duration(std::min(job.timeout, job.interval)));
  out += fmt::format("    scheme: {}\n", job.url.tls ? "https" : "http");
  out += fmt::format("    metrics_path: {}\n", quoted_scalar(target.substr(0, query)));
  if (query + 1 < target.size()) {
    out +=
        fmt::format("    params: {{{}}}\n", params_of(std::string_view(target).substr(query + 1)));
  }
  if (job.honor_labels) out += "    honor_labels: true\n";
  out += "    static_configs:\n";
  out += fmt::format("      - {{targets: [{}], labels: {}}}\n", quoted_scalar(address_of(job.url)),
                     map_of(job.labels));
  return out;
}

std::string escaped_regex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string unsent_text(const std::vector<std::string>& alerts) {
  std::string names;
  for (const std::string& alert : alerts) {
    names += fmt::format("{}{}", names.empty() ? "" : "|", escaped_regex(alert));
  }
  if (names.empty()) return {};
  return fmt::format(
      "  alert_relabel_configs:\n    - {{source_labels: [alertname], regex: {}, action: drop}}\n",
      quoted_scalar(names));
}

std::string rule_text(const rules::Rule& rule) {
  const bool alerting = rule.kind == rules::Rule::Kind::kAlerting;
  std::string out = fmt::format("      - {}: {}\n        expr: {}\n", alerting ? "alert" : "record",
                                quoted_scalar(rule.name), quoted_scalar(rule.expression.text));
  if (rule.hold.count() > 0) out += fmt::format("        for: {}\n", format_duration(rule.hold));
  if (rule.keep_firing_for.count() > 0) {
    out += fmt::format("        keep_firing_for: {}\n", format_duration(rule.keep_firing_for));
  }
  if (!rule.labels.empty()) out += fmt::format("        labels: {}\n", map_of(rule.labels));
  if (!rule.annotations.empty()) {
    out += fmt::format("        annotations: {}\n", map_of(rule.annotations));
  }
  return out;
}

}  // namespace

std::string prometheus_config(const PrometheusSetup& setup) {
  const std::string interval = format_duration(setup.evaluation_interval);
  std::string out = fmt::format(
      "global:\n  evaluation_interval: {}\n  scrape_interval: {}\n  scrape_timeout: {}\n", interval,
      interval, interval);
  if (!setup.external_labels.empty()) {
    out += fmt::format("  external_labels: {}\n", map_of(setup.external_labels));
  }
  if (!setup.rule_files.empty()) {
    out += "rule_files:\n";
    for (const std::string& file : setup.rule_files)
      out += fmt::format("  - {}\n", quoted_scalar(file));
  }
  if (!setup.alertmanager.empty()) {
    const auto url = http::parse_url(setup.alertmanager).value();
    out += fmt::format(
        "alerting:\n{}  alertmanagers:\n    - scheme: {}\n      path_prefix: {}\n"
        "      static_configs: [{{targets: [{}]}}]\n",
        unsent_text(setup.unsent_alerts), url.tls ? "https" : "http", quoted_scalar(url.target),
        quoted_scalar(address_of(url)));
  }
  out += "scrape_configs:\n";
  for (const ScrapeJob& job : setup.jobs) out += job_text(job);
  if (setup.jobs.empty()) out += "  []\n";
  return out;
}

std::string rule_group_file(const rules::RuleGroup& group, Duration interval) {
  std::string out = fmt::format("groups:\n  - name: {}\n", quoted_scalar(group.name));
  if (interval.count() > 0) {
    out += fmt::format("    interval: {}\n", format_duration(interval));
  } else if (group.interval) {
    out += fmt::format("    interval: {}\n", format_duration(*group.interval));
  }
  if (group.limit > 0) out += fmt::format("    limit: {}\n", group.limit);
  if (group.query_offset.count() > 0) {
    out += fmt::format("    query_offset: {}\n", format_duration(group.query_offset));
  }
  if (!group.labels.empty()) out += fmt::format("    labels: {}\n", map_of(group.labels));
  out += "    rules:\n";
  for (const rules::Rule& rule : group.rules) out += rule_text(rule);
  if (group.rules.empty()) out += "      []\n";
  return out;
}

std::string idle_group_file(const std::string& name, Duration interval) {
  return fmt::format(
      "groups:\n  - name: {}\n    interval: {}\n    rules: [{{record: tocsin_phase, expr: "
      "vector(1) > 2}}]\n",
      quoted_scalar(name), format_duration(interval));
}

}  // namespace tocsin::stack
