#include <algorithm>

#include <fmt/format.h>

#include "harness/alerting/aws_signature.h"
#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"
#include "harness/rules/go_text.h"

/// Services that page people, other than PagerDuty and Opsgenie.

namespace tocsin::alerting {
namespace {

constexpr std::size_t kPushoverTitle = 250;
constexpr std::size_t kPushoverMessage = 1024;
constexpr std::size_t kPushoverUrl = 512;
constexpr std::size_t kVictoropsMessage = 20480;
constexpr std::size_t kIncidentioBytes = 512 * 1024;
constexpr std::size_t kSnsBytes = 256 * 1024;
constexpr std::size_t kSmsBytes = 1600;

std::string form_of(const std::map<std::string, std::string>& parameters) {
  std::string form;
  for (const auto& [name, value] : parameters) {
    if (!form.empty()) form += '&';
    form += rules::go_query_escape(name) + '=' + rules::go_query_escape(value);
  }
  return form;
}

/// Whole seconds of a duration setting.
std::string seconds_of(const Integration& integration, const char* key, const char* otherwise) {
  const Result<Nanos> length = parse_go_duration(integration.text(key, otherwise));
  const Nanos nanos = length.has_value() ? *length : Nanos(0);
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(nanos).count());
}

/// A secret as it stands in its file: Pushover's are not trimmed.
std::string untrimmed_secret(PayloadWriter& writer, const std::string& key) {
  const std::string own = writer.integration().text(key);
  if (!own.empty()) return own;
  const std::string file = writer.integration().text(key + "_file");
  return file.empty() ? "" : writer.file_text(file);
}

std::string trimmed_text(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n\v\f");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t\r\n\v\f") - begin + 1);
}

std::string pushover_message(PayloadWriter& writer) {
  const std::string text =
      writer.integration().text("message", template_call("pushover.default.message"));
  const std::string expanded =
      writer.integration().flag("html") ? writer.expand_html(text) : writer.expand(text);
  const std::string message = trimmed_text(cut_to(expanded, kPushoverMessage));
  // Pushover takes no empty message.
  return message.empty() ? "(no details)" : message;
}

}  // namespace

/// All of it is in the query.
HttpExchange pushover_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  std::map<std::string, std::string> parameters;
  parameters["token"] = writer.expand(untrimmed_secret(writer, "token"));
  parameters["user"] = writer.expand(untrimmed_secret(writer, "user_key"));
  parameters["title"] =
      cut_to(writer.setting("title", template_call("pushover.default.title")), kPushoverTitle);
  for (const char* flag : {"html", "monospace"}) {
    if (integration.flag(flag)) parameters[flag] = "1";
  }
  parameters["message"] = pushover_message(writer);
  parameters["url"] =
      cut_to(writer.setting("url", template_call("pushover.default.url")), kPushoverUrl);
  parameters["priority"] =
      writer.setting("priority", "{{ if eq .Status \"firing\" }}2{{ else }}0{{ end }}");
  for (const char* key : {"url_title", "device", "sound"}) parameters[key] = writer.setting(key);
  parameters["retry"] = seconds_of(integration, "retry", "1m");
  parameters["expire"] = seconds_of(integration, "expire", "1h");
  const std::string ttl = seconds_of(integration, "ttl", "0");
  if (ttl != "0" && !ttl.starts_with('-')) parameters["ttl"] = ttl;
  HttpRequest request = writer.post(
      writer.fixed_url("https://api.pushover.net/1/messages.json") + '?' + form_of(parameters), "");
  for (auto& [name, value] : request.headers) {
    if (name == "Content-Type") value = "text/plain";
  }
  return request;
}

HttpExchange victorops_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  std::map<std::string, std::string> message;
  std::string type = writer.setting("message_type", "CRITICAL");
  if (writer.is_resolved()) {
    type = "RECOVERY";
  } else if (type != "INFO" && type != "WARNING") {
    type = "CRITICAL";
  }
  message["message_type"] = type;
  message["entity_id"] = group_key_hash(writer.notification().group_key);
  message["state_message"] =
      cut_to(writer.setting("state_message", template_call("victorops.default.state_message")),
             kVictoropsMessage);
  for (const char* key : {"entity_display_name", "monitoring_tool"}) {
    message[key] = writer.setting(key, template_call(std::string("victorops.default.") + key));
  }
  if (const yaml::Node* fields = writer.node("custom_fields"); fields && fields->is_map()) {
    for (const auto& [name, value] : fields->entries) {
      message[name->text] = writer.expand(value->text);
    }
  }
  PayloadJson body = PayloadJson::object();
  for (const auto& [name, value] : message) body[name] = value;
  const std::string path = writer.secret("api_key") + '/' + writer.setting("routing_key");
  return writer.post(joined_url(integration.text("api_url"), path_escaped(path)), go_json(body));
}

