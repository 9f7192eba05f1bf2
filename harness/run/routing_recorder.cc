#include "harness/run/routing_recorder.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/alerting/secrets.h"

namespace tocsin::run {
namespace {

using alerting::Answer;
using Outcome = alerting::FlushedAlert::Outcome;

constexpr int kMailTaken = 250;

std::string error_text(const alerting::Integration& integration, const Answer& answer) {
  if (!answer.error.empty()) return answer.error;
  switch (answer.kind) {
    case Answer::Kind::kLost:
      return "connection lost";
    case Answer::Kind::kTimeout:
      return "timeout";
    case Answer::Kind::kImpossible:
      return "cannot be sent";
    case Answer::Kind::kStatus:
      break;
  }
  const char* protocol = integration.kind == "email" ? "SMTP" : "HTTP";
  return fmt::format("{} status {}", protocol, answer.status);
}

NotificationAlert notified(const alerting::NotifiedAlert& alert) {
  return {alert.labels, alert.text->annotations, alert.firing(), alert.starts_at, alert.ends_at};
}

}  // namespace

bool RoutingRecorder::know(const Labels& labels) {
  return labels_.try_emplace(alerting::fingerprint(labels), labels).second;
}

void RoutingRecorder::know_end(const Labels& labels, Timestamp at) {
  std::vector<Timestamp>& ends = ends_[alerting::fingerprint(labels)];
  if (std::find(ends.begin(), ends.end(), at) == ends.end()) ends.push_back(at);
}

void RoutingRecorder::know_silence(std::string id, std::string comment, Timestamp ends_at) {
  silences_[std::move(id)] = {std::move(comment), ends_at};
}

RoutingRecorder::Reason RoutingRecorder::reason_of(const alerting::FlushedAlert& alert) const {
  Reason reason;
  if (alert.outcome == Outcome::kInhibited) {
    reason.kind = Suppression::Kind::kInhibited;
    const auto known = labels_.find(alert.inhibited_by);
    if (known != labels_.end()) reason.by = known->second;
    return reason;
  }
  if (alert.by.empty()) return reason;
  reason.name = alert.by.front();
  if (alert.outcome == Outcome::kMuted) {
    reason.kind = Suppression::Kind::kMuted;
    return reason;
  }
  reason.kind = Suppression::Kind::kSilenced;
  const auto known = silences_.find(reason.name);
  if (known != silences_.end()) reason.name = known->second.comment;
  return reason;
}

Timestamp RoutingRecorder::end_of(const Open& open, Timestamp at) const {
  Timestamp end = at;
  const auto consider = [&](Timestamp candidate) {
    if (candidate > open.seen_at) end = std::min(end, candidate);
  };
  switch (open.reason.kind) {
    case Suppression::Kind::kInhibited: {
      const auto ends = ends_.find(alerting::fingerprint(open.reason.by));
      if (ends != ends_.end()) std::for_each(ends->second.begin(), ends->second.end(), consider);
      break;
    }
    case Suppression::Kind::kSilenced:
      for (const auto& [id, silence] : silences_) {
        if (silence.comment == open.reason.name) consider(silence.ends_at);
      }
      break;
    case Suppression::Kind::kMuted:
      break;  // nobody else looks either
  }
  return end;
}

void RoutingRecorder::close_what_is_over(KeptBack& state, Timestamp at) {
  std::erase_if(state.open, [&](const Open& open) {
    for (const auto& [group, reason] : state.by_group) {
      if (reason == open.reason) return false;
    }
    Suppression& suppression = evidence_.suppressions[open.index];
    suppression.to = std::max(suppression.from, end_of(open, at));
    return true;
  });
}

void RoutingRecorder::flushed(const alerting::FlushedAlert& alert) {
  const bool kept = alert.outcome != Outcome::kPassed && !alert.ended_at;
  const auto known = kept_back_.find(alert.labels);
  if (!kept && known == kept_back_.end()) return;
  KeptBack& state = known != kept_back_.end() ? known->second : kept_back_[alert.labels];
  if (!kept) {
    state.by_group.erase(alert.group_key);
    close_what_is_over(state, alert.ended_at.value_or(alert.at));
    if (state.by_group.empty()) kept_back_.erase(alert.labels);
    return;
  }
  Reason reason = reason_of(alert);
  state.by_group[alert.group_key] = reason;
  close_what_is_over(state, alert.at);
  for (Open& open : state.open) {
    if (open.reason != reason) continue;
    open.seen_at = alert.at;
    return;
  }
  evidence_.suppressions.push_back(
      {reason.kind, alert.labels, alert.at, std::nullopt, reason.by, reason.name});
  state.open.push_back({std::move(reason), evidence_.suppressions.size() - 1, alert.at});
}

void RoutingRecorder::record(const alerting::Delivery& delivery,
                             const alerting::Notification& notification, const ToldText& told,
                             const Answer& answer) {
  const alerting::Integration& integration = *delivery.integration;
  NotificationRecord record;
  record.at = delivery.at;
  record.receiver = notification.receiver;
  record.integration = notification.integration;
  record.integration_index = notification.integration_index;
  record.group_key = notification.group_key;
  record.group_labels = notification.group_labels;
  record.firing = notification.firing();
  record.reason = alerting::to_string(notification.reason);
  record.attempt = delivery.attempt;
  for (const alerting::NotifiedAlert& alert : notification.alerts) {
    record.alerts.push_back(notified(alert));
  }
  record.title = alerting::without_secrets(told.title, routing_.secrets);
  record.text = alerting::without_secrets(told.text, routing_.secrets);
  record.delivered = judge(integration, answer) == alerting::Verdict::kDelivered;
  record.status = answer.kind == Answer::Kind::kStatus ? answer.status : 0;
  if (record.delivered && integration.kind == "email") record.status = kMailTaken;
  if (!record.delivered) {
    record.error = alerting::without_secrets(error_text(integration, answer), routing_.secrets);
  }
  evidence_.notifications.push_back(std::move(record));
}

void set_silences(const scenario::Scenario& scenario, const Evidence& evidence,
                  alerting::Engine& engine, RoutingRecorder& recorder) {
  for (const scenario::SilenceSpec& spec : scenario.silences) {
    alerting::Silence silence;
    for (const auto& matcher : spec.matchers) {
      const auto parsed = alerting::parse_matchers(matcher.text);
      if (!parsed.has_error()) {
        silence.matchers.insert(silence.matchers.end(), parsed->begin(), parsed->end());
      }
    }
    alerting::sort_matchers(silence.matchers);
    silence.starts_at = evidence.at_offset(spec.window.from);
    silence.ends_at = evidence.at_offset(spec.window.to);
    silence.created_by = "scenario";
    silence.comment = spec.comment;
    const Timestamp ends_at = silence.ends_at;
    const auto id = engine.silences().set(std::move(silence), engine.now());
    if (id.has_value()) recorder.know_silence(*id, spec.comment, ends_at);
  }
}

}  // namespace tocsin::run
