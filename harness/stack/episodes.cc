#include "harness/stack/episodes.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace tocsin::stack {
namespace {

constexpr std::string_view kStateLabel = "alertstate";

/// An alert after one evaluation.
struct Point {
  std::int64_t at = 0;
  bool firing = false;
  std::optional<std::int64_t> active_at;  ///< seconds
};

/// One label set's life, as samples show it.
struct Trace {
  std::map<std::int64_t, Point> points;
};

using Traces = std::unordered_map<Labels, Trace>;

Traces traces_of(const SampleTap& tap) {
  Traces traces;
  const std::vector<std::string> own = {std::string(kMetricName), std::string(kStateLabel)};
  for (const auto& [labels, series] : tap.series()) {
    if (labels.metric_name() != "ALERTS") continue;
    Trace& trace = traces[labels.without(own)];
    const bool firing = labels.get(kStateLabel) == "firing";
    for (const std::int64_t at : series.times) trace.points[at] = {at, firing, std::nullopt};
  }
  for (const auto& [labels, series] : tap.series()) {
    if (labels.metric_name() != "ALERTS_FOR_STATE") continue;
    const auto trace = traces.find(labels.without_metric_name());
    if (trace == traces.end()) continue;
    for (std::size_t i = 0; i < series.times.size(); ++i) {
      const auto point = trace->second.points.find(series.times[i]);
      if (point != trace->second.points.end()) {
        point->second.active_at = std::llround(series.values[i]);
      }
    }
  }
  return traces;
}

/// What polls saw after the last sample that could be read.
void add_late_sightings(const RuleWatch& watch, Timestamp read_until, Traces& traces) {
  for (const auto& [labels, alerts] : watch.alerts()) {
    for (const SightedAlert& alert : alerts) {
      for (const AlertSighting& seen : alert.sightings) {
        if (seen.at <= read_until) continue;
        const std::int64_t at = to_ms(seen.at);
        traces[labels].points[at] = {at, seen.firing, to_ms(seen.active_at) / 1000};
      }
    }
  }
}

bool has_labels(const Labels& alert, const std::map<std::string, std::string>& labels) {
  return std::all_of(labels.begin(), labels.end(),
                     [&](const auto& label) { return alert.get(label.first) == label.second; });
}

class EpisodeReader {
 public:
  EpisodeReader(const RuleWatch& watch, const std::vector<WatchedRule>& rules)
      : watch_(watch), rules_(rules) {}

  void read(const Labels& labels, const Trace& trace) {
    const SightedAlert* sighted = sighted_of(labels);
    const WatchedRule* rule = rule_of(labels, sighted);
    if (rule == nullptr) return;  // of rules that are not the scenario's
    rule_ = rule;
    sighted_ = sighted;
    const Point* last = nullptr;
    for (const auto& [at, point] : trace.points) {
      if (last == nullptr || !goes_on(*last, point)) {
        if (last != nullptr) finish(*last, at);
        begin(labels, point);
      }
      AlertEpisode& episode = episodes_.back();
      if (point.firing && !episode.firing_at) episode.firing_at = from_ms(at);
      last = &point;
    }
    if (last != nullptr) finish(*last, std::nullopt);
  }

  std::vector<AlertEpisode> take() {
    std::stable_sort(episodes_.begin(), episodes_.end(),
                     [](const AlertEpisode& a, const AlertEpisode& b) {
                       if (a.pending_at != b.pending_at) return a.pending_at < b.pending_at;
                       if (a.alert != b.alert) return a.alert < b.alert;
                       return a.labels < b.labels;
                     });
    return std::move(episodes_);
  }

 private:
  const SightedAlert* sighted_of(const Labels& labels) const {
    const auto it = watch_.alerts().find(labels);
    return it == watch_.alerts().end() ? nullptr : &it->second.front();
  }

  const WatchedRule* rule_of(const Labels& labels, const SightedAlert* sighted) const {
    const WatchedRule* found = nullptr;
    for (const WatchedRule& rule : rules_) {
      if (rule.alert != labels.get("alertname")) continue;
      if (sighted != nullptr && rule.group == sighted->group && rule.alert == sighted->rule &&
          has_labels(labels, rule.labels)) {
        return &rule;
      }
      if (found == nullptr && has_labels(labels, rule.labels)) found = &rule;
    }
    return found;
  }

  std::int64_t interval() const { return std::max<std::int64_t>(1, rule_->interval.count()); }

  /// Whether two points that follow each other are of one episode: no evaluation was missed, or
  /// Prometheus itself missed some while the alert's beginning stayed what it was.
  bool goes_on(const Point& before, const Point& after) const {
    if (before.firing && !after.firing) return false;
    const bool known = before.active_at && after.active_at;
    if (after.at - before.at <= interval() * 3 / 2) return true;
    // The beginning is known to the second: it says nothing when it may lie within the gap.
    return known && *before.active_at == *after.active_at &&
           (*before.active_at + 1) * 1000 <= before.at;
  }

