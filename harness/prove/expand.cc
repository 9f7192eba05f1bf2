#include "harness/prove/expand.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/prove/alert_cases.h"
#include "harness/prove/case_parts.h"

namespace tocsin::prove {
namespace {

using contract::Alert;
using contract::HealthPromise;
using scenario::FromContract;
using scenario::Scenario;

/// Before and after a health state's cause.
constexpr Duration kHealthRest = std::chrono::minutes(1);
/// How long metrics are watched.
constexpr Duration kMetricsWatch = std::chrono::minutes(5);

/// Names of alerts that the file asks for.
void check_names(const FromContract& wanted, const contract::Contract& contract,
                 Diagnostics& diagnostics) {
  std::vector<std::string> known;
  for (const Alert& alert : contract.alerts) known.push_back(alert.name);
  for (const std::string& name : wanted.alerts) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    Error error = input_error(wanted.pos, fmt::format("the contract has no alert \"{}\"", name));
    error.hints.push_back(unknown_name_hint(name, known));
    diagnostics.add(std::move(error));
  }
}

std::string faults_text(const std::vector<faults::Fault>& faults) {
  std::string text;
  for (const faults::Fault& fault : faults) {
    if (!text.empty()) text += ", ";
    text += fault.describe();
  }
  return text;
}

const scenario::HealthEndpoint* endpoint_of(const scenario::System& system,
                                            const HealthPromise& promise) {
  const scenario::Target* target = system.target(promise.target);
  if (target == nullptr) return nullptr;
  for (const scenario::HealthEndpoint& endpoint : target->health) {
    if (endpoint.path == promise.endpoint) return &endpoint;
  }
  return nullptr;
}

scenario::HealthExpectation expectation_of(const HealthPromise& promise,
                                           scenario::TimeWindow window) {
  scenario::HealthExpectation expectation;
  expectation.target = promise.target;
  expectation.endpoint = promise.endpoint;
  expectation.pos = promise.pos;
  expectation.window = std::move(window);
  if (!promise.state.empty()) expectation.state = promise.state;
  expectation.code = promise.code;
  expectation.fields = promise.fields;
  expectation.latency = promise.latency;
  return expectation;
}

class Expansion {
 public:
  Expansion(const scenario::ScenarioFile& file, const Subject& subject, Diagnostics& diagnostics)
      : file_(file.scenario),
        wanted_(*file.from_contract),
        subject_(subject),
        diagnostics_(diagnostics) {
    traffic_hz_ = file.from_contract->traffic_hz.value_or(subject.contract->traffic_hz);
  }

  std::vector<Scenario> run() {
    for (const Alert& alert : subject_.contract->alerts) {
      const bool chosen = wanted_.all_alerts ||
                          std::find(wanted_.alerts.begin(), wanted_.alerts.end(), alert.name) !=
                              wanted_.alerts.end();
      if (chosen) add_alert(alert);
    }
    if (wanted_.health) add_health();
    if (wanted_.metrics) add_metrics();
    return std::move(all_);
  }

 private:
  void add_alert(const Alert& alert) {
    for (const contract::Cause& cause : alert.drive) {
      AlertCases cases(subject_, alert, cause, traffic_hz_);
      if (!cases.possible()) {
        diagnostics_.add(input_error(
            alert.pos,
            fmt::format("the rule of {} looks back too far for a scenario", alert.name)));
        return;
      }
      if (wanted_.fires) add(cases.fires());
      if (wanted_.silent) add(cases.silent());
      if (wanted_.too_short) {
        if (auto made = cases.too_short()) add(std::move(*made));
      }
    }
  }

  /// What the file says counts for all of its scenarios.
  void add(Scenario made) {
    made.name = file_.name + ": " + made.name;
    made.description = file_.description;
    made.file = file_.file;
    made.tags = file_.tags;
    made.system = file_.system;
    made.start = file_.start;
    made.seed = file_.seed;
    made.noise = scenario::Noise::kNone;
    made.live = file_.live;
    made.time_scale = file_.time_scale;
    made.connections = file_.connections;
    if (made.expect.others_none) {
      made.expect.others_pos = wanted_.pos;
      auto& allowed = made.expect.others_allowed;
      const auto& more = wanted_.others_allowed;
      allowed.insert(allowed.end(), more.begin(), more.end());
    }
    // Two promises may read alike.
    const std::string name = made.name;
    for (int n = 2; !names_.insert(made.name).second; ++n) {
      made.name = name + " (" + std::to_string(n) + ')';
    }
    all_.push_back(std::move(made));
  }

