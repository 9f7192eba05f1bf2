#include "harness/prove/rig.h"

#include <algorithm>

#include "harness/promql/evaluator.h"
#include "harness/prove/case_parts.h"
#include "harness/rules/reads.h"
#include "harness/run/simulate.h"

namespace tocsin::prove {
namespace {

/// Counters show millionths of events: a threshold must not hang on when a whole one comes.
constexpr double kGrain = 1e6;

/// Series that the scraper makes for every target.
constexpr std::string_view kScrapeSeries[] = {
    "up", "scrape_duration_seconds", "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling", "scrape_series_added"};

bool name_matches(const std::vector<Matcher>& matchers, std::string_view name) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    return matcher.name() != kMetricName || matcher.matches(name);
  });
}

/// By the labels that a scrape adds.
bool target_matches(const std::vector<Matcher>& matchers, const scenario::Target& target) {
  if (target.honor_labels) return true;
  const Labels labels = run::target_labels(target);
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    const std::string_view known = labels.get(matcher.name());
    return known.empty() || matcher.matches(known);
  });
}

bool reads_family(const std::vector<Matcher>& matchers, const FamilyInfo& family) {
  const std::vector<std::string> names = sample_names(family);
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return name_matches(matchers, name); });
}

bool reads_scrape_series(const std::vector<Matcher>& matchers) {
  return std::any_of(std::begin(kScrapeSeries), std::end(kScrapeSeries),
                     [&](std::string_view name) { return name_matches(matchers, name); });
}

/// The target with what the selectors read; true when they read anything of it.
bool reduce_target(const std::vector<std::vector<Matcher>>& selectors, scenario::Target& target) {
  target.health.clear();
  bool read = false;
  std::vector<scenario::Instrument> kept;
  for (const auto& matchers : selectors) {
    read = read || (target_matches(matchers, target) && reads_scrape_series(matchers));
  }
  for (scenario::Instrument& instrument : target.instruments) {
    const bool needed = std::any_of(selectors.begin(), selectors.end(), [&](const auto& matchers) {
      return target_matches(matchers, target) && reads_family(matchers, instrument.family);
    });
    if (needed) kept.push_back(std::move(instrument));
  }
  target.instruments = std::move(kept);
  return read || !target.instruments.empty();
}

}  // namespace

std::vector<std::string> sample_names(const FamilyInfo& family) {
  const std::string& name = family.name;
  switch (family.type) {
    case MetricType::kHistogram:
      return {name + "_bucket", name + "_sum", name + "_count"};
    case MetricType::kSummary:
      return {name, name + "_sum", name + "_count"};
    case MetricType::kInfo:
      return {name, name + "_info"};
    default:
      return {name};
  }
}

Push push_of(const contract::Cause& cause, double value) {
  using Kind = contract::Cause::Kind;
  Push push{cause.faults, std::nullopt, cause.otherwise, cause.lasts};
  if (cause.kind == Kind::kTraffic) push.traffic_hz = std::max(0.0, value * cause.factor);
  if (cause.kind != Kind::kSignal) return push;
  faults::Fault fault;
  fault.target = cause.target;
  fault.pos = cause.pos;
  faults::SignalChange change;
  change.signal = cause.signal;
  change.endpoint = cause.endpoint;
  change.value = value * cause.factor;
  change.pos = cause.pos;
  change.text = format_quantity({change.value, cause.dimension});
  fault.changes.push_back(std::move(change));
  push.faults.insert(push.faults.begin(), std::move(fault));
  return push;
}

Push quiet_push(const contract::Cause& cause) {
  return {cause.otherwise, std::nullopt, cause.otherwise, std::nullopt};
}

Push near_push(const contract::Cause& cause) {
  return {cause.near, std::nullopt, cause.otherwise, cause.lasts};
}

Rig::Rig(const Subject& subject, const std::string& alert, const std::string& severity,
         const std::atomic<bool>* stop)
    : subject_(subject), alert_(alert), stop_(stop) {
  evaluation_interval_ = subject.system->evaluation_interval;
  find_rules(severity);
  reduce();
}

bool Rig::is_bounded() const {
  // A year at intervals of half a minute.
  constexpr std::int64_t kMostScrapes = 1'000'000;
  return settling() / scrape_interval_ <= kMostScrapes;
}

