#include "harness/run/told_text.h"

#include "fakes/receivers/mail/html_text.h"
#include "fakes/receivers/mail/mime.h"
#include "fakes/receivers/paths.h"
#include "fakes/receivers/reading.h"
#include "harness/alerting/payload_writer.h"
#include "harness/http/url.h"

namespace tocsin::run {
namespace {

ToldText text_of(const alerting::Mail& mail) {
  const receivers::MimeMail read = receivers::read_mime(mail.message);
  ToldText told;
  told.title = read.header("Subject");
  told.text = read.text.empty() ? receivers::html_text(read.html) : read.text;
  return told;
}

/// As the service reads it whose address is `base`, which its paths begin with.
receivers::Reading reading_of(const std::string& kind, const std::string& base,
                              const alerting::HttpRequest& sent, receivers::Memory& memory) {
  http::Request request;
  request.method = sent.method;
  const auto url = http::parse_url(sent.url);
  if (url.has_value()) request.target = url->target;
  for (const auto& [name, value] : sent.headers) request.headers.add(name, value);
  request.body = sent.body;
  std::string_view path = request.path();
  const auto own = http::parse_url(base);
  if (own.has_value() && path.starts_with(own->target)) path.remove_prefix(own->target.size());
  const std::vector<std::string> rest = receivers::path_segments(path);
  return receivers::read_request({kind, rest, request, memory});
}

/// What the first request says that tells something.
Result<ToldText> text_of(const alerting::Integration& integration, alerting::HttpExchange exchange,
                         bool firing) {
  receivers::Memory memory;
  // What is over was told before.
  memory.knows_everything = !firing;
  receivers::Reading reading;
  while (true) {
    for (const alerting::HttpRequest& request : exchange.requests) {
      reading = reading_of(integration.kind, integration.text("api_url"), request, memory);
      if (!reading.is_question) {
        ToldText told{std::move(reading.record.title), std::move(reading.record.text)};
        told.answer.status = reading.answer.status;
        told.answer.body = std::move(reading.answer.body);
        if (!reading.problem.empty()) told.answer.error = std::move(reading.problem);
        return told;
      }
    }
    if (!exchange.next) return ToldText();
    TRY(exchange, exchange.next(reading.answer.body));
  }
}

Result<ToldText> default_text(const alerting::Notification& notification,
                              const alerting::Integration& integration,
                              const alerting::PayloadContext& context, Timestamp now) {
  alerting::PayloadWriter writer(notification, integration, context, now);
  ToldText text;
  text.title = writer.expand("{{ template \"__subject\" . }}");
  text.text = writer.expand("{{ template \"__text_alert_list\" .Alerts }}");
  if (writer.failure()) return *writer.failure();
  return text;
}

}  // namespace

Result<ToldText> told_text(const alerting::Notification& notification,
                           const alerting::Integration& integration,
                           const alerting::PayloadContext& context, Timestamp now) {
  const std::string& kind = integration.kind;
  if (!alerting::has_payload(kind) || (kind != "email" && !receivers::is_spoken(kind))) {
    return default_text(notification, integration, context, now);
  }
  TRY(alerting::Payload payload, alerting::render_payload(notification, integration, context, now));
  if (const auto* mail = std::get_if<alerting::Mail>(&payload)) return text_of(*mail);
  return text_of(integration, std::get<alerting::HttpExchange>(std::move(payload)),
                 notification.firing());
}

}  // namespace tocsin::run
