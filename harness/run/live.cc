#include "harness/run/live.h"

#include <algorithm>
#include <optional>

#include "harness/http/url.h"
#include "harness/net/connect.h"
#include "harness/net/loop.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/net/tls.h"
#include "harness/run/caller.h"
#include "harness/run/embedded_monitor.h"
#include "harness/run/fake_stage.h"
#include "harness/run/live_clock.h"
#include "harness/run/live_load.h"
#include "harness/run/outside_faults.h"
#include "harness/run/prober.h"
#include "harness/run/rule_scale.h"
#include "harness/run/target_silence.h"

namespace tocsin::run {
namespace {

constexpr Nanos kResolveTimeout = std::chrono::seconds(10);

class LiveRun {
 public:
  LiveRun(const scenario::Scenario& scenario, const LiveOptions& options, net::TlsContextPtr tls)
      : scenario_(scenario),
        options_(options),
        faults_(without_call_effects(scenario.faults)),
        clock_(system_clock(), options.time_scale),
        tls_(std::move(tls)) {}

  Result<Evidence> run(const RuleFiles& rules, const ScaledRules& scaled) {
    clock_.hold();
    TRY_VOID(open_stage());
    TRY_VOID(plan_outside());
    TRY_VOID(plan_probes());
    TRY_VOID(plan_calls());
    monitor_ = make_monitor(scaled);
    TRY(std::vector<ScrapedTarget> targets, scraped_targets());
    TRY_VOID(monitor_->prepare(std::move(targets), [this](Timestamp start) {
      stage_->begin_at(start);
      clock_.begin_at(start);
    }));
    evidence_ =
        begin_evidence(scenario_, rules, RunMode::kLive, clock_.start(), options_.time_scale);
    evidence_.run.warnings = scaled.unscaled;
    warn_of_external_target();
    warn_of_real_exporters();
    std::optional<LoadThread> load;
    if (!scenario_.traffic.phases.empty()) {
      const std::string url = external() ? options_.target_url : stage_->load_url();
      load.emplace(
          load_options(scenario_, options_, url, external() ? stage_->proxy() : std::nullopt));
    }
    loop_.run(conduct(load ? &*load : nullptr));
    evidence_.run.end = clock_.wall(clock_.now());
    if (load) TRY_VOID(take_load(*load));
    if (stage_) stage_->stop();
    finish();
    return std::move(evidence_);
  }

 private:
  std::unique_ptr<Monitor> make_monitor(const ScaledRules& scaled) {
    const StackContext context = {loop_, scenario_, scaled,    options_.routing,
                                  tls_,  clock_,    evidence_, options_.stop};
    if (options_.real) return real_monitor(context, *options_.real);
    if (options_.staging) {
      StagingOptions staging = *options_.staging;
      staging.prometheus.tls = tls_;
      if (staging.alertmanager) staging.alertmanager->tls = tls_;
      return staging_monitor(context, std::move(staging));
    }
    return embedded_monitor(loop_, scenario_, scaled, options_.routing, tls_, clock_, evidence_);
  }

  bool external() const { return !options_.target_url.empty(); }
  bool asked_to_stop() const { return options_.stop != nullptr && options_.stop->load(); }

  Result<void> open_stage() {
    StageOptions stage;
    stage.host = options_.listen;
    stage.documented_ports = options_.staging.has_value();
    stage.without_service = external();
    stage.without_exporters = options_.without_exporters;
    if (external() && has_network_faults()) {
      TRY(stage.elsewhere, addresses_of_target());
    }
    stage.traffic = &scenario_.traffic;
    stage.seed = scenario_.seed;
    stage.noise = scenario_.noise;
    stage.time_scale = options_.time_scale;
    stage.start = clock_.start();
    stage.offset = [this] { return clock_.offset(); };
    TRY(stage_, FakeStage::open(*scenario_.system, faults_, std::move(stage)));
    return {};
  }

  bool has_network_faults() const {
    const auto on_network = [](const faults::Fault& fault) {
      return !fault.network_faults.empty();
    };
    return std::any_of(scenario_.faults.begin(), scenario_.faults.end(), on_network);
  }