  void begin(const Labels& labels, const Point& point) {
    AlertEpisode& episode = episodes_.emplace_back();
    episode.group = rule_->group;
    episode.alert = rule_->alert;
    episode.labels = labels;
    episode.hold = rule_->hold;
    episode.pending_at = from_ms(point.at);
  }

  /// `next`: when the next episode of the same alert begins.
  void finish(const Point& last, std::optional<std::int64_t> next) {
    AlertEpisode& episode = episodes_.back();
    const std::optional<Timestamp> evaluated = watch_.last_evaluation(rule_->group);
    const bool ended = next || (evaluated && to_ms(*evaluated) >= last.at + interval() / 2);
    if (ended) {
      const std::int64_t at = last.at + interval();
      episode.resolved_at = from_ms(next ? std::min(at, *next) : at);
    }
    if (sighted_ == nullptr) return;
    for (const auto& [since, texts] : sighted_->annotations) {
      if (to_ms(since) < last.at + interval()) episode.annotations = texts;
    }
    bool first = true;
    bool first_firing = true;
    for (const AlertSighting& seen : sighted_->sightings) {
      if (seen.at < episode.pending_at || to_ms(seen.at) >= last.at + interval()) continue;
      if (first) episode.value_at_start = seen.value;
      if (seen.firing && first_firing) episode.value_at_firing = seen.value;
      first = false;
      first_firing = first_firing && !seen.firing;
      episode.value_last = seen.value;
    }
  }

  const RuleWatch& watch_;
  const std::vector<WatchedRule>& rules_;
  const WatchedRule* rule_ = nullptr;
  const SightedAlert* sighted_ = nullptr;
  std::vector<AlertEpisode> episodes_;
};

}  // namespace

void RuleWatch::add(const std::vector<GroupStatus>& groups) {
  pending_ = 0;
  firing_now_.clear();
  for (const GroupStatus& group : groups) {
    Group& known = groups_[group.name];
    known.interval = group.interval;
    if (group.interval.count() > 0 && group.evaluation_time > group.interval) {
      ++troubles_[fmt::format("group {}: an evaluation takes longer than its interval, {}",
                              group.name, format_duration(group.interval))];
    }
    if (!group.last_evaluation) continue;
    known.last = group.last_evaluation;
    for (const RuleStatus& rule : group.rules) see(group, rule);
  }
}

void RuleWatch::see(const GroupStatus& group, const RuleStatus& rule) {
  if (rule.health == "err") {
    ++troubles_[fmt::format("rule {} of group {} fails: {}", rule.name, group.name, rule.error)];
  }
  for (const ActiveAlert& alert : rule.alerts) {
    if (!alert.firing) ++pending_;
    std::vector<SightedAlert>& alike = alerts_[alert.labels];
    auto it = std::find_if(alike.begin(), alike.end(), [&](const SightedAlert& known) {
      return known.group == group.name && known.rule == rule.name;
    });
    if (it == alike.end()) it = alike.insert(it, {group.name, rule.name, {}, {}});
    if (it->annotations.empty() || it->annotations.back().second != alert.annotations) {
      it->annotations.emplace_back(*group.last_evaluation, alert.annotations);
    }
    if (it->sightings.empty() || it->sightings.back().at != *group.last_evaluation) {
      it->sightings.push_back({*group.last_evaluation, alert.value, alert.firing, alert.active_at});
    }
    if (alert.firing) note_firing(*it, alert);
  }
}

void RuleWatch::note_firing(const SightedAlert& sighted, const ActiveAlert& alert) {
  AlertEpisode& episode = firing_now_.emplace_back();
  episode.group = sighted.group;
  episode.alert = sighted.rule;
  episode.labels = alert.labels;
  episode.annotations = alert.annotations;
  episode.pending_at = alert.active_at;
  for (auto seen = sighted.sightings.rbegin(); seen != sighted.sightings.rend(); ++seen) {
    if (!seen->firing || seen->active_at != alert.active_at) break;
    episode.firing_at = seen->at;
  }
}

std::optional<Timestamp> RuleWatch::last_evaluation(const std::string& group) const {
  const auto it = groups_.find(group);
  return it == groups_.end() ? std::nullopt : it->second.last;
}

Duration RuleWatch::interval(const std::string& group) const {
  const auto it = groups_.find(group);
  return it == groups_.end() ? Duration(0) : it->second.interval;
}

std::vector<AlertEpisode> read_episodes(const SampleTap& tap, const RuleWatch& watch,
                                        const std::vector<WatchedRule>& rules,
                                        Timestamp read_until) {
  Traces traces = traces_of(tap);
  add_late_sightings(watch, read_until, traces);
  EpisodeReader reader(watch, rules);
  for (const auto& [labels, trace] : traces) reader.read(labels, trace);
  return reader.take();
}

}  // namespace tocsin::stack
