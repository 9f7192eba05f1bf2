#pragma once

#include <string>
#include <vector>

#include "assertions/notification_log.h"

/// Alerts and notifications in a few words, for judgements and reports.

namespace tocsin::assertions {

/// `DiskFull {instance="node-1"}`.
std::string alert_text(const Labels& alert);
/// The first two of them and how many more there are; alike names once: "DiskFull ×500".
std::string alerts_text(const std::vector<Labels>& alerts);
/// "on-call by slack".
std::string receiver_text(const NotificationRecord& record);
/// Those that a notification tells of, as the log knows them.
std::vector<Labels> alerts_of(const Told& told, const NotificationLog& log);
/// "first to on-call by slack, DiskFull ×500", with what became of it when it was not delivered.
std::string told_text(const Told& told, const NotificationLog& log);
/// Notifications as lines of a story; those that are alike but for their alerts, at one moment, are
/// one line: "200 × first to on-call by slack, DiskFull ×200".
struct ToldLine {
  Timestamp at = {};
  std::string text;
};
std::vector<ToldLine> told_lines(const std::vector<const Told*>& notifications,
                                 const NotificationLog& log);
/// "2 first, 1 repeat, 1 resolved".
std::string kinds_text(const std::vector<const Told*>& notifications);
/// "not delivered: 503 (5 attempts)".
std::string undelivered_text(const Told& told);
/// "inhibited by ServiceDown".
std::string suppressor_text(const Suppression& suppression);

}  // namespace tocsin::assertions
