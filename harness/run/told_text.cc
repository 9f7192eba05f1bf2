#include "harness/run/told_text.h"

#include "fakes/receivers/mail/html_text.h"
#include "fakes/receivers/mail/mime.h"
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

/// What Opsgenie's paths say beyond its address: v2, alerts, …
std::vector<std::string> rest_of(std::string_view target) {
  std::vector<std::string> rest;
  std::string_view path = target.substr(0, target.find('?'));
  const std::size_t version = path.find("/v2/");
  if (version == std::string_view::npos) return rest;
  path.remove_prefix(version + 1);
  while (!path.empty()) {
    rest.emplace_back(path.substr(0, path.find('/')));
    path.remove_prefix(std::min(rest.back().size() + 1, path.size()));
  }
  return rest;
}

ToldText text_of(const std::string& kind, const alerting::HttpRequest& sent) {
  http::Request request;
  request.method = sent.method;
  const auto url = http::parse_url(sent.url);
  if (url.has_value()) request.target = url->target;
  for (const auto& [name, value] : sent.headers) request.headers.add(name, value);
  request.body = sent.body;
  const std::vector<std::string> rest =
      kind == "opsgenie" ? rest_of(request.target) : std::vector<std::string>();
  receivers::Reading reading = receivers::read_request({kind, rest, request});
  ToldText told{std::move(reading.record.title), std::move(reading.record.text)};
  told.answer.status = reading.answer.status;
  told.answer.body = std::move(reading.answer.body);
  if (!reading.problem.empty()) told.answer.error = std::move(reading.problem);
  return told;
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
  TRY(const alerting::Payload payload,
      alerting::render_payload(notification, integration, context, now));
  if (const auto* mail = std::get_if<alerting::Mail>(&payload)) return text_of(*mail);
  return text_of(kind, std::get<std::vector<alerting::HttpRequest>>(payload).front());
}

}  // namespace tocsin::run
