#include "assertions/notification_words.h"

#include <algorithm>
#include <map>
#include <utility>

namespace tocsin::assertions {
namespace {

constexpr std::size_t kNamesShown = 3;

std::string name_of(const Labels& alert) {
  const std::string_view name = alert.get("alertname");
  return name.empty() ? alert.to_string() : std::string(name);
}

/// How an attempt ended: "503", "connection refused".
std::string failure_text(const NotificationRecord& record) {
  if (!record.error.empty()) return record.error;
  return record.status > 0 ? std::to_string(record.status) : "no answer";
}

}  // namespace

std::string undelivered_text(const Told& told) {
  std::string text = "not delivered: " + failure_text(told.last());
  if (told.attempts.size() > 1) {
    text += " (" + std::to_string(told.attempts.size()) + " attempts)";
  }
  return text;
}

std::string alert_text(const Labels& alert) {
  const Labels rest = alert.with("alertname", "");
  return rest.empty() ? name_of(alert) : name_of(alert) + ' ' + rest.to_string();
}

std::string alerts_text(const std::vector<Labels>& alerts) {
  if (alerts.size() == 1) return alert_text(alerts.front());
  std::vector<std::pair<std::string, std::size_t>> names;
  for (const Labels& alert : alerts) {
    const std::string name = name_of(alert);
    const auto same = std::find_if(names.begin(), names.end(),
                                   [&](const auto& one) { return one.first == name; });
    if (same == names.end()) {
      names.emplace_back(name, 1);
    } else {
      ++same->second;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kNamesShown); ++i) {
    text += (i == 0 ? "" : ", ") + names[i].first;
    if (names[i].second > 1) text += " ×" + std::to_string(names[i].second);
  }
  if (names.size() > kNamesShown) {
    text += " and " + std::to_string(names.size() - kNamesShown) + " more";
  }
  return text;
}

std::string receiver_text(const NotificationRecord& record) {
  std::string text = record.receiver + " by " + record.integration;
  if (record.integration_index > 0) text += '[' + std::to_string(record.integration_index) + ']';
  return text;
}

std::string told_text(const Told& told, const NotificationLog& log) {
  const NotificationRecord& record = told.last();
  std::string text = std::string(to_string(told.kind)) + " to " + receiver_text(record);
  std::vector<Labels> alerts;
  for (std::size_t i = 0; i < told.alerts.size(); ++i) {
    const std::size_t subject = told.alerts[i].subject;
    alerts.push_back(subject == kNoSubject ? record.alerts[i].labels : log.subjects()[subject]);
  }
  text += ", " + (alerts.empty() ? '"' + record.title + '"' : alerts_text(alerts));
  if (!told.delivered()) return text + ", " + undelivered_text(told);
  if (told.attempts.size() > 1) {
    text += ", at attempt " + std::to_string(told.attempts.size()) + " after " +
            failure_text(*told.attempts[told.attempts.size() - 2]);
  }
  return text;
}

std::string kinds_text(const std::vector<const Told*>& notifications) {
  std::map<NotificationKind, std::size_t> counts;
  for (const Told* told : notifications) ++counts[told->kind];
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + std::string(to_string(kind));
  }
  return text;
}

std::string suppressor_text(const Suppression& suppression) {
  switch (suppression.kind) {
    case Suppression::Kind::kInhibited:
      return "inhibited by " + name_of(suppression.by);
    case Suppression::Kind::kSilenced:
      return "silenced by \"" + suppression.name + '"';
    case Suppression::Kind::kMuted:
      return "muted by " + suppression.name;
  }
  return "suppressed";
}

}  // namespace tocsin::assertions
