#include "reports/summary.h"

#include <algorithm>
#include <map>

#include "harness/base/units.h"

namespace tocsin::reports {
namespace {

using assertions::Outcome;

void add_events(const Evidence& evidence, std::vector<TimelineEntry>& timeline) {
  for (const Event& event : evidence.events) {
    const Duration at = evidence.offset_of(event.at);
    const std::string more = event.description.empty() ? "" : ": " + event.description;
    switch (event.kind) {
      case EventKind::kTrafficStart:
        timeline.push_back({at, "traffic", "traffic begins" + more});
        break;
      case EventKind::kTrafficEnd:
        timeline.push_back({at, "traffic", "traffic ends"});
        break;
      case EventKind::kPhase:
        timeline.push_back({at, "traffic", event.name + more});
        break;
      case EventKind::kFaultStart:
        timeline.push_back({at, "fault", event.name + " begins" + more});
        break;
      case EventKind::kFaultEnd:
        timeline.push_back({at, "fault", event.name + " ends"});
        break;
    }
  }
}

void add_episodes(const Evidence& evidence, std::vector<TimelineEntry>& timeline) {
  for (const AlertEpisode& episode : evidence.episodes) {
    const std::string labels = ' ' + episode.labels.with("alertname", "").to_string();
    const auto value = [](double v) { return " (value " + format_number(v, 4) + ")"; };
    timeline.push_back({evidence.offset_of(episode.pending_at), "alert",
                        episode.alert + " pending" + labels + value(episode.value_at_start)});
    if (episode.firing_at) {
      timeline.push_back({evidence.offset_of(*episode.firing_at), "alert",
                          episode.alert + " FIRING" + labels + value(episode.value_at_firing)});
    }
    if (episode.resolved_at) {
      timeline.push_back(
          {evidence.offset_of(*episode.resolved_at), "alert",
           episode.alert + (episode.firing_at ? " resolved" : " inactive again") + labels});
    }
  }
}

/// The health state that an answer tells, for comparing neighbours: code and the body's status
/// word.
std::string health_word(const ProbeResult& probe) {
  if (probe.status_code == 0) return probe.error;
  std::string word = std::to_string(probe.status_code);
  // A body's status is its first "status" or "ready" member; a full parse is not needed to see
  // changes.
  for (const std::string_view key : {"\"status\":", "\"ready\":"}) {
    const std::size_t found = probe.body.find(key);
    if (found == std::string::npos) continue;
    std::size_t begin = found + key.size();
    while (begin < probe.body.size() && probe.body[begin] == ' ') ++begin;
    const std::size_t end = probe.body.find_first_of(",}", begin);
    std::string value = probe.body.substr(begin, end - begin);
    value.erase(std::remove(value.begin(), value.end(), '"'), value.end());
    return word + (key == "\"ready\":" ? " ready " : " ") + value;
  }
  return word;
}

void add_health(const Evidence& evidence, std::vector<TimelineEntry>& timeline) {
  std::map<std::string, std::string> last;
  for (const ProbeResult& probe : evidence.probes) {
    const std::string who = (probe.target == "service" ? "" : probe.target + ' ') + probe.endpoint;
    const std::string word = health_word(probe);
    const auto [it, first] = last.emplace(who, word);
    if (!first && it->second == word) continue;
    it->second = word;
    timeline.push_back({evidence.offset_of(probe.at), "health", who + " answers " + word});
  }
}

void add_scrapes(const Evidence& evidence, std::vector<TimelineEntry>& timeline) {
  std::map<std::string, bool> last;
  for (const ScrapeRecord& scrape : evidence.scrapes) {
    const auto [it, first] = last.emplace(scrape.target, scrape.ok);
    if (first ? scrape.ok : it->second == scrape.ok) continue;
    it->second = scrape.ok;
    timeline.push_back(
        {evidence.offset_of(scrape.at), "scrape",
         scrape.target + (scrape.ok ? " is up again" : " is down: " + scrape.error)});
  }
}

LoadFigures figures(const LoadResult& load) {
  LoadFigures figures;
  const LoadCounts& total = load.total;
  figures.ledger = total.ledger;
  figures.seconds = to_seconds(load.to - load.from);
  if (figures.seconds > 0) {
    figures.throughput = static_cast<double>(total.ledger.completed) / figures.seconds;
  }
  const auto finished = total.ledger.completed + total.ledger.failed;
  if (finished > 0) {
    figures.error_rate = static_cast<double>(total.errors()) / static_cast<double>(finished);
  }
  figures.p50 = total.response.quantile(0.5);
  figures.p90 = total.response.quantile(0.9);
  figures.p95 = total.response.quantile(0.95);
  figures.p99 = total.response.quantile(0.99);
  figures.max = total.response.max();
  figures.service_p50 = total.service.quantile(0.5);
  figures.service_p99 = total.service.quantile(0.99);
  figures.send_lag_p99 = total.send_lag.quantile(0.99);
  return figures;
}

}  // namespace

ScenarioSummary summarise(const Evidence& evidence, assertions::Verdict verdict, Nanos took) {
  ScenarioSummary summary;
  summary.run = evidence.run;
  summary.verdict = std::move(verdict);
  summary.episodes = evidence.episodes;
  summary.took = took;
  if (evidence.load) summary.load = figures(*evidence.load);
  add_events(evidence, summary.timeline);
  add_scrapes(evidence, summary.timeline);
  add_health(evidence, summary.timeline);
  add_episodes(evidence, summary.timeline);
  std::stable_sort(summary.timeline.begin(), summary.timeline.end(),
                   [](const TimelineEntry& a, const TimelineEntry& b) { return a.at < b.at; });
  return summary;
}

Outcome outcome_of(const ScenarioSummary& scenario) {
  return scenario.trouble.empty() ? scenario.verdict.outcome : Outcome::kInconclusive;
}

std::size_t RunSummary::count(Outcome outcome) const {
  return static_cast<std::size_t>(
      std::count_if(scenarios.begin(), scenarios.end(),
                    [&](const ScenarioSummary& s) { return outcome_of(s) == outcome; }));
}

std::size_t RunSummary::judgements(Outcome outcome) const {
  std::size_t sum = 0;
  for (const ScenarioSummary& scenario : scenarios) sum += scenario.verdict.count(outcome);
  return sum;
}

}  // namespace tocsin::reports
