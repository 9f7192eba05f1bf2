#include "harness/alerting/prometheus_sender.h"

#include <algorithm>

namespace tocsin::alerting {
namespace {

/// How long Prometheus repeats that an alert is resolved.
constexpr Duration kResolvedRetention = std::chrono::minutes(15);
constexpr int kLifetimes = 4;

}  // namespace

Labels with_external(Labels labels, const std::map<std::string, std::string>& external) {
  for (const auto& [name, value] : external) {
    if (!labels.has(name)) labels = labels.with(name, value);
  }
  return labels;
}

Duration send_period(Duration interval, Duration resend_delay) {
  // The first evaluation that is later than the delay, not the one that is just as late.
  return (resend_delay / interval + 1) * interval;
}

Labels PrometheusSender::add(const AlertEpisode& episode, Duration interval,
                             std::string generator_url) {
  const std::size_t index = lives_.size();
  Life life;
  life.alert.labels = with_external(episode.labels, options_.external_labels);
  auto text = std::make_shared<AlertText>();
  text->annotations = episode.annotations;
  text->generator_url = std::move(generator_url);
  life.alert.text = std::move(text);
  life.interval = std::max(interval, Duration(1));
  // An alert that never fires still stops the repetitions of an earlier one.
  life.fires_at = episode.firing_at.value_or(episode.pending_at);
  life.resolves_at = episode.resolved_at;
  for (auto& [begins, other] : by_labels_[life.alert.labels]) {
    std::optional<Timestamp>& replaced =
        begins < episode.pending_at ? lives_[other].replaced_at : life.replaced_at;
    const Timestamp at = std::max(begins, episode.pending_at);
    replaced = replaced ? std::min(*replaced, at) : at;
  }
  by_labels_[life.alert.labels].push_back({episode.pending_at, index});
  lives_.push_back(std::move(life));
  PostedAlert& alert = lives_.back().alert;
  if (!episode.firing_at) return alert.labels;
  alert.starts_at = *episode.firing_at;
  schedule(index, *episode.firing_at);
  return alert.labels;
}

std::optional<Timestamp> PrometheusSender::next() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

void PrometheusSender::send(Engine& engine) {
  const Timestamp at = due_.begin()->first;
  const std::vector<std::size_t> now = std::move(due_.begin()->second);
  due_.erase(due_.begin());
  for (const std::size_t index : now) {
    Life& life = lives_[index];
    if (life.replaced_at && at >= *life.replaced_at) continue;
    const bool resolved = life.resolves_at && at >= *life.resolves_at;
    const Duration lifetime = kLifetimes * std::max(life.interval, options_.resend_delay);
    if (options_.stops_at && at >= *options_.stops_at) {
      engine.stop_posting(life.alert.labels);
      continue;
    }
    life.alert.ends_at = resolved ? *life.resolves_at : at + lifetime;
    if (resolved) {
      engine.post({&life.alert, 1});
      schedule_after(index, at);
    } else if (engine.keep_posting(life.alert, period_of(life))) {
      schedule_end(index);
    } else {
      schedule_after(index, at);
    }
  }
}

void PrometheusSender::schedule_after(std::size_t index, Timestamp at) {
  const Life& life = lives_[index];
  Timestamp next = at + period_of(life);
  if (life.resolves_at && at < *life.resolves_at) next = std::min(next, *life.resolves_at);
  if (life.resolves_at && next > *life.resolves_at + kResolvedRetention) return;
  schedule(index, next);
}

void PrometheusSender::schedule_end(std::size_t index) {
  const Life& life = lives_[index];
  if (options_.stops_at && (!life.resolves_at || *options_.stops_at <= *life.resolves_at)) {
    due_[*options_.stops_at].push_back(index);
  } else if (life.resolves_at) {
    schedule(index, *life.resolves_at);
  }
}

void PrometheusSender::schedule(std::size_t index, Timestamp at) {
  if (options_.stops_at && at >= *options_.stops_at) return;
  due_[at].push_back(index);
}

void drive(Engine& engine, PrometheusSender& sender, Timestamp end) {
  for (auto at = sender.next(); at && *at <= end; at = sender.next()) {
    engine.advance(*at);
    sender.send(engine);
  }
  engine.advance(end);
}

}  // namespace tocsin::alerting
