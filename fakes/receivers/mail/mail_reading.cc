#include "fakes/receivers/mail/mail_reading.h"

#include <functional>

#include <fmt/format.h>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/mail/html_text.h"
#include "fakes/receivers/mail/mime.h"
#include "fakes/receivers/reading.h"
#include "fakes/receivers/site.h"
#include "harness/model/notification_mark.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kMailHeadersKept = 64;
constexpr std::size_t kMailHeaderKept = 1024;

std::string to_first(const SmtpEnvelope& envelope) {
  return "to " + (envelope.recipients.empty() ? "" : envelope.recipients.front());
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ",") + word;
  return all;
}

/// How much is known of which mail it is.
std::string identity_of(const SmtpAttempt& attempt, const NotificationRecord& record,
                        const std::string& html) {
  switch (attempt.stage) {
    case SmtpStage::kConnect:
    case SmtpStage::kHello:
    case SmtpStage::kAuth:
    case SmtpStage::kSender:
      return kConnectionIdentity;
    case SmtpStage::kRecipient:
    case SmtpStage::kData:
    case SmtpStage::kContent:
      return to_first(attempt.envelope);
    case SmtpStage::kEnd:
      break;
  }
  return fmt::format("to {}: {} {:016x}", joined(attempt.envelope.recipients), record.title,
                     std::hash<std::string>()(record.text + html));
}

void read_content(const SmtpAttempt& attempt, Received& received) {
  MimeMail mail = read_mime(attempt.content);
  NotificationRecord& record = received.record;
  record.title = mail.header("Subject");
  record.text = mail.text.empty() ? html_text(mail.html) : mail.text;
  settle_firing(record);
  record.alerts = alerts_in_text(record.text, record.firing);
  if (record.alerts.empty() && !mail.text.empty()) {
    record.alerts = alerts_in_text(html_text(mail.html), record.firing);
  }
  if (received.problem.empty()) received.problem = mail.problem;
  for (const char* name : {"From", "To", "Message-Id"}) {
    const std::string value = mail.header(name);
    if (!value.empty()) received.details[name] = value;
  }
  const std::string mark = mail.header(kMarkHeader);
  if (!mark.empty()) received.details[kMarkDetail] = mark;
  std::string attachments;
  for (const MimeAttachment& one : mail.attachments) {
    attachments += fmt::format("{}{} ({}, {} bytes)", attachments.empty() ? "" : ", ", one.name,
                               one.type, one.bytes);
  }
  if (!attachments.empty()) received.details["attachments"] = attachments;
  for (auto& [name, value] : mail.headers) {
    if (received.headers.size() == kMailHeadersKept) break;
    received.headers.emplace_back(name.substr(0, kMailHeaderKept),
                                  value.substr(0, kMailHeaderKept));
  }
  received.html = std::move(mail.html);
}

}  // namespace

Received read_attempt(const IntegrationId& id, SmtpAttempt attempt) {
  Received received = empty_attempt(id, attempt.scripted, attempt.error);
  NotificationRecord& record = received.record;
  record.status = attempt.code;
  record.delivered = attempt.error.empty();
  if (attempt.scripted.empty()) received.problem = attempt.error;
  if (!attempt.content.empty()) read_content(attempt, received);
  received.identity = identity_of(attempt, record, received.html);
  const SmtpEnvelope& envelope = attempt.envelope;
  received.method = std::string(to_string(attempt.stage));
  received.target = joined(envelope.recipients);
  received.details["sender"] = envelope.sender;
  received.details["hello"] = envelope.hello;
  received.details["tls"] = envelope.tls ? "yes" : "no";
  if (!envelope.mechanism.empty()) received.details["auth"] = envelope.mechanism;
  if (!attempt.recipient.empty()) received.details["recipient"] = attempt.recipient;
  received.body_bytes = attempt.content.size();
  received.body = std::move(attempt.content);
  received.answer = std::move(attempt.reply);
  return received;
}

std::vector<std::string> earlier_identities(const SmtpAttempt& attempt) {
  std::vector<std::string> earlier;
  if (attempt.stage >= SmtpStage::kRecipient) earlier.emplace_back(kConnectionIdentity);
  if (attempt.stage == SmtpStage::kEnd) earlier.push_back(to_first(attempt.envelope));
  return earlier;
}

}  // namespace tocsin::receivers
