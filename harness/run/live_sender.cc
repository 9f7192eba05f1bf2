#include "harness/run/live_sender.h"

#include <algorithm>

namespace tocsin::run {
namespace {

constexpr int kLifetimes = 4;

}  // namespace

void LiveSender::note(const AlertEpisode& episode) {
  const auto known = lives_.find(episode.labels);
  if (!episode.firing_at) {
    // Active anew, so its earlier end is no longer told.
    if (known != lives_.end()) lives_.erase(known);
    return;
  }
  if (known != lives_.end() && known->second.episode.firing_at != episode.firing_at) {
    lives_.erase(known);
  }
  Life& life = lives_[episode.labels];
  life.seen = true;
  if (!life.alert.starts_at) {
    life.alert.labels = alerting::with_external(episode.labels, options_.external_labels);
    life.alert.starts_at = episode.firing_at;
  }
  life.episode = episode;
}

bool LiveSender::due(Life& life) const {
  const Evaluated evaluated = evaluated_(life.episode);
  if (!life.seen && !life.resolved_at) {
    life.resolved_at = evaluated.at;
    life.sent_at = {};
  }
  if (life.sent_at != Timestamp{} && evaluated.at - life.sent_at <= options_.resend_delay) {
    return false;
  }
  life.sent_at = evaluated.at;
  const Duration lifetime = kLifetimes * std::max(evaluated.interval, options_.resend_delay);
  life.alert.ends_at = life.resolved_at.value_or(evaluated.at + lifetime);
  return true;
}

std::vector<alerting::PostedAlert> LiveSender::sent(const std::vector<AlertEpisode>& active) {
  for (auto& [labels, life] : lives_) life.seen = false;
  for (const AlertEpisode& episode : active) note(episode);
  std::erase_if(lives_, [&](const auto& entry) {
    const Life& life = entry.second;
    return life.resolved_at && evaluated_(life.episode).at > *life.resolved_at + resolved_for_;
  });
  std::vector<alerting::PostedAlert> alerts;
  for (auto& [labels, life] : lives_) {
    if (!due(life)) continue;
    auto text = std::make_shared<alerting::AlertText>();
    text->annotations = life.episode.annotations;
    if (generator_url_) text->generator_url = generator_url_(life.episode);
    life.alert.text = std::move(text);
    alerts.push_back(life.alert);
  }
  // As an evaluation sends them: in no order that anybody promises, but the same each time.
  std::sort(alerts.begin(), alerts.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
  return alerts;
}

}  // namespace tocsin::run
