#include "harness/run/stack_monitor.h"

#include <algorithm>
#include <set>

#include "harness/alerting/matchers.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/run/polled_run.h"
#include "harness/run/real_evidence.h"
#include "harness/run/stack.h"
#include "harness/run/told_alerts.h"

namespace tocsin::run {
namespace {

constexpr Duration kMonitorTick = std::chrono::milliseconds(100);

}  // namespace

net::Task<void> StackMonitor::watch(Duration end) {
  net::TaskGroup group(run_.loop);
  group.spawn(watch_->run(planned_silences()));
  group.spawn(look_at_pages());
  if (run_.routing != nullptr && knows_who_was_told()) {
    run_.evidence.routing = run_.routing->info;
    for (ReceiverInfo& receiver : run_.evidence.routing->receivers) {
      std::erase_if(receiver.integrations, [&](const std::string& kind) {
        const auto gone = std::make_pair(receiver.name, kind);
        return std::find(gone_.begin(), gone_.end(), gone) != gone_.end();
      });
    }
  }
  const bool polled = run_.scenario.system->polled_alerts.has_value();
  // Half of those who are told is no ground for a judgement.
  if (run_.routing != nullptr && polled && knows_who_was_told()) group.spawn(poll_alerts(end));
  while (run_.clock.offset() < end && trouble().empty()) {
    trouble_ = look_for_trouble();
    const bool slept = co_await net::sleep_for(kMonitorTick);
    if (!slept) break;
  }
  group.cancel_all();
  co_await group.join();
}

std::string StackMonitor::trouble() const {
  if (!trouble_.empty() || !watch_) return trouble_;
  return watch_->trouble();
}

AlertCounts StackMonitor::alerts() const {
  return {watch_->rules().pending(), watch_->rules().firing()};
}

void StackMonitor::finish() {
  // A program's end says more than that its API does not answer.
  if (trouble_.empty()) trouble_ = look_for_trouble();
  run_.loop.run(watch_->finish());
  run_.loop.run(look_once());
  close();
  if (receivers_) receivers_->stop();
  take_watch(*watch_, *run_.scenario.system, run_.rules, run_.evidence);
  take_pages();
  take_notifications();
  Evidence& evidence = run_.evidence;
  evidence.run.warnings.insert(evidence.run.warnings.end(), warnings_.begin(), warnings_.end());
}

std::vector<stack::PlannedSilence> StackMonitor::planned_silences() const {
  std::vector<stack::PlannedSilence> planned;
  for (const scenario::SilenceSpec& spec : run_.scenario.silences) {
    stack::PlannedSilence& one = planned.emplace_back();
    one.at = run_.evidence.at_offset(spec.window.from);
    one.silence.starts_at = one.at;
    one.silence.ends_at = run_.evidence.at_offset(spec.window.to);
    one.silence.comment = spec.comment;
    for (const auto& text : spec.matchers) {
      // Checked with the scenario.
      for (const Matcher& matcher : alerting::parse_matchers(text.text).value()) {
        const bool regex = matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kNotRegex;
        const bool equal = matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kEqual;
        one.silence.matchers.push_back({matcher.name(), matcher.value(), regex, equal});
      }
    }
  }
  return planned;
}

void StackMonitor::open_pages(std::vector<ScrapedTarget> targets) {
  for (ScrapedTarget& target : targets) {
    Page& page = pages_.emplace_back();
    page.scraper.emplace(run_.loop, *target.target, std::move(target.url), run_.tls, run_.clock,
                         page.store, page.evidence);
  }
}

net::Task<void> StackMonitor::look_once() {
  for (Page& page : pages_) co_await page.scraper->look();
}

/// Soon after the beginning, since a target may be down at the end.
net::Task<void> StackMonitor::look_at_pages() {
  const Nanos interval = run_.clock.real(run_.scenario.system->service.scrape_interval);
  const bool slept = co_await net::sleep_for(2 * interval);
  if (slept) co_await look_once();
}

void StackMonitor::take_pages() {
  for (const Page& page : pages_) {
    TargetFamilies exported = page.scraper->exported();
    if (!exported.families.empty()) run_.evidence.targets.push_back(std::move(exported));
  }
}

void StackMonitor::take_notifications() {
  Evidence& evidence = run_.evidence;
  if (run_.routing == nullptr) return;
  const auto polled = std::move(evidence.notifications);
  evidence.notifications.clear();
  if (receivers_ && config() != nullptr) {
    ToldAlerts told(*config(), evidence.episodes, external_labels(run_.scenario));
    for (receivers::Received& received : receivers_->take()) {
      if (received.record.at > evidence.run.end) continue;
      evidence.notifications.push_back(told.complete(std::move(received)));
    }
  }
  evidence.notifications.insert(evidence.notifications.end(), polled.begin(), polled.end());
  std::stable_sort(evidence.notifications.begin(), evidence.notifications.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  if (config() != nullptr && evidence.routing) note_routes();
}

/// Where the alerts that fired were to go.
void StackMonitor::note_routes() {
  std::set<Labels> known;
  for (const AlertEpisode& episode : run_.evidence.episodes) {
    if (!episode.firing_at || is_polled(*run_.scenario.system, episode.alert)) continue;
    Labels labels = episode.labels;
    for (const auto& [name, value] : external_labels(run_.scenario)) {
      if (!labels.has(name)) labels = labels.with(name, value);
    }
    if (!known.insert(labels).second) continue;
    run_.evidence.routing->alerts.push_back(routed_alert(*config(), labels));
  }
}

/// The service's own alert manager asks what fires.
net::Task<void> StackMonitor::poll_alerts(Duration end) {
  PolledRun polled(run_.scenario, run_.evidence);
  for (Timestamp due = run_.clock.start(); run_.evidence.offset_of(due) <= end;
       due += polled.every()) {
    const bool slept = co_await net::sleep_until(run_.clock.monotonic(due));
    if (!slept) co_return;
    const std::vector<AlertEpisode> firing = watch_->rules().firing_now();
    std::vector<const AlertEpisode*> these;
    for (const AlertEpisode& episode : firing) these.push_back(&episode);
    polled.poll(due, these);
  }
}

}  // namespace tocsin::run
