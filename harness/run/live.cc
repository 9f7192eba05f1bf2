#include "harness/run/live.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <mutex>
#include <optional>

#include "harness/http/url.h"
#include "harness/metrics/store.h"
#include "harness/net/loop.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/net/tls.h"
#include "harness/run/caller.h"
#include "harness/run/fake_stage.h"
#include "harness/run/live_clock.h"
#include "harness/run/prober.h"
#include "harness/run/rule_scale.h"
#include "harness/run/scraper.h"
#include "harness/traffic/load.h"

namespace tocsin::run {
namespace {

/// The load generator on a thread of its own.
class LoadThread {
 public:
  explicit LoadThread(traffic::LoadOptions options) : options_(std::move(options)) {
    outcome_ = std::async(std::launch::async, [this] {
      auto outcome =
          traffic::run_load(options_, stop_, [this](const traffic::LoadProgress& progress) {
            const std::lock_guard lock(mutex_);
            ledger_ = progress.ledger;
          });
      refused_ = outcome.has_error();
      return outcome;
    });
  }
  /// Ends it, and waits for the end.
  ~LoadThread() { stop_.request(); }

  void stop() { stop_.request(); }
  LoadLedger ledger() const {
    const std::lock_guard lock(mutex_);
    return ledger_;
  }
  /// It could not begin: finish() has the reason.
  bool refused() const { return refused_; }
  bool ends_within(Nanos wait) const {
    return outcome_.wait_for(wait) == std::future_status::ready;
  }
  /// Waits for its end.
  Result<traffic::LoadOutcome> finish() { return outcome_.get(); }

 private:
  traffic::LoadOptions options_;
  traffic::LoadStop stop_;
  mutable std::mutex mutex_;
  LoadLedger ledger_;
  std::atomic<bool> refused_{false};
  std::future<Result<traffic::LoadOutcome>> outcome_;  ///< the last member: its end waits
};

/// What live runs allow the generator: a busy machine is late by more than a claim on alerts
/// minds, while claims on latencies want the engine's own limit.
constexpr Duration kLagLimit = std::chrono::milliseconds(100);

bool claims_latency(const scenario::Scenario& scenario) {
  const auto& claims = scenario.expect.load;
  return std::any_of(claims.begin(), claims.end(),
                     [](const auto& claim) { return !claim.percentiles.empty(); });
}

traffic::LoadOptions load_options(const scenario::Scenario& scenario, const LiveOptions& options,
                                  const std::string& url) {
  traffic::LoadOptions load;
  load.url = url;
  load.traffic = scenario.traffic;
  load.seed = scenario.seed;
  load.time_scale = options.time_scale;
  load.connections = scenario.connections;
  load.threads = options.load_threads;
  load.verify_tls = options.verify_tls;
  load.ca_file = options.ca_file;
  // As fine as a simulated run's, but never so fine that a slice holds nothing.
  const Duration slice = scaled(scenario.system->service.scrape_interval, options.time_scale);
  load.slice = std::max<Duration>(slice, std::chrono::milliseconds(100));
  if (!claims_latency(scenario)) load.lag_limit = kLagLimit;
  for (const scenario::Endpoint& endpoint : scenario.system->service.endpoints) {
    traffic::RequestTemplate request;
    request.name = endpoint.name;
    request.method = endpoint.method;
    request.target = endpoint.path;
    if (endpoint.method != "GET" && endpoint.method != "HEAD") {
      request.headers.emplace_back("Content-Type", "application/json");
      request.body = "{\"id\": {seq}}";
    }
    load.requests.push_back(std::move(request));
  }
  // The system's own weights, where a phase names no mix.
  for (traffic::Phase& phase : load.traffic.phases) {
    if (!phase.mix.empty()) continue;
    for (const scenario::Endpoint& endpoint : scenario.system->service.endpoints) {
      phase.mix.push_back({endpoint.name, endpoint.weight});
    }
  }
  return load;
}

class LiveRun {
 public:
  /// The run's time begins now.
  LiveRun(const scenario::Scenario& scenario, const LiveOptions& options, net::TlsContextPtr tls)
      : scenario_(scenario),
        options_(options),
        faults_(without_call_effects(scenario.faults)),
        clock_(system_clock(), options.time_scale),
        store_(std::make_shared<metrics::Store>()),
        tls_(std::move(tls)) {}

  Result<Evidence> run(const RuleFiles& rules, const ScaledRules& scaled) {
    evidence_ =
        begin_evidence(scenario_, rules, RunMode::kLive, clock_.start(), options_.time_scale);
    evidence_.run.warnings = scaled.unscaled;
    TRY_VOID(open_stage());
    TRY_VOID(open_scrapers());
    TRY_VOID(plan_calls());
    rules::LiveEvaluation evaluation(scaled.files, *store_, *store_, scaled_evaluation());
    std::optional<LoadThread> load;
    if (!scenario_.traffic.phases.empty()) {
      const std::string url = external() ? options_.target_url : stage_->load_url();
      load.emplace(load_options(scenario_, options_, url));
    }
    loop_.run(conduct(evaluation, load ? &*load : nullptr));
    evidence_.run.end = clock_.wall(clock_.now());
    if (load) TRY_VOID(take_load(*load));
    if (stage_) stage_->stop();
    finish(evaluation.outcome());
    return std::move(evidence_);
  }

 private:
  bool external() const { return !options_.target_url.empty(); }
  bool asked_to_stop() const { return options_.stop != nullptr && options_.stop->load(); }

