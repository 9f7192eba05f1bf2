#include "harness/check/prometheus_config.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <glob.h>
#include <optional>

#include <fmt/format.h>

#include "harness/alerting/schema.h"
#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/yaml/parse.h"

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;
using alerting::duration_of;
using alerting::find_value;
using alerting::items_of;
using alerting::text_of;

constexpr std::size_t kLargestPrometheusConfig = 16 << 20;

constexpr std::array<std::string_view, 11> kTopKeys = {"global",
                                                       "runtime",
                                                       "alerting",
                                                       "rule_files",
                                                       "scrape_config_files",
                                                       "scrape_configs",
                                                       "storage",
                                                       "tracing",
                                                       "remote_write",
                                                       "remote_read",
                                                       "otlp"};
constexpr std::array<std::string_view, 20> kGlobalKeys = {"scrape_interval",
                                                          "scrape_timeout",
                                                          "scrape_protocols",
                                                          "evaluation_interval",
                                                          "rule_query_offset",
                                                          "query_log_file",
                                                          "scrape_failure_log_file",
                                                          "external_labels",
                                                          "body_size_limit",
                                                          "sample_limit",
                                                          "target_limit",
                                                          "label_limit",
                                                          "label_name_length_limit",
                                                          "label_value_length_limit",
                                                          "keep_dropped_targets",
                                                          "metric_name_validation_scheme",
                                                          "metric_name_escaping_scheme",
                                                          "scrape_native_histograms",
                                                          "convert_classic_histograms_to_nhcb",
                                                          "always_scrape_classic_histograms"};
constexpr std::array<std::string_view, 18> kJobKeys = {
    "job_name",         "honor_labels",    "honor_timestamps",
    "params",           "scrape_interval", "scrape_timeout",
    "metrics_path",     "scheme",          "basic_auth",
    "authorization",    "tls_config",      "proxy_url",
    "static_configs",   "oauth2",          "relabel_configs",
    "follow_redirects", "sample_limit",    "metric_relabel_configs"};
constexpr std::array<std::string_view, 2> kAlertingKeys = {"alertmanagers",
                                                           "alert_relabel_configs"};

bool is_label_name_here(std::string_view name) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
         std::all_of(name.begin(), name.end(), fits);
}

class PrometheusConfigReader {
 public:
  PrometheusConfigReader(PrometheusConfig& config, Diagnostics& diagnostics)
      : config_(config), diagnostics_(diagnostics) {}

  void read(const yaml::Node& root) {
    config_.pos = root.pos();
    look_at_keys(root, kTopKeys);
    if (const yaml::Node* global = find_value(root, "global"); global && global->is_map()) {
      read_global(*global);
    }
    if (const yaml::Node::Entry* files = root.find_entry("rule_files")) {
      config_.rule_files_pos = files->key->pos();
      for (const yaml::NodePtr& item : items_of(root, "rule_files")) read_rule_files(*item);
    }
    if (const yaml::Node::Entry* alerting = root.find_entry("alerting")) {
      config_.alerting_pos = alerting->key->pos();
      if (alerting->value && alerting->value->is_map()) read_alerting(*alerting->value);
    }
    config_.scrapes = root.find_entry("scrape_configs") != nullptr;
    config_.more_scrapes = !items_of(root, "scrape_config_files").empty();
    for (const yaml::NodePtr& item : items_of(root, "scrape_configs")) read_job(*item);
  }

 private:
  void fail(const yaml::Node& node, std::string message, std::string hint = {}) {
    Error error = node.error(std::move(message));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    diagnostics_.add(std::move(error));
  }

  /// Newer versions know more keys; one that is nearly a known one is misspelt.
  template <std::size_t n>
  void look_at_keys(const yaml::Node& map, const std::array<std::string_view, n>& known) {
    for (const auto& [key, value] : map.entries) {
      if (!key->is_scalar() || key->text.ends_with("_sd_configs")) continue;
      if (std::find(known.begin(), known.end(), key->text) != known.end()) continue;
      const std::string nearest = nearest_name(key->text, known);
      if (nearest.empty() || nearest.size() + 2 < key->text.size()) continue;
      fail(*key, fmt::format("there is no key \"{}\"", key->text),
           fmt::format("did you mean \"{}\"?", nearest));
    }
  }

  std::optional<Duration> read_interval(const yaml::Node& map, const char* name) {
    const yaml::Node* value = find_value(map, name);
    if (value == nullptr || !value->is_scalar()) return std::nullopt;
    const auto read = alerting::parse_model_duration(value->text);
    if (read.has_error()) {
      fail(*value, fmt::format("\"{}\" is not a duration: {}", value->text, read.error().message));
      return std::nullopt;
    }
    return *read;
  }

  void look_at_timeout(const yaml::Node& map, std::optional<Duration> interval,
                       const std::string& of) {
    const auto timeout = read_interval(map, "scrape_timeout");
    constexpr Duration kStandard = std::chrono::minutes(1);
    if (!timeout || *timeout <= interval.value_or(kStandard)) return;
    fail(*find_value(map, "scrape_timeout"),
         fmt::format("the scrape timeout {} of {} is longer than its interval {}",
                     format_duration(*timeout), of, format_duration(interval.value_or(kStandard))));
  }