/// A webhook's message; version 1 has the same members as version 4.
HttpExchange incidentio_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  const auto most = integer_of(*integration.node, "max_alerts").value_or(0);
  Notification rendered = writer.notification();
  rendered.route_labels = writer.data().route_labels;
  WebhookForm form;
  form.version = "1";
  form.max_alerts = static_cast<std::size_t>(std::max<std::int64_t>(0, most));
  std::string body = webhook_body(rendered, form, writer.context().external_url);
  if (body.size() > kIncidentioBytes) {
    form.shown_alerts = 1;
    body = webhook_body(rendered, form, writer.context().external_url);
  }
  HttpRequest request = writer.post(writer.secret("url"), std::move(body));
  const std::string token = writer.secret("alert_source_token");
  if (!token.empty()) {
    std::erase_if(request.headers, [](const auto& one) { return one.first == "Authorization"; });
    request.headers.emplace_back("Authorization", "Bearer " + token);
  }
  return request;
}

namespace {

/// Publish, as a form.
std::map<std::string, std::string> sns_parameters(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  std::map<std::string, std::string> attributes;
  if (const yaml::Node* written = writer.node("attributes"); written && written->is_map()) {
    for (const auto& [name, value] : written->entries) {
      attributes[writer.expand(name->text)] = writer.expand(value->text);
    }
  }
  std::map<std::string, std::string> form = {{"Action", "Publish"}, {"Version", "2010-03-31"}};
  const std::string topic = writer.setting("topic_arn");
  if (!topic.empty()) form["TopicArn"] = topic;
  if (topic.ends_with(".fifo")) {
    const std::string key = group_key_hash(writer.notification().group_key);
    form["MessageDeduplicationId"] = key;
    form["MessageGroupId"] = key;
  }
  const std::string phone = writer.setting("phone_number");
  if (!phone.empty()) form["PhoneNumber"] = phone;
  const std::string target = writer.setting("target_arn");
  if (!target.empty()) form["TargetArn"] = target;
  std::string message = writer.setting("message", template_call("sns.default.message"));
  const std::size_t most = integration.has("phone_number") ? kSmsBytes : kSnsBytes;
  if (message.size() > most) {
    message.resize(most);
    attributes["truncated"] = "true";
  }
  form["Message"] = message;
  const std::string subject = integration.text("subject", template_call("sns.default.subject"));
  if (!subject.empty()) form["Subject"] = writer.expand(subject);
  std::size_t number = 0;
  for (const auto& [name, value] : attributes) {
    const std::string entry = fmt::format("MessageAttributes.entry.{}.", ++number);
    form[entry + "Name"] = name;
    form[entry + "Value.DataType"] = "String";
    form[entry + "Value.StringValue"] = value;
  }
  return form;
}

}  // namespace

HttpExchange sns_payload(PayloadWriter& writer) {
  AwsSigner signer;
  if (const yaml::Node* sigv4 = writer.node("sigv4")) {
    signer.region = text_of(*sigv4, "region");
    signer.access_key = text_of(*sigv4, "access_key");
    signer.secret_key = text_of(*sigv4, "secret_key");
  }
  // What Amazon's own chain of credentials would give is not known here.
  if (signer.access_key.empty()) signer.access_key = signer.secret_key = "not-here";
  const bool made_up = writer.context().missing_secret == MissingSecret::kMadeUp;
  if (signer.region.empty() && made_up) signer.region = "us-east-1";
  if (signer.region.empty()) {
    writer.fail(input_error(
        {}, "region not configured in sns.sigv4.region or in default credentials chain"));
  }
  std::string url = writer.setting("api_url");
  if (url.empty()) url = "https://sns." + signer.region + ".amazonaws.com/";
  if (std::count(url.begin(), url.end(), '/') == 2) url += '/';
  HttpRequest request = writer.request("POST", std::move(url));
  request.headers.insert(request.headers.begin(),
                         {"Content-Type", "application/x-www-form-urlencoded"});
  request.body = form_of(sns_parameters(writer));
  signer.sign(request, "sns", writer.now());
  return request;
}

}  // namespace tocsin::alerting