  Result<std::vector<net::Address>> addresses_of_target() {
    TRY(const http::Url url, http::parse_url(options_.target_url));
    auto found =
        loop_.run(net::resolve(loop_, url.host, url.port, net::deadline_in(kResolveTimeout)));
    if (found) return std::move(*found);
    return io_error("cannot put a proxy before " + url.origin() + ": " +
                    net::to_string(found.error()));
  }

  Result<void> plan_outside() {
    OutsideSetup setup;
    setup.tls = tls_;
    setup.verify_tls = options_.verify_tls;
    setup.ca_file = options_.ca_file;
    setup.target_url = external() ? options_.target_url : stage_->url("service");
    setup.external = external();
    setup.guard_program = options_.guard_program;
    TRY(outside_, OutsideFaults::plan(loop_, scenario_, clock_, std::move(setup)));
    return {};
  }

  void warn_of_external_target() {
    for (const faults::Fault& fault : scenario_.faults) {
      if (!external() || fault.target != "service" || !fault.call.empty() || fault.action) continue;
      evidence_.run.warnings.push_back("the service is an external target: the fault \"" +
                                       fault.name +
                                       "\" on it is not made, only claimed about; run, http or "
                                       "toxiproxy beside it would make it");
    }
  }

  void warn_of_real_exporters() {
    if (!options_.without_exporters) return;
    for (const scenario::Target* target : targets_of(*scenario_.system)) {
      const auto on_it = [&](const faults::Fault& fault) {
        return fault.target == target->name && !fault.action;
      };
      if (is_reached(*target)) continue;
      if (std::any_of(scenario_.faults.begin(), scenario_.faults.end(), on_it)) {
        evidence_.run.warnings.push_back(
            target->name + " is no fake one here: faults on it are not made, only claimed about");
      }
    }
  }

  /// Where real exporters are, only their Prometheus knows.
  bool is_reached(const scenario::Target& target) const {
    return &target == &scenario_.system->service || !options_.without_exporters;
  }

  Result<http::Url> url_of(const scenario::Target& target, const std::string& path) const {
    const bool service = &target == &scenario_.system->service;
    TRY(http::Url url,
        http::parse_url(service && external() ? options_.target_url : stage_->url(target.name)));
    if (url.target.find('?') != std::string::npos) {
      return input_error({}, "the target's URL must not have a query: " + options_.target_url);
    }
    while (url.target.ends_with('/')) url.target.pop_back();
    url.target += path;
    return url;
  }

  Result<std::vector<ScrapedTarget>> scraped_targets() const {
    std::vector<ScrapedTarget> targets;
    for (const scenario::Target* target : targets_of(*scenario_.system)) {
      if (!is_reached(*target)) continue;
      TRY(http::Url url, url_of(*target, target->metrics_path));
      const bool fake = target != &scenario_.system->service || !external();
      targets.push_back({target, std::move(url), fake});
    }
    return targets;
  }

  Result<void> plan_probes() {
    for (const ProbePlan& plan : probes_of(*scenario_.system)) {
      if (!is_reached(*plan.target)) continue;
      TRY(http::Url url, url_of(*plan.target, plan.endpoint->path));
      probes_.push_back({plan, std::move(url)});
    }
    return {};
  }

  Result<void> plan_calls() {
    for (const faults::Fault& fault : scenario_.faults) {
      if (fault.call.empty()) continue;
      const scenario::Target& target = *scenario_.system->target(fault.target);
      if (!is_reached(target)) continue;
      const auto named = [&](const auto& endpoint) { return endpoint.path == fault.call; };
      const auto endpoint = std::find_if(target.admin.begin(), target.admin.end(), named);
      TRY(http::Url url, url_of(target, fault.call));
      calls_.push_back({&fault, &*endpoint, std::move(url)});
    }
    return {};
  }