  void read_global(const yaml::Node& global) {
    look_at_keys(global, kGlobalKeys);
    config_.scrape_interval = read_interval(global, "scrape_interval");
    config_.evaluation_interval = read_interval(global, "evaluation_interval");
    look_at_timeout(global, config_.scrape_interval, "all jobs");
    const yaml::Node* labels = find_value(global, "external_labels");
    if (labels == nullptr || !labels->is_map()) return;
    for (const auto& [key, value] : labels->entries) {
      if (!is_label_name_here(key->text)) {
        fail(*key, fmt::format("\"{}\" is not a label name", key->text));
      }
      config_.external_labels.emplace_back(key->text, value->text);
    }
  }

  void read_rule_files(const yaml::Node& item) {
    if (!item.is_scalar()) return fail(item, "a file name or pattern is expected");
    RuleFilePattern one;
    one.pos = item.pos();
    one.pattern = item.text;
    const std::size_t star = item.text.find('*');
    one.wild = item.text.find_first_of("*?[") != std::string::npos;
    if (star != std::string::npos && item.text.find('/', star) != std::string::npos) {
      return fail(item, fmt::format("invalid rule file path \"{}\"", item.text),
                  "only the last part of the path may have a *");
    }
    const fs::path folder = fs::path(config_.path).parent_path();
    one.files = files_like((folder / item.text).lexically_normal());
    for (std::string& file : one.files) file = fs::path(file).lexically_normal().string();
    config_.rule_files.push_back(std::move(one));
  }

  static std::vector<std::string> files_like(const fs::path& pattern) {
    glob_t found{};
    std::vector<std::string> files;
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) files.emplace_back(found.gl_pathv[i]);
    }
    ::globfree(&found);
    std::error_code ignored;
    std::erase_if(files,
                  [&](const std::string& file) { return !fs::is_regular_file(file, ignored); });
    return files;
  }

  void read_alerting(const yaml::Node& alerting) {
    look_at_keys(alerting, kAlertingKeys);
    for (const yaml::NodePtr& item : items_of(alerting, "alertmanagers")) {
      if (!item->is_map()) continue;
      for (const auto& [key, value] : item->entries) {
        if (!key->text.ends_with("_sd_configs")) continue;
        config_.tells_somebody = config_.tells_somebody || (value && !value->items.empty());
      }
      const auto targets = targets_of(*item, false);
      config_.tells_somebody = config_.tells_somebody || !targets.empty();
    }
  }

  /// `rewritten`: relabelling may make addresses of what is none.
  std::vector<ScrapeTarget> targets_of(const yaml::Node& map, bool rewritten) {
    std::vector<ScrapeTarget> found;
    for (const yaml::NodePtr& group : items_of(map, "static_configs")) {
      if (!group->is_map()) continue;
      for (const yaml::NodePtr& item : items_of(*group, "targets")) {
        if (!item->is_scalar()) continue;
        if (!rewritten && item->text.find('/') != std::string::npos) {
          fail(*item, fmt::format("\"{}\" is no address: host and port are wanted", item->text),
               "scheme and path are keys of their own: scheme, metrics_path");
        }
        found.push_back({item->pos(), item->text});
      }
    }
    return found;
  }

  void read_job(const yaml::Node& item) {
    if (!item.is_map()) return fail(item, "a scrape job must be a mapping");
    look_at_keys(item, kJobKeys);
    ScrapeJobConfig job;
    job.pos = item.pos();
    job.name = text_of(item, "job_name");
    if (job.name.empty()) fail(item, "a scrape job has no job_name");
    const bool twice =
        std::any_of(config_.jobs.begin(), config_.jobs.end(),
                    [&](const ScrapeJobConfig& one) { return one.name == job.name; });
    if (!job.name.empty() && twice) {
      fail(*find_value(item, "job_name"),
           fmt::format("there are several scrape jobs called \"{}\"", job.name));
    }
    const auto interval = read_interval(item, "scrape_interval");
    look_at_timeout(item, interval ? interval : config_.scrape_interval, "job " + job.name);
    job.relabels = !items_of(item, "relabel_configs").empty();
    job.targets = targets_of(item, job.relabels);
    job.discovers = std::any_of(item.entries.begin(), item.entries.end(), [](const auto& entry) {
      return entry.key->text.ends_with("_sd_configs");
    });
    config_.jobs.push_back(std::move(job));
  }

  PrometheusConfig& config_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::optional<PrometheusConfig> load_prometheus_config(const std::string& path,
                                                       Diagnostics& diagnostics) {
  const auto text = read_file(path, kLargestPrometheusConfig);
  if (text.has_error()) {
    diagnostics.add(text.error());
    return std::nullopt;
  }
  const yaml::Bounds bounds{kLargestPrometheusConfig, 1'000'000};
  const yaml::ForeignDocument document = yaml::parse_foreign(path, *text, bounds, diagnostics);
  if (!document.root) return std::nullopt;
  if (!document.root->is_map()) {
    diagnostics.add(document.root->error("a mapping is expected"));
    return std::nullopt;
  }
  PrometheusConfig config;
  config.path = path;
  PrometheusConfigReader(config, diagnostics).read(*document.root);
  return config;
}

}  // namespace tocsin::check
