#include "harness/run/real_monitor.h"

#include <fmt/format.h>

#include "harness/run/receiver_trouble.h"
#include "harness/run/stack.h"
#include "harness/run/stack_monitor.h"
#include "harness/stack/launch.h"

namespace tocsin::run {
namespace {

/// Prometheus' own defaults, which are scaled as everything is.
constexpr Duration kLookback = std::chrono::minutes(5);
constexpr Duration kResendDelay = std::chrono::minutes(1);
constexpr Duration kForGracePeriod = std::chrono::minutes(10);
constexpr Duration kForOutageTolerance = std::chrono::hours(1);

/// Of programs that it starts itself.
class RealMonitor final : public StackMonitor {
 public:
  RealMonitor(const StackContext& context, const RealStackOptions& options)
      : StackMonitor(context), options_(options) {}

  Result<void> prepare(std::vector<ScrapedTarget> targets,
                       const std::function<void(Timestamp)>& begin) override {
    TRY(stack::RunFolder folder, stack::RunFolder::make());
    TRY_VOID(open_receivers(folder.path()));
    auto launched =
        run_.loop.run(stack::Launch::start(run_.loop, launch_setup(targets), std::move(folder)));
    if (launched.has_error()) return launched.error();
    launch_ = std::move(*launched);
    open_pages(std::move(targets));
    const Timestamp start = launch_->choose_start();
    begin(start);
    TRY_VOID(run_.loop.run(launch_->begin_at(start)));
    open_watch(watch_setup(start));
    return {};
  }

 protected:
  std::string look_for_trouble() override { return launch_->trouble(); }

  void close() override {
    if (!trouble().empty()) launch_->keep_logs();
    const std::string kept = launch_->stop();
    if (!kept.empty()) warn("logs of Prometheus and Alertmanager are kept in " + kept);
  }

 private:
  Result<void> open_receivers(const std::string& folder) {
    if (config() == nullptr) return {};
    receivers::ReceiverOptions options = receiver_options(run_.scenario, *config(), run_.clock);
    options.folder = folder;
    TRY(receivers_, receivers::ReceiverServer::open(std::move(options)));
    return {};
  }

  stack::LaunchSetup launch_setup(const std::vector<ScrapedTarget>& targets) {
    stack::LaunchSetup setup;
    const scenario::System& system = *run_.scenario.system;
    setup.prometheus = options_.prometheus;
    setup.keep_logs = options_.keep_logs;
    setup.stop = run_.stop;
    setup.external_labels = system.external_labels;
    setup.evaluation_interval = scaled_by_run(system.evaluation_interval);
    setup.lookback = scaled_by_run(kLookback);
    setup.resend_delay = scaled_by_run(kResendDelay);
    setup.for_grace_period = scaled_by_run(kForGracePeriod);
    setup.for_outage_tolerance = scaled_by_run(kForOutageTolerance);
    for (const ScrapedTarget& target : targets) setup.targets.push_back(launch_target(target));
    for (const rules::RuleFile& file : run_.rules.files) {
      for (const rules::RuleGroup& group : file.groups) setup.groups.push_back(&group);
    }
    if (system.polled_alerts) {
      for (const auto& alert : system.polled_alerts->alerts) {
        setup.unsent_alerts.push_back(alert.name);
      }
    }
    if (config() != nullptr) {
      setup.alertmanager = options_.alertmanager;
      setup.alertmanager_config = rewritten_config();
    }
    return setup;
  }

  stack::LaunchTarget launch_target(const ScrapedTarget& scraped) const {
    const scenario::Target& target = *scraped.target;
    stack::LaunchTarget launched;
    launched.may_vary = scraped.fake;
    launched.job.name = target.name;
    launched.job.url = scraped.url;
    for (const LabelView label : target_labels(target)) {
      launched.job.labels.emplace_back(std::string(label.name), std::string(label.value));
    }
    launched.job.interval = scaled_by_run(target.scrape_interval);
    launched.job.timeout = std::chrono::ceil<Duration>(scrape_timeout(target, run_.clock));
    launched.job.honor_labels = target.honor_labels;
    return launched;
  }

  std::string rewritten_config() {
    stack::ReceiverAddresses addresses = receiver_addresses(*receivers_);
    addresses.mark = true;
    stack::RewrittenConfig rewritten =
        stack::rewrite_config(*config(), addresses, run_.clock.time_scale());
    for (std::string& what : rewritten.unscaled) warn(std::move(what));
    for (std::string& what : rewritten.left_out) warn(std::move(what));
    set_gone(std::move(rewritten.gone));
    return std::move(rewritten.text);
  }

  stack::WatchSetup watch_setup(Timestamp start) const {
    stack::WatchSetup setup;
    setup.prometheus.name = "Prometheus";
    setup.prometheus.url = http::parse_url(launch_->prometheus_url()).value();
    if (!launch_->alertmanager_url().empty()) {
      setup.alertmanager.emplace();
      setup.alertmanager->name = "Alertmanager";
      setup.alertmanager->url = http::parse_url(launch_->alertmanager_url()).value();
    }
    setup.selectors = {"{__name__=~\".+\"}"};
    setup.samples_from = start - Duration(1);
    setup.evaluation_interval = scaled_by_run(run_.scenario.system->evaluation_interval);
    if (config() != nullptr) setup.routing = run_.routing->config;
    return setup;
  }

  const RealStackOptions& options_;
  std::unique_ptr<stack::Launch> launch_;
};

}  // namespace

std::unique_ptr<Monitor> real_monitor(const StackContext& context,
                                      const RealStackOptions& options) {
  return std::make_unique<RealMonitor>(context, options);
}

}  // namespace tocsin::run
