#include "harness/run/staging_monitor.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/run/receiver_trouble.h"
#include "harness/run/stack.h"
#include "harness/run/stack_monitor.h"
#include "harness/run/wanted_series.h"
#include "harness/stack/rule_match.h"

namespace tocsin::run {
namespace {

constexpr std::size_t kMostNamed = 20;

class StagingMonitor final : public StackMonitor {
 public:
  StagingMonitor(const StackContext& context, StagingOptions options)
      : StackMonitor(context), options_(std::move(options)) {}

  Result<void> prepare(std::vector<ScrapedTarget> targets,
                       const std::function<void(Timestamp)>& begin) override {
    TRY_VOID(run_.loop.run(look_at_prometheus()));
    if (options_.alertmanager) TRY_VOID(run_.loop.run(look_at_alertmanager()));
    TRY_VOID(open_receivers());
    open_pages(std::move(targets));
    const Timestamp start = system_clock().now();
    begin(start);
    open_watch(watch_setup(start));
    return {};
  }

 protected:
  bool knows_who_was_told() const override { return receivers_ != nullptr; }

 private:
  net::Task<Result<void>> look_at_prometheus() {
    stack::PrometheusApi api(run_.loop, options_.prometheus);
    Result<void> ready = co_await api.ready();
    if (ready.has_error()) co_return ready.error();
    Result<std::vector<stack::GroupStatus>> groups = co_await api.rules();
    if (groups.has_error()) co_return groups.error();
    Result<void> rules = hold_rules_against(*groups);
    if (rules.has_error()) co_return rules.error();
    Result<std::vector<stack::TargetStatus>> targets = co_await api.targets();
    if (targets.has_error()) co_return targets.error();
    note_targets(*targets);
    co_return Result<void>();
  }

  /// An error where claims of the scenario cannot come true; the rest is told.
  Result<void> hold_rules_against(const std::vector<stack::GroupStatus>& loaded) {
    const auto mismatches = stack::mismatched_rules(run_.rules.files, loaded);
    std::vector<std::string> needed;
    std::size_t told = 0;
    for (const stack::RuleMismatch& one : mismatches) {
      const std::string name =
          fmt::format("{} {} (group {})", one.alerting ? "alert" : "rule", one.name, one.group);
      if (one.missing && one.alerting && is_claimed(one.name)) {
        needed.push_back(one.name + " (" + one.what + ')');
      } else if (++told <= kMostNamed) {
        warn(fmt::format("{}: {} {}", options_.prometheus.name, name, one.what));
      }
    }
    if (told > kMostNamed) {
      warn(fmt::format("{}: {} more differences of rules", options_.prometheus.name,
                       told - kMostNamed));
    }
    note_intervals(loaded);
    if (needed.empty()) return {};
    std::string all;
    for (const std::string& name : needed) all += (all.empty() ? "" : ", ") + name;
    Error error =
        io_error(fmt::format("{} has not loaded rules that the scenario makes claims on: {}",
                             options_.prometheus.name, all));
    error.hints.push_back(
        fmt::format("it has {} rules; load the system's rule files there", rules_in(loaded)));
    return error;
  }

  static std::size_t rules_in(const std::vector<stack::GroupStatus>& groups) {
    std::size_t count = 0;
    for (const stack::GroupStatus& group : groups) count += group.rules.size();
    return count;
  }

  bool is_claimed(const std::string& alert) const {
    const auto& alerts = run_.scenario.expect.alerts;
    return std::any_of(alerts.begin(), alerts.end(),
                       [&](const auto& claim) { return claim.alert == alert; });
  }

  /// Claims allow for one evaluation interval, which is the system's.
  void note_intervals(const std::vector<stack::GroupStatus>& loaded) {
    const Duration ours = run_.scenario.system->evaluation_interval;
    for (const stack::GroupStatus& group : loaded) {
      const bool of_ours = std::any_of(group.rules.begin(), group.rules.end(),
                                       [&](const auto& rule) { return has_rule(rule.name); });
      if (!of_ours || group.interval <= ours) continue;
      warn(fmt::format("{}: group {} is evaluated every {}, the system says {}",
                       options_.prometheus.name, group.name, format_duration(group.interval),
                       format_duration(ours)));
    }
  }

  bool has_rule(const std::string& name) const {
    for (const rules::RuleFile& file : run_.rules.files) {
      for (const rules::RuleGroup& group : file.groups) {
        for (const rules::Rule& rule : group.rules) {
          if (rule.name == name) return true;
        }
      }
    }
    return false;
  }

  void note_targets(const std::vector<stack::TargetStatus>& scraped) {
    for (const scenario::Target* target : targets_of(*run_.scenario.system)) {
      const Labels labels = target_labels(*target);
      const stack::TargetStatus* alike = nullptr;
      bool there = false;
      for (const stack::TargetStatus& one : scraped) {
        if (one.labels == labels) there = true;
        if (one.labels.get("job") == labels.get("job")) alike = &one;
      }
      if (there) continue;
      warn(fmt::format("{}: no target has the labels {}{}", options_.prometheus.name,
                       labels.to_string(),
                       alike == nullptr ? "" : "; this job has " + alike->labels.to_string()));
    }
  }

  net::Task<Result<void>> look_at_alertmanager() {
    stack::AlertmanagerApi api(run_.loop, *options_.alertmanager);
    Result<void> ready = co_await api.ready();
    if (ready.has_error()) co_return ready.error();
    Result<std::string> text = co_await api.configuration();
    if (text.has_error()) co_return text.error();
    Diagnostics diagnostics;
    const auto config = alerting::parse_config(options_.alertmanager->name + "'s configuration",
                                               std::move(*text), diagnostics);
    if (!diagnostics.ok()) co_return diagnostics.sorted().front();
    routing_ = routing_of(*run_.scenario.system, config);
    run_.routing = &routing_;
    co_return Result<void>();
  }

  Result<void> open_receivers() {
    if (!options_.receivers_port) {
      if (!run_.scenario.expect.notifications.empty() || run_.scenario.expect.all_notified) {
        warn(
            "nobody here sees what Alertmanager's receivers are told: claims on notifications "
            "cannot be judged; with --alertmanager, --receivers-port lets ours listen for it");
      }
      return {};
    }
    receivers::ReceiverOptions receivers = receiver_options(run_.scenario, *config(), run_.clock);
    if (!options_.receivers_host.empty()) receivers.host = options_.receivers_host;
    receivers.http_port = *options_.receivers_port;
    TRY(receivers_, receivers::ReceiverServer::open(std::move(receivers)));
    return {};
  }

  stack::WatchSetup watch_setup(Timestamp start) const {
    WantedSeries wanted = wanted_series(run_.scenario, run_.rules.files);
    stack::WatchSetup setup;
    setup.prometheus = options_.prometheus;
    setup.alertmanager = options_.alertmanager;
    setup.selectors = std::move(wanted.selectors);
    setup.samples_from = start - wanted.back;
    setup.evaluation_interval = run_.scenario.system->evaluation_interval;
    if (config() != nullptr) setup.routing = run_.routing->config;
    return setup;
  }

  const StagingOptions options_;
  Routing routing_;  ///< by the configuration that is in force
};

}  // namespace

std::unique_ptr<Monitor> staging_monitor(const StackContext& context, StagingOptions options) {
  return std::make_unique<StagingMonitor>(context, std::move(options));
}

}  // namespace tocsin::run