void Rig::find_rules(const std::string& severity) {
  const rules::RuleGroup* chosen_group = nullptr;
  for (const rules::RuleFile& file : *subject_.rules) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind != rules::Rule::Kind::kAlerting || rule.name != alert_) continue;
        const bool wanted = std::any_of(rule.labels.begin(), rule.labels.end(), [&](auto& label) {
          return label.first == "severity" && label.second.text == severity;
        });
        if (rule_ != nullptr && !wanted) continue;
        rule_ = &rule;
        chosen_group = &group;
        if (wanted) break;
      }
    }
  }
  if (rule_ == nullptr) return;
  if (chosen_group->interval) evaluation_interval_ = *chosen_group->interval;
  follow(*chosen_group, *rule_, Duration(0));
}

/// The rule, and those that write what it reads.
void Rig::follow(const rules::RuleGroup& group, const rules::Rule& rule, Duration reach) {
  if (!rules_.insert(&rule).second || rule.expression.root == nullptr) return;
  promql::QueryOptions options;
  options.lookback = Duration(1);
  options.default_subquery_step = group.interval.value_or(subject_.system->evaluation_interval);
  for (const promql::SelectorUse& use : promql::selectors_of(*rule.expression.root, options)) {
    // Windows are open on their left, by a millisecond.
    const auto back = std::chrono::ceil<std::chrono::seconds>(use.before - options.lookback);
    const Duration here = reach + std::max(Duration(0), Duration(back));
    reach_ = std::max(reach_, here);
    selectors_.push_back(use.matchers);
    for (const rules::RuleFile& file : *subject_.rules) {
      for (const rules::RuleGroup& other : file.groups) {
        for (const rules::Rule& writer : other.rules) {
          if (!rules::may_read(use, rules::written_by(other, writer))) continue;
          const Duration interval = other.interval.value_or(subject_.system->evaluation_interval);
          follow(other, writer, here + interval);
        }
      }
    }
  }
}

void Rig::reduce() {
  auto system = std::make_shared<scenario::System>(*subject_.system);
  const Duration service_interval = system->service.scrape_interval;
  if (reduce_target(selectors_, system->service)) {
    scrape_interval_ = service_interval;
  } else {
    // A simulation scrapes the service; once is enough for nobody who reads it.
    system->service.scrape_interval = std::chrono::hours(24 * 365);
  }
  std::erase_if(system->exporters, [&](scenario::Target& target) {
    const bool needed = reduce_target(selectors_, target);
    if (needed) scrape_interval_ = std::max(scrape_interval_, target.scrape_interval);
    return !needed;
  });
  if (scrape_interval_ == Duration(0)) scrape_interval_ = service_interval;
  system_ = std::move(system);
}

scenario::Scenario Rig::scenario(const Push& push, const Course& course) const {
  scenario::Scenario scenario;
  scenario.name = alert_;
  scenario.file = subject_.system->file;
  scenario.system = system_;
  scenario.start = std::chrono::sys_days(std::chrono::year_month_day(
      std::chrono::year(2026), std::chrono::month(1), std::chrono::day(5)));
  scenario.noise = scenario::Noise::kNone;
  put_push(push, course, subject_.contract->traffic_hz, scenario);
  return scenario;
}

Evidence Rig::evidence(const Push& push, const Course& course) const {
  run::SimulationOptions options;
  options.stop = stop_;
  options.study = run::AlertStudy{kGrain, &rules_};
  options.evaluation_phase = course.evaluation_phase;
  return run::simulate(scenario(push, course), *subject_.rules, options);
}

Seen Rig::run(const Push& push, const Course& course) const {
  const Evidence evidence = this->evidence(push, course);
  const Timestamp start = evidence.at_offset(course.start());
  const Timestamp end = evidence.at_offset(course.end());
  Seen seen;
  for (const AlertEpisode& episode : evidence.episodes) {
    if (episode.alert != alert_) continue;
    const std::string_view severity = episode.labels.get("severity");
    if (episode.pending_at < start) {
      seen.before = seen.before || !episode.resolved_at || *episode.resolved_at >= start;
      continue;
    }
    seen.severity = seen.severity.value_or(std::string(severity));
    if (!seen.pending) seen.pending = episode.pending_at - start;
    if (episode.firing_at && (!seen.firing || *episode.firing_at - start < *seen.firing)) {
      seen.firing = *episode.firing_at - start;
    }
    const Timestamp over = episode.resolved_at.value_or(Timestamp::max());
    if (episode.resolved_at) seen.ended = std::max(seen.ended.value_or(over - end), over - end);
    const Duration lasted = episode.resolved_at.value_or(evidence.run.end) - episode.pending_at;
    seen.condition = std::max(seen.condition.value_or(lasted), lasted);
  }
  const bool still =
      std::any_of(evidence.episodes.begin(), evidence.episodes.end(),
                  [&](auto& one) { return one.alert == alert_ && !one.resolved_at; });
  if (still) seen.ended.reset();
  return seen;
}

}  // namespace tocsin::prove