  Result<void> open_stage() {
    const auto on_service = [](const faults::Fault& fault) {
      return (fault.target == "service" && fault.call.empty()) || fault.target == "network";
    };
    if (external() && std::any_of(scenario_.faults.begin(), scenario_.faults.end(), on_service)) {
      evidence_.run.warnings.emplace_back(
          "the service is an external target: faults on it and on the network to it are not made, "
          "only claimed about");
    }
    StageOptions stage;
    stage.without_service = external();
    stage.seed = scenario_.seed;
    stage.noise = scenario_.noise;
    stage.time_scale = options_.time_scale;
    stage.start = clock_.start();
    stage.offset = [this] { return clock_.offset(); };
    TRY(stage_, FakeStage::open(*scenario_.system, faults_, std::move(stage)));
    return {};
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

  Result<void> open_scrapers() {
    for (const scenario::Target* target : targets_of(*scenario_.system)) {
      TRY(http::Url url, url_of(*target, target->metrics_path));
      scrapers_.emplace_back(loop_, *target, std::move(url), tls_, clock_, *store_, evidence_);
    }
    for (const ProbePlan& plan : probes_of(*scenario_.system)) {
      TRY(http::Url url, url_of(*plan.target, plan.endpoint->path));
      probes_.push_back({plan, std::move(url)});
    }
    return {};
  }

  Result<void> plan_calls() {
    for (const faults::Fault& fault : scenario_.faults) {
      if (fault.call.empty()) continue;
      const scenario::Target& target = *scenario_.system->target(fault.target);
      const auto named = [&](const auto& endpoint) { return endpoint.path == fault.call; };
      const auto endpoint = std::find_if(target.admin.begin(), target.admin.end(), named);
      TRY(http::Url url, url_of(target, fault.call));
      calls_.push_back({&fault, &*endpoint, std::move(url)});
    }
    return {};
  }

  /// Evaluations fall between scrapes, so that each sees a whole one.
  rules::EvaluationOptions scaled_evaluation() const {
    rules::EvaluationOptions evaluation = evaluation_options(scenario_, clock_.start());
    evaluation.interval = scaled(evaluation.interval, options_.time_scale);
    evaluation.origin += evaluation.interval / 2;
    promql::QueryOptions& query = evaluation.query;
    query.lookback = scaled(query.lookback, options_.time_scale);
    query.default_subquery_step = scaled(query.default_subquery_step, options_.time_scale);
    return evaluation;
  }

  net::Task<void> conduct(rules::LiveEvaluation& evaluation, const LoadThread* load) {
    net::TaskGroup group(loop_);
    for (Scraper& scraper : scrapers_) group.spawn(scraper.run(scenario_.length));
    for (const Probe& probe : probes_) {
      group.spawn(
          probe_endpoint(loop_, probe.plan, probe.url, tls_, clock_, scenario_.length, evidence_));
    }
    for (const Call& call : calls_) {
      group.spawn(call_endpoint(loop_, *call.fault, *call.endpoint, call.url, tls_, clock_,
                                scenario_.length, evidence_));
    }
    group.spawn(evaluate(evaluation));
    co_await report(evaluation, load);
    group.cancel_all();
    co_await group.join();
  }

  net::Task<void> evaluate(rules::LiveEvaluation& evaluation) {
    while (true) {
      const Timestamp due = evaluation.next_due();
      if (evidence_.offset_of(due) > scenario_.length) co_return;
      const bool slept = co_await net::sleep_until(clock_.monotonic(due));
      if (!slept) co_return;
      evaluation.tick(clock_.wall(clock_.now()));
    }
  }

  /// Until the scenario's end, or until asked to stop, or when there is no load to wait for.
  net::Task<void> report(const rules::LiveEvaluation& evaluation, const LoadThread* load) {
    while (clock_.offset() < scenario_.length) {
      if (load != nullptr && load->refused()) co_return;
      if (asked_to_stop()) {
        evidence_.run.partial = true;
        co_return;
      }
      if (options_.progress) {
        LiveProgress progress;
        progress.elapsed = clock_.offset();
        progress.planned = scenario_.length;
        if (load != nullptr) progress.ledger = load->ledger();
        for (const AlertEpisode& episode : evaluation.active()) {
          ++(episode.firing_at ? progress.firing : progress.pending);
        }
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

  void finish(rules::EvaluationOutcome outcome) {
    for (const Scraper& scraper : scrapers_) {
      TargetFamilies exported = scraper.exported();
      if (!exported.families.empty()) evidence_.targets.push_back(std::move(exported));
    }
    for (AlertEpisode& episode : outcome.episodes) episode.hold = unscaled_hold(episode);
    take_outcome(std::move(outcome), evidence_);
    // They were written down when they ended.
    const auto by_time = [](const auto& a, const auto& b) { return a.at < b.at; };
    std::stable_sort(evidence_.probes.begin(), evidence_.probes.end(), by_time);
    std::stable_sort(evidence_.scrapes.begin(), evidence_.scrapes.end(), by_time);
    evidence_.samples = store_;
  }

  Duration unscaled_hold(const AlertEpisode& episode) const {
    for (const AlertRuleInfo& rule : evidence_.rules) {
      if (rule.group == episode.group && rule.alert == episode.alert &&
          scaled(rule.hold, options_.time_scale) == episode.hold) {
        return rule.hold;
      }
    }
    return episode.hold;
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
  std::shared_ptr<metrics::Store> store_;
  net::TlsContextPtr tls_;
  std::unique_ptr<FakeStage> stage_;
  net::Loop loop_;
  std::deque<Scraper> scrapers_;
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
