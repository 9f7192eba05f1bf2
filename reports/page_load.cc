#include "reports/page_load.h"

#include <algorithm>
#include <utility>

#include "assertions/notification_words.h"
#include "assertions/trial.h"

namespace tocsin::reports {
namespace {

using assertions::NotificationKind;
using assertions::NotificationLog;
using assertions::Told;

void count(const Told& told, PageCounts& counts) {
  if (!told.delivered()) {
    ++counts.failed;
    return;
  }
  switch (told.kind) {
    case NotificationKind::kFirst:
      ++counts.first;
      break;
    case NotificationKind::kUpdate:
      ++counts.updates;
      break;
    case NotificationKind::kRepeat:
      ++counts.repeats;
      break;
    case NotificationKind::kResolved:
      ++counts.resolved;
      break;
  }
}

std::optional<BusiestHour> busiest_of(const std::vector<Duration>& pages) {
  std::optional<BusiestHour> busiest;
  std::size_t end = 0;
  for (std::size_t begin = 0; begin < pages.size(); ++begin) {
    while (end < pages.size() && pages[end] < pages[begin] + std::chrono::hours(1)) ++end;
    if (!busiest || end - begin > busiest->pages) busiest = BusiestHour{pages[begin], end - begin};
  }
  return busiest;
}

/// The time of [from, to] in which the alert was kept back.
Duration withheld(const Evidence& evidence, const NotificationLog& log, const AlertEpisode& episode,
                  Duration from, Duration to) {
  Duration total{0};
  for (const Suppression* one : log.suppressions_of(episode)) {
    const Duration begin = std::max(from, evidence.offset_of(one->from));
    const Duration end = one->to ? std::min(to, evidence.offset_of(*one->to)) : to;
    // Two may be at the same time.
    if (end <= begin) continue;
    total += end - begin;
    from = end;
  }
  return total;
}

void add_alerts(const Evidence& evidence, const NotificationLog& log, PageLoad& load) {
  // A live run's clocks may be apart by as much.
  const Duration early = assertions::grace_of(evidence.run);
  for (const AlertEpisode& episode : evidence.episodes) {
    if (!episode.firing_at) continue;
    ++load.total.fired;
    const Told* told = log.first_of(episode, true, early, [](const Told&) { return true; });
    if (told == nullptr) continue;
    ++load.total.told;
    const Duration fired = evidence.offset_of(*episode.firing_at);
    const Duration paged = evidence.offset_of(told->at());
    const Duration waited = paged - fired - withheld(evidence, log, episode, fired, paged);
    const Duration took = std::max(Duration(0), waited);
    if (load.slowest && load.slowest->took >= took) continue;
    load.slowest = SlowestPage{assertions::alert_text(episode.labels),
                               assertions::receiver_text(told->last()), fired, took};
  }
}

}  // namespace

PageCounts& PageCounts::operator+=(const PageCounts& other) {
  first += other.first;
  updates += other.updates;
  repeats += other.repeats;
  resolved += other.resolved;
  failed += other.failed;
  return *this;
}

PageTotals& PageTotals::operator+=(const PageTotals& other) {
  counts += other.counts;
  length += other.length;
  fired += other.fired;
  told += other.told;
  return *this;
}

double PageTotals::pages_per_hour() const {
  if (length <= Duration(0)) return 0;
  return static_cast<double>(counts.pages()) * 3'600'000 / static_cast<double>(length.count());
}

double PageTotals::notifications_per_alert() const {
  if (fired == 0) return 0;
  return static_cast<double>(counts.pages() + counts.resolved) / static_cast<double>(fired);
}

PageLoad page_load(const Evidence& evidence, const NotificationLog& log) {
  PageLoad load;
  load.total.length = evidence.offset_of(evidence.run.end);
  std::map<std::pair<std::string, std::string>, PageCounts> receivers;
  std::vector<Duration> pages;
  for (const Told& told : log.all()) {
    const NotificationRecord& record = told.last();
    count(told, receivers[{record.receiver, record.integration}]);
    if (told.is_page()) pages.push_back(evidence.offset_of(told.at()));
  }
  for (const auto& [who, counts] : receivers) {
    load.receivers.push_back({who.first, who.second, counts});
    load.total.counts += counts;
  }
  for (const Duration at : pages) {
    const auto hour = static_cast<std::size_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::hours>(at).count()));
    if (load.by_hour.size() <= hour) load.by_hour.resize(hour + 1);
    ++load.by_hour[hour];
  }
  load.busiest = busiest_of(pages);
  add_alerts(evidence, log, load);
  return load;
}

}  // namespace tocsin::reports
