#include "harness/run/simulate.h"

#include <algorithm>
#include <deque>
#include <optional>

#include "fakes/service/model.h"
#include "harness/faults/timeline.h"
#include "harness/metrics/lint.h"
#include "harness/metrics/scrape_parser.h"
#include "harness/metrics/store.h"
#include "harness/run/health_watch.h"
#include "harness/run/route_alerts.h"
#include "harness/run/scrape_series.h"

namespace tocsin::run {
namespace {

using faults::TargetFaultKind;

/// Why a fault keeps a request to a target from being answered in time; empty when it does not.
std::string refusal(const std::optional<faults::TargetFault>& fault, Duration timeout) {
  if (!fault) return {};
  switch (fault->kind) {
    case TargetFaultKind::kDown:
      return "connection refused";
    case TargetFaultKind::kHang:
      return "timeout";
    case TargetFaultKind::kSlowScrape:
      return fault->delay > timeout ? "timeout" : "";
    case TargetFaultKind::kMalformedScrape:
      return "not an exposition";
    case TargetFaultKind::kRestart:
      break;
  }
  return {};
}

/// The same of a scrape, which the model may answer late, badly or not at all.
std::string refusal(const std::optional<faults::TargetFault>& fault,
                    const fakes::ScrapeManner& manner, Duration timeout) {
  std::string why = refusal(fault, timeout);
  if (!why.empty()) return why;
  const bool slow = fault && fault->kind == TargetFaultKind::kSlowScrape;
  const Duration delay = manner.delay + (slow ? fault->delay : Duration(0));
  if (manner.hangs || delay > timeout) return "timeout";
  return manner.fails ? "server returned HTTP status 500 Internal Server Error" : "";
}

/// One target on the virtual clock.
class SimulatedTarget {
 public:
  SimulatedTarget(const scenario::Scenario& scenario, const scenario::Target& target,
                  const faults::FaultTimeline& faults, const SimulationOptions& options,
                  Evidence& evidence, metrics::Store& store)
      : target_(target),
        faults_(faults),
        evidence_(evidence),
        store_(store),
        labels_(target_labels(target)),
        measures_load_(!options.study && !target.endpoints.empty() &&
                       !scenario.traffic.phases.empty()),
        series_(store, labels_),
        writer_(store),
        model_(target, faults, model_options(scenario, target, options, evidence)) {
    for (const auto& endpoint : target.health) watches_.emplace_back(endpoint.probe);
  }

  const scenario::Target& target() const { return target_; }

  void scrape(Duration offset) {
    const Timestamp at = evidence_.at_offset(offset);
    const auto fault = faults_.target_fault(target_.name, offset);
    ScrapeRecord record{target_.name, at, true, Nanos(0), 0, {}};
    const fakes::ScrapeManner manner = model_.scrape_manner(offset);
    record.error = refusal(fault, manner, target_.scrape_timeout);
    record.ok = record.error.empty();
    if (!record.ok) {
      model_.advance(offset);
      writer_.fail(at);
      record.duration = record.error == "timeout" ? target_.scrape_timeout : Duration(1);
      series_.write_failed(at, record.duration);
    } else {
      const std::size_t known = ids_.size();
      record.samples = write_samples(at, offset);
      // A scrape in process takes no time of its own: 1 ms and 1 µs a sample stand for it.
      record.duration = std::chrono::milliseconds(1) + std::chrono::microseconds(record.samples);
      record.duration += manner.delay;
      if (fault && fault->kind == TargetFaultKind::kSlowScrape) record.duration += fault->delay;
      series_.write(at, record.duration, record.samples, ids_.size() - known);
    }
    evidence_.scrapes.push_back(std::move(record));
  }

  void probe(std::size_t index, Duration offset) {
    const scenario::HealthEndpoint& endpoint = target_.health[index];
    ProbeResult result;
    result.target = target_.name;
    result.endpoint = endpoint.path;
    result.at = evidence_.at_offset(offset);
    const auto fault = faults_.target_fault(target_.name, offset);
    const bool answers =
        !fault || (fault->kind != TargetFaultKind::kDown && fault->kind != TargetFaultKind::kHang);
    if (!answers) {
      result.error = refusal(fault, endpoint.probe.timeout);
      result.latency = result.error == "timeout" ? endpoint.probe.timeout : Duration(1);
    } else {
      fakes::HealthAnswer answer = model_.health(endpoint, offset, result.at);
      result.latency = std::min(answer.latency, endpoint.probe.timeout);
      if (answer.latency > endpoint.probe.timeout) {
        result.error = "timeout";
      } else {
        result.status_code = answer.status_code;
        result.body = std::move(answer.body);
      }
    }
    watches_[index].judge(result);
    evidence_.probes.push_back(std::move(result));
  }

  /// What it exports, and the load that it answered.
  void finish(Duration offset) {
    TargetFamilies exported;
    exported.target = target_.name;
    exported.labels = labels_;
    exported.families = model_.families();
    exported.lint = metrics::lint(model_.expose(offset));
    for (const FamilyInfo& family : exported.families) store_.set_family(family);
    evidence_.targets.push_back(std::move(exported));
    if (measures_load_) evidence_.load = model_.load();
  }

