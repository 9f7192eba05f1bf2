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

std::string head_text(const Told& told) {
  return std::string(to_string(told.kind)) + " to " + receiver_text(told.last());
}

/// What there is to say of its delivery.
std::string tail_text(const Told& told) {
  if (!told.delivered()) return ", " + undelivered_text(told);
  if (told.attempts.size() == 1) return {};
  return ", at attempt " + std::to_string(told.attempts.size()) + " after " +
         failure_text(*told.attempts[told.attempts.size() - 2]);
}

/// The alerts of notifications of one kind.
class Contents {
 public:
  void add(const Told& told, const NotificationLog& log) {
    const std::vector<Labels> alerts = alerts_of(told, log);
    for (std::size_t i = 0; i < alerts.size(); ++i) {
      const bool over = told.kind != NotificationKind::kResolved && !told.alerts[i].firing;
      (over ? over_ : alerts_).push_back(alerts[i]);
    }
  }

  /// What is over is told apart where something else fires. Empty: they name no alert.
  std::string text() const {
    if (over_.empty()) return alerts_.empty() ? "" : alerts_text(alerts_);
    return (alerts_.empty() ? "" : alerts_text(alerts_) + "; ") + "over: " + alerts_text(over_);
  }

 private:
  std::vector<Labels> alerts_;
  std::vector<Labels> over_;
};

bool alike(const Told& a, const Told& b) {
  return a.at() == b.at() && head_text(a) == head_text(b) && tail_text(a) == tail_text(b);
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

std::vector<Labels> alerts_of(const Told& told, const NotificationLog& log) {
  std::vector<Labels> alerts;
  for (std::size_t i = 0; i < told.alerts.size(); ++i) {
    const std::size_t subject = told.alerts[i].subject;
    alerts.push_back(subject == kNoSubject ? told.last().alerts[i].labels
                                           : log.subjects()[subject]);
  }
  return alerts;
}

std::string told_text(const Told& told, const NotificationLog& log) {
  Contents contents;
  contents.add(told, log);
  const std::string alerts = contents.text();
  return head_text(told) + ", " + (alerts.empty() ? '"' + told.last().title + '"' : alerts) +
         tail_text(told);
}

std::vector<ToldLine> told_lines(const std::vector<const Told*>& notifications,
                                 const NotificationLog& log) {
  std::vector<ToldLine> lines;
  for (std::size_t begin = 0; begin < notifications.size();) {
    const Told& first = *notifications[begin];
    Contents contents;
    std::size_t end = begin;
    while (end < notifications.size() && alike(first, *notifications[end])) {
      contents.add(*notifications[end++], log);
    }
    std::string text = told_text(first, log);
    if (end - begin > 1) {
      const std::string alerts = contents.text();
      text = std::to_string(end - begin) + " × " + head_text(first) +
             (alerts.empty() ? "" : ", " + alerts) + tail_text(first);
    }
    lines.push_back({first.at(), std::move(text)});
    begin = end;
  }
  return lines;
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