  void add_health() {
    for (const HealthPromise& promise : subject_.contract->health) {
      const scenario::HealthEndpoint* endpoint = endpoint_of(*subject_.system, promise);
      if (endpoint == nullptr) continue;
      add(health_case(promise, *endpoint));
    }
  }

  Scenario health_case(const HealthPromise& promise, const scenario::HealthEndpoint& endpoint) {
    const Duration period = endpoint.probe.period;
    const Duration rest = std::max(kHealthRest, 3 * period) + endpoint.probe.initial_delay;
    Scenario made;
    made.name = fmt::format("{} answers", promise.endpoint);
    if (promise.code) made.name += fmt::format(" {}", *promise.code);
    if (!promise.state.empty()) made.name += ' ' + promise.state;
    if (promise.when.empty()) {
      const Duration from = std::max(endpoint.probe.initial_delay, promise.after);
      made.length = from + 2 * rest;
      made.expect.health.push_back(expectation_of(promise, {from, made.length, "all the time"}));
    } else {
      made.name += " with " + faults_text(promise.when);
      const Duration start = rest + promise.after;
      const Duration end = start + rest;
      put_faults(promise.when, start, rest, made);
      made.length = end + rest;
      made.expect.health.push_back(
          expectation_of(promise, {start + period, end - Duration(1), "while that is so"}));
      const HealthPromise* normal = normal_of(promise);
      if (normal != nullptr && normal->after < end + period) {
        made.expect.health.push_back(
            expectation_of(*normal, {end + period, made.length, "when that is over"}));
      }
    }
    made.traffic.phases.push_back(steady_traffic(traffic_hz_, made.length));
    return made;
  }

  /// What the same endpoint promises while nothing is broken.
  const HealthPromise* normal_of(const HealthPromise& promise) const {
    for (const HealthPromise& other : subject_.contract->health) {
      const bool same = other.endpoint == promise.endpoint && other.target == promise.target;
      if (same && other.when.empty() && !other.state.empty()) return &other;
    }
    return nullptr;
  }

  void add_metrics() {
    if (subject_.contract->metrics.empty()) return;
    Scenario made;
    made.name = "every documented metric is exported";
    made.length = kMetricsWatch;
    made.traffic.phases.push_back(steady_traffic(traffic_hz_, made.length));
    for (const scenario::Target* target : run::targets_of(*subject_.system)) {
      scenario::ScrapeExpectation expectation;
      expectation.target = target->name;
      for (const contract::Metric& metric : subject_.contract->metrics) {
        if (metric.target != target->name) continue;
        if (expectation.families.empty()) expectation.pos = metric.pos;
        expectation.families.push_back({metric.name, metric.pos, metric.type, metric.labels});
      }
      if (!expectation.families.empty()) made.expect.scrape.push_back(std::move(expectation));
    }
    add(std::move(made));
  }

  const Scenario& file_;
  const FromContract& wanted_;
  const Subject& subject_;
  Diagnostics& diagnostics_;
  double traffic_hz_ = 0;
  std::vector<Scenario> all_;
  std::set<std::string> names_;
};

}  // namespace

std::vector<Scenario> Expander::expand(scenario::ScenarioFile file,
                                       std::shared_ptr<const run::RuleFiles> rules,
                                       Diagnostics& diagnostics) {
  std::vector<Scenario> all;
  if (!file.from_contract) {
    all.push_back(std::move(file.scenario));
    return all;
  }
  const auto& system = file.scenario.system;
  const auto [known, is_new] = contracts_.emplace(system.get(), nullptr);
  if (is_new) {
    if (auto contract = contract::load_contract(*system, diagnostics)) {
      known->second = std::make_shared<contract::Contract>(std::move(*contract));
    }
  }
  if (known->second == nullptr) return all;
  check_names(*file.from_contract, *known->second, diagnostics);
  const Subject subject{system, std::move(rules), known->second};
  return Expansion(file, subject, diagnostics).run();
}

}  // namespace tocsin::prove
