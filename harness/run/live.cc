#include "harness/run/live.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "harness/http/url.h"
#include "harness/metrics/store.h"
#include "harness/net/loop.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/net/tls.h"
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
    thread_ = std::thread([this] {
      outcome_ = traffic::run_load(options_, stop_, [this](const traffic::LoadProgress& progress) {
        const std::lock_guard lock(mutex_);
        ledger_ = progress.ledger;
      });
    });
  }
  ~LoadThread() {
    stop_.request();
    if (thread_.joinable()) thread_.join();
  }

  void stop() { stop_.request(); }
  LoadLedger ledger() const {
    const std::lock_guard lock(mutex_);
    return ledger_;
  }
  /// Waits for its end.
  Result<traffic::LoadOutcome> finish() {
    thread_.join();
    return std::move(*outcome_);
  }

 private:
  traffic::LoadOptions options_;
  traffic::LoadStop stop_;
  mutable std::mutex mutex_;
  LoadLedger ledger_;
  std::optional<Result<traffic::LoadOutcome>> outcome_;
  std::thread thread_;
};

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
  LiveRun(const scenario::Scenario& scenario, const LiveOptions& options)
      : scenario_(scenario),
        options_(options),
        faults_(scenario.faults),
        clock_(system_clock(), options.time_scale),
        store_(std::make_shared<metrics::Store>()) {}

  Result<Evidence> run(const RuleFiles& rules) {
    TRY(ScaledRules scaled, scale_rules(rules, options_.time_scale));
    evidence_ =
        begin_evidence(scenario_, rules, RunMode::kLive, clock_.start(), options_.time_scale);
    evidence_.run.warnings = scaled.unscaled;
    auto opened = open_stage();
    if (opened.has_error()) return opened.error();
    auto scrapers = open_scrapers();
    if (scrapers.has_error()) return scrapers.error();
    rules::LiveEvaluation evaluation(scaled.files, *store_, *store_, scaled_evaluation());
    std::optional<LoadThread> load;
    if (!scenario_.traffic.phases.empty()) {
      const std::string url = external() ? options_.target_url : stage_->load_url();
      load.emplace(load_options(scenario_, options_, url));
    }
    loop_.run(conduct(evaluation, load ? &*load : nullptr));
    evidence_.run.end = clock_.wall(clock_.now());
    if (load) {
      if (evidence_.run.partial) load->stop();
      auto taken = take_load(load->finish());
      if (taken.has_error()) return taken.error();
    }
    if (stage_) stage_->stop();
    finish(evaluation.outcome());
    return std::move(evidence_);
  }

 private:
  bool external() const { return !options_.target_url.empty(); }

  Result<void> open_stage() {
    if (external()) {
      evidence_.run.warnings.emplace_back(
          "the service is an external target: faults on it are not made, only claimed about");
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
    if (url.target == "/") url.target.clear();
    url.target += path;
    return url;
  }

  Result<void> open_scrapers() {
    net::TlsClientOptions tls;
    tls.verify = options_.verify_tls;
    tls.ca_file = options_.ca_file;
    TRY(tls_, net::TlsContext::client(tls));
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

  /// Evaluations fall between scrapes, so that each sees a whole one.
  rules::EvaluationOptions scaled_evaluation() const {
    rules::EvaluationOptions evaluation = evaluation_options(scenario_, clock_.start());
    evaluation.interval = scaled(evaluation.interval, options_.time_scale);
    evaluation.origin += evaluation.interval / 2;
    evaluation.query.lookback = scaled(evaluation.query.lookback, options_.time_scale);
    return evaluation;
  }

  net::Task<void> conduct(rules::LiveEvaluation& evaluation, const LoadThread* load) {
    net::TaskGroup group(loop_);
    for (Scraper& scraper : scrapers_) group.spawn(scraper.run(scenario_.length));
    for (const Probe& probe : probes_) {
      group.spawn(
          probe_endpoint(loop_, probe.plan, probe.url, tls_, clock_, scenario_.length, evidence_));
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

  /// Until the scenario's end, or until asked to stop.
  net::Task<void> report(const rules::LiveEvaluation& evaluation, const LoadThread* load) {
    while (clock_.offset() < scenario_.length) {
      if (options_.stop != nullptr && options_.stop->load()) {
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

  Result<void> take_load(Result<traffic::LoadOutcome> outcome) {
    if (outcome.has_error()) return outcome.error();
    evidence_.run.invalid_reason = outcome->invalid_reason;
    evidence_.load = std::move(outcome->result);
    return {};
  }

  void finish(rules::EvaluationOutcome outcome) {
    for (const Scraper& scraper : scrapers_) {
      TargetFamilies exported = scraper.exported();
      if (!exported.families.empty()) evidence_.targets.push_back(std::move(exported));
    }
    for (AlertEpisode& episode : outcome.episodes) {
      episode.hold = Duration(static_cast<std::int64_t>(static_cast<double>(episode.hold.count()) *
                                                        options_.time_scale));
    }
    take_outcome(std::move(outcome), evidence_);
    evidence_.samples = store_;
  }

  struct Probe {
    ProbePlan plan;
    http::Url url;
  };

  const scenario::Scenario& scenario_;
  const LiveOptions& options_;
  faults::FaultTimeline faults_;
  LiveClock clock_;
  Evidence evidence_;
  std::shared_ptr<metrics::Store> store_;
  std::unique_ptr<FakeStage> stage_;
  net::Loop loop_;
  net::TlsContextPtr tls_;
  std::deque<Scraper> scrapers_;
  std::vector<Probe> probes_;
};

}  // namespace

Result<Evidence> run_live(const scenario::Scenario& scenario, const RuleFiles& rules,
                          const LiveOptions& options) {
  return LiveRun(scenario, options).run(rules);
}

}  // namespace tocsin::run