 private:
  static fakes::ModelOptions model_options(const scenario::Scenario& scenario,
                                           const scenario::Target& target,
                                           const SimulationOptions& simulation,
                                           const Evidence& evidence) {
    fakes::ModelOptions options;
    options.seed = scenario.seed;
    options.noise = scenario.noise;
    options.start = evidence.run.start;
    options.traffic = &scenario.traffic;
    if (!target.endpoints.empty() && !simulation.study) {
      options.load_slice = target.scrape_interval;
    }
    if (simulation.study) options.grain = simulation.study->grain;
    return options;
  }

  std::uint32_t write_samples(Timestamp at, Duration offset) {
    const std::span<const double> values = model_.read(offset);
    bind_new_series();
    std::uint32_t written = 0;
    writer_.begin(at);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (is_stale(values[i])) continue;
      writer_.add(ids_[i], values[i]);
      ++written;
    }
    writer_.finish();
    return written;
  }

  void bind_new_series() {
    const std::vector<Labels>& all = model_.series();
    const auto conflict = target_.honor_labels ? metrics::LabelConflict::kHonorExposed
                                               : metrics::LabelConflict::kRenameExposed;
    for (std::size_t i = ids_.size(); i < all.size(); ++i) {
      std::vector<LabelView> exposed;
      for (const LabelView label : all[i]) {
        if (label.name != kMetricName) exposed.push_back(label);
      }
      metrics::ParsedSample sample;
      sample.name = all[i].metric_name();
      sample.labels = exposed;
      ids_.push_back(
          store_.intern(metrics::ScrapeParser::series_labels(sample, labels_, conflict)));
    }
  }

  const scenario::Target& target_;
  const faults::FaultTimeline& faults_;
  Evidence& evidence_;
  metrics::Store& store_;
  Labels labels_;
  bool measures_load_;
  ScrapeSeries series_;
  metrics::ScrapeWriter writer_;
  fakes::TargetModel model_;
  std::vector<HealthWatch> watches_;    ///< of the health endpoints
  std::vector<metrics::SeriesId> ids_;  ///< of the model's series
};

/// What happens to a target again and again.
struct Recurring {
  Duration next{0};
  Duration every{0};
  SimulatedTarget* target = nullptr;
  std::optional<std::size_t> probe;  ///< of which health endpoint; none: a scrape
};

class Simulation {
 public:
  Simulation(const scenario::Scenario& scenario, const SimulationOptions& options,
             Evidence& evidence, metrics::Store& store)
      : scenario_(scenario), options_(options), faults_(scenario.faults) {
    for (const scenario::Target* target : targets_of(*scenario.system)) {
      targets_.emplace_back(scenario, *target, faults_, options, evidence, store);
    }
  }

  /// Up to where the run came. All targets come equally far.
  Duration run() {
    const Duration reached = run_until(scenario_.length);
    if (!options_.study) {
      for (SimulatedTarget& target : targets_) target.finish(reached);
    }
    return reached;
  }

 private:
  bool stopped() const { return options_.stop != nullptr && options_.stop->load(); }

  Duration run_until(Duration end) {
    std::vector<Recurring> all = recurring();
    const auto sooner = [](const Recurring& a, const Recurring& b) { return a.next < b.next; };
    while (true) {
      Recurring& due = *std::min_element(all.begin(), all.end(), sooner);
      if (due.next > end) return end;
      if (stopped()) return due.next;
      if (due.probe) {
        due.target->probe(*due.probe, due.next);
      } else {
        due.target->scrape(due.next);
      }
      due.next += due.every;
    }
  }

  /// At least the service's scrapes.
  std::vector<Recurring> recurring() {
    std::vector<Recurring> all;
    for (SimulatedTarget& simulated : targets_) {
      const scenario::Target& target = simulated.target();
      all.push_back({options_.scrape_phase, target.scrape_interval, &simulated, std::nullopt});
      for (std::size_t i = 0; i < target.health.size() && !options_.study; ++i) {
        const scenario::ProbeSpec& probe = target.health[i].probe;
        all.push_back({probe.initial_delay, probe.period, &simulated, i});
      }
    }
    return all;
  }

  const scenario::Scenario& scenario_;
  const SimulationOptions& options_;
  faults::FaultTimeline faults_;
  std::deque<SimulatedTarget> targets_;
};

}  // namespace

Evidence simulate(const scenario::Scenario& scenario, const RuleFiles& rules,
                  const SimulationOptions& options) {
  Evidence evidence = begin_evidence(scenario, rules, RunMode::kSimulated, scenario.start, 1);
  evidence.run.warnings = scenario.warnings;
  auto store = std::make_shared<metrics::Store>();
  const Duration reached = Simulation(scenario, options, evidence, *store).run();
  evidence.run.end = evidence.at_offset(reached);
  evidence.run.partial = reached < scenario.length;
  auto evaluation = evaluation_options(scenario, evidence.at_offset(options.evaluation_phase));
  if (options.study) evaluation.only = options.study->rules;
  auto outcome = rules::evaluate_timeline(rules, *store, *store, evidence.run.end, evaluation);
  if (options.routing != nullptr) {
    route_alerts(scenario, *options.routing, rules, outcome, evaluation, *store, evidence);
  }
  take_outcome(std::move(outcome), evidence);
  evidence.samples = std::move(store);
  return evidence;
}

}  // namespace tocsin::run
