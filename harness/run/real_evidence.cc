#include "harness/run/real_evidence.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/run/stack.h"

namespace tocsin::run {
namespace {

/// What polls of the targets saw of a scrape may be a moment off.
constexpr Duration kErrorSlack = std::chrono::milliseconds(50);

/// Where the scenario ends: Prometheus went on for a moment.
Timestamp end_of(const Evidence& evidence) {
  return std::min(evidence.run.end, evidence.at_offset(evidence.run.planned));
}

/// The value of another of the target's own series at a scrape.
class ScrapeValues {
 public:
  ScrapeValues(const stack::SampleTap& tap, const Labels& target, std::string_view name) {
    const auto it = tap.series().find(target.with(kMetricName, name));
    if (it != tap.series().end()) series_ = &it->second;
  }
  double at(std::int64_t time) {
    if (series_ == nullptr) return 0;
    while (next_ < series_->times.size() && series_->times[next_] < time) ++next_;
    const bool there = next_ < series_->times.size() && series_->times[next_] == time;
    return there ? series_->values[next_] : 0;
  }

 private:
  const stack::TappedSeries* series_ = nullptr;
  std::size_t next_ = 0;
};

std::string error_at(const stack::StackWatch& watch, const Labels& target, Timestamp at) {
  for (const auto& trouble : watch.scrape_troubles()) {
    if (trouble.target == target && trouble.at >= at - kErrorSlack &&
        trouble.at <= at + kErrorSlack) {
      return trouble.error;
    }
  }
  return {};
}

/// The last error that was seen before, when nobody looked at this one.
std::string error_near(const stack::StackWatch& watch, const Labels& target, Timestamp at) {
  std::string error = error_at(watch, target, at);
  if (!error.empty()) return error;
  const stack::StackWatch::ScrapeTrouble* nearest = nullptr;
  for (const auto& trouble : watch.scrape_troubles()) {
    if (trouble.target != target) continue;
    const auto distance = [&](const auto& one) { return one.at > at ? one.at - at : at - one.at; };
    if (nearest == nullptr || distance(trouble) < distance(*nearest)) nearest = &trouble;
  }
  return nearest == nullptr ? "the scrape failed" : nearest->error;
}

void take_scrapes(const stack::StackWatch& watch, const scenario::System& system,
                  Evidence& evidence) {
  for (const scenario::Target* target : targets_of(system)) {
    const Labels labels = target_labels(*target);
    const auto up = watch.tap().series().find(labels.with(kMetricName, "up"));
    if (up == watch.tap().series().end()) continue;
    ScrapeValues durations(watch.tap(), labels, "scrape_duration_seconds");
    ScrapeValues samples(watch.tap(), labels, "scrape_samples_scraped");
    for (std::size_t i = 0; i < up->second.times.size(); ++i) {
      const std::int64_t time = up->second.times[i];
      if (time > to_ms(end_of(evidence))) break;
      ScrapeRecord record;
      record.target = target->name;
      record.at = from_ms(time);
      record.ok = up->second.values[i] == 1;
      record.duration = Nanos(std::llround(durations.at(time) * 1e9));
      record.samples = static_cast<std::uint32_t>(samples.at(time));
      if (!record.ok) record.error = error_near(watch, labels, record.at);
      evidence.scrapes.push_back(std::move(record));
    }
  }
}

void cut_episodes(Timestamp end, std::vector<AlertEpisode>& episodes) {
  std::erase_if(episodes, [&](const AlertEpisode& one) { return one.pending_at > end; });
  for (AlertEpisode& episode : episodes) {
    if (episode.firing_at && *episode.firing_at > end) episode.firing_at.reset();
    if (episode.resolved_at && *episode.resolved_at > end) episode.resolved_at.reset();
  }
}

void cut_suppressions(Timestamp end, std::vector<Suppression>& suppressions) {
  std::erase_if(suppressions, [&](const Suppression& one) { return one.from > end; });
  for (Suppression& one : suppressions) {
    if (one.to && *one.to > end) one.to.reset();
  }
}

void note_recorded(const scenario::System& system, const ScaledRules& rules,
                   stack::SampleTap& tap) {
  Duration longest{0};
  const Duration usual = scaled(system.evaluation_interval, rules.factor);
  for (const rules::RuleFile& file : rules.files) {
    for (const rules::RuleGroup& group : file.groups) {
      const Duration interval = group.interval.value_or(usual);
      longest = std::max(longest, interval);
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind == rules::Rule::Kind::kRecording) tap.set_recorded(rule.name, interval);
      }
    }
  }
  for (const char* name : {"ALERTS", "ALERTS_FOR_STATE"}) tap.set_recorded(name, longest);
}

}  // namespace

std::vector<stack::WatchedRule> watched_rules(const scenario::System& system,
                                              const ScaledRules& rules, const Evidence& evidence) {
  std::vector<stack::WatchedRule> watched;
  const Duration usual = scaled(system.evaluation_interval, rules.factor);
  for (const rules::RuleFile& file : rules.files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind != rules::Rule::Kind::kAlerting) continue;
        stack::WatchedRule& one = watched.emplace_back();
        one.group = group.name;
        one.alert = rule.name;
        one.interval = group.interval.value_or(usual);
        // The evidence has the alerting rules in the same order, unscaled.
        one.hold = evidence.rules[watched.size() - 1].hold;
        for (const auto& [name, text] : rule.labels) {
          if (text.text.find("{{") == std::string::npos) one.labels[name] = text.text;
        }
      }
    }
  }
  return watched;
}

void take_watch(stack::StackWatch& watch, const scenario::System& system, const ScaledRules& rules,
                Evidence& evidence) {
  note_recorded(system, rules, watch.tap());
  const Timestamp end = end_of(evidence);
  const auto store = watch.tap().store(end);
  for (const auto& [name, family] : watch.families()) store->set_family(family);
  evidence.samples = store;
  take_scrapes(watch, system, evidence);
  evidence.episodes = stack::read_episodes(
      watch.tap(), watch.rules(), watched_rules(system, rules, evidence), watch.read_until());
  cut_episodes(end, evidence.episodes);
  // Samples of before the run bring alerts that were over by then.
  std::erase_if(evidence.episodes, [&](const AlertEpisode& episode) {
    return episode.resolved_at && *episode.resolved_at <= evidence.run.start;
  });
  evidence.suppressions = watch.suppressions().suppressions();
  cut_suppressions(end, evidence.suppressions);
  for (const auto& [what, times] : watch.rules().troubles()) {
    evidence.run.warnings.push_back(times == 1 ? what
                                               : fmt::format("{} (seen {} times)", what, times));
  }
}

}  // namespace tocsin::run