  net::Task<void> conduct(const LoadThread* load) {
    net::TaskGroup group(loop_);
    outside_->begin(evidence_);
    group.spawn(monitor_->watch(scenario_.length));
    group.spawn(look_at_dashboards(loop_, options_.dashboards, tls_, clock_, RunPart::kBeginning,
                                   evidence_));
    for (const Probe& probe : probes_) {
      group.spawn(
          probe_endpoint(loop_, probe.plan, probe.url, tls_, clock_, scenario_.length, evidence_));
    }
    for (const Call& call : calls_) {
      group.spawn(call_endpoint(loop_, *call.fault, *call.endpoint, call.url, tls_, clock_,
                                scenario_.length, evidence_));
    }
    co_await report(load);
    group.cancel_all();
    co_await outside_->finish();
    co_await group.join();
  }

  /// Until the scenario's end, or until asked to stop, or when there is no load to wait for.
  net::Task<void> report(const LoadThread* load) {
    while (clock_.offset() < scenario_.length) {
      if (load != nullptr && load->refused()) co_return;
      if (asked_to_stop() || !monitor_->trouble().empty() || !outside_->trouble().empty()) {
        evidence_.run.partial = true;
        co_return;
      }
      if (options_.progress) {
        LiveProgress progress;
        progress.elapsed = clock_.offset();
        progress.planned = scenario_.length;
        if (load != nullptr) progress.ledger = load->ledger();
        const AlertCounts alerts = monitor_->alerts();
        progress.pending = alerts.pending;
        progress.firing = alerts.firing;
        options_.progress(progress);
      }
      const Nanos tick = std::chrono::milliseconds(100);
      co_await net::sleep_until(std::min(clock_.now() + tick, clock_.when(scenario_.length)));
    }
  }

  /// Requests may be in flight when the scenario is over.
  Result<void> take_load(LoadThread& load) {
    if (evidence_.run.partial) load.stop();
    while (!load.ends_within(std::chrono::milliseconds(100))) {
      if (!asked_to_stop()) continue;
      evidence_.run.partial = true;
      load.stop();
    }
    TRY(traffic::LoadOutcome outcome, load.finish());
    evidence_.run.invalid_reason = std::move(outcome.invalid_reason);
    evidence_.load = std::move(outcome.result);
    return {};
  }

  void finish() {
    monitor_->finish();
    loop_.run(
        look_at_dashboards(loop_, options_.dashboards, tls_, clock_, RunPart::kEnd, evidence_));
    const std::string silence = external() && !evidence_.run.partial
                                    ? target_silence(evidence_, scenario_, options_.target_url)
                                    : "";
    for (const std::string& trouble : {monitor_->trouble(), outside_->trouble(), silence}) {
      if (trouble.empty()) continue;
      std::string& reason = evidence_.run.invalid_reason;
      reason = reason.empty() ? trouble : reason + "; " + trouble;
    }
    // They were written down when they ended.
    const auto by_time = [](const auto& a, const auto& b) { return a.at < b.at; };
    std::stable_sort(evidence_.probes.begin(), evidence_.probes.end(), by_time);
    std::stable_sort(evidence_.scrapes.begin(), evidence_.scrapes.end(), by_time);
  }

  struct Probe {
    ProbePlan plan;
    http::Url url;
  };

  struct Call {
    const faults::Fault* fault;
    const scenario::AdminEndpoint* endpoint;
    http::Url url;
  };

  const scenario::Scenario& scenario_;
  const LiveOptions& options_;
  faults::FaultTimeline faults_;
  LiveClock clock_;
  Evidence evidence_;
  net::TlsContextPtr tls_;
  std::unique_ptr<FakeStage> stage_;
  net::Loop loop_;
  std::unique_ptr<OutsideFaults> outside_;
  std::unique_ptr<Monitor> monitor_;
  std::vector<Probe> probes_;
  std::vector<Call> calls_;
};

}  // namespace

Result<Evidence> run_live(const scenario::Scenario& scenario, const RuleFiles& rules,
                          const LiveOptions& options) {
  TRY(const ScaledRules scaled, scale_rules(rules, options.time_scale));
  net::TlsClientOptions tls;
  tls.verify = options.verify_tls;
  tls.ca_file = options.ca_file;
  // Reads the system's authorities, which takes a while: before the clock starts.
  TRY(net::TlsContextPtr context, net::TlsContext::client(tls));
  return LiveRun(scenario, options, std::move(context)).run(rules, scaled);
}

}  // namespace tocsin::run
