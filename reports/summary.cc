#include "reports/summary.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "assertions/notification_words.h"
#include "harness/base/units.h"
#include "harness/model/dashboards.h"

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
    if (is_dashboard(probe.target)) continue;
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

NotificationEntry entry_of(const Evidence& evidence, const assertions::NotificationLog& log,
                           const assertions::Told& told) {
  const NotificationRecord& record = told.last();
  NotificationEntry entry;
  entry.at = evidence.offset_of(told.at());
  entry.kind = to_string(told.kind);
  entry.receiver = record.receiver;
  entry.integration = record.integration;
  entry.group = record.group_labels;
  for (const assertions::Told::Alert& alert : told.alerts) {
    ++(alert.firing ? entry.firing : entry.resolved);
  }
  const std::vector<Labels> alerts = assertions::alerts_of(told, log);
  entry.alerts = alerts.empty() ? "" : assertions::alerts_text(alerts);
  entry.title = record.title;
  entry.attempts = told.attempt_count();
  entry.delivered = told.delivered();
  if (!entry.delivered) entry.error = record.error;
  entry.text = assertions::told_text(told, log);
  return entry;
}

void add_notifications(const Evidence& evidence, ScenarioSummary& summary) {
  if (!evidence.routing && evidence.notifications.empty()) return;
  const assertions::NotificationLog log(evidence);
  summary.pages = page_load(evidence, log);
  std::vector<const assertions::Told*> all;
  for (const assertions::Told& told : log.all()) {
    all.push_back(&told);
    if (all.size() <= kMostNotifications) {
      summary.notifications.push_back(entry_of(evidence, log, told));
    }
  }
  summary.notifications_left_out = all.size() - summary.notifications.size();
  std::size_t lines = 0;
  const auto told = assertions::told_lines(all, log);
  for (const assertions::ToldLine& line : told) {
    const bool last = ++lines > kMostNotifications;
    summary.timeline.push_back({evidence.offset_of(line.at), "notified", line.text});
    if (!last) continue;
    summary.timeline.back().text = "… and " + std::to_string(told.size() - kMostNotifications) +
                                   " more lines of notifications";
    break;
  }
}

/// Many alerts that are kept back at once by the same cause are one line.
void add_suppressions(const Evidence& evidence, std::vector<TimelineEntry>& timeline) {
  std::map<std::pair<Duration, std::string>, std::vector<Labels>> lines;
  for (const Suppression& suppression : evidence.suppressions) {
    const std::string by = assertions::suppressor_text(suppression);
    lines[{evidence.offset_of(suppression.from), by + " from here"}].push_back(suppression.alert);
    if (!suppression.to) continue;
    lines[{evidence.offset_of(*suppression.to), "no longer " + by}].push_back(suppression.alert);
  }
  for (const auto& [line, alerts] : lines) {
    timeline.push_back(
        {line.first, "withheld", assertions::alerts_text(alerts) + ' ' + line.second});
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
  add_suppressions(evidence, summary.timeline);
  add_notifications(evidence, summary);
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

std::optional<RunPageLoad> page_load(const RunSummary& run) {
  RunPageLoad all;
  std::map<std::tuple<std::string, std::string, std::string>, PageCounts> receivers;
  for (const ScenarioSummary& scenario : run.scenarios) {
    if (!scenario.pages) continue;
    const PageLoad& load = *scenario.pages;
    ++all.scenarios;
    all.total += load.total;
    for (const ReceiverLoad& one : load.receivers) {
      receivers[{scenario.run.system, one.receiver, one.integration}] += one.counts;
    }
    if (load.busiest &&
        (all.busiest == nullptr || load.busiest->pages > all.busiest->pages->busiest->pages)) {
      all.busiest = &scenario;
    }
    if (load.slowest &&
        (all.slowest == nullptr || load.slowest->took > all.slowest->pages->slowest->took)) {
      all.slowest = &scenario;
    }
  }
  if (all.scenarios == 0) return std::nullopt;
  for (const auto& [who, counts] : receivers) {
    all.receivers.push_back({std::get<0>(who), {std::get<1>(who), std::get<2>(who), counts}});
  }
  std::stable_sort(all.receivers.begin(), all.receivers.end(), [](const auto& a, const auto& b) {
    return a.load.counts.pages() > b.load.counts.pages();
  });
  return all;
}

}  // namespace tocsin::reports
