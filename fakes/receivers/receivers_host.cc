#include <cstdio>
#include <iostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/receiver_server.h"
#include "harness/base/file.h"

/// Receivers as a process of their own, for tests and benchmarks that are no C++:
///
///     receivers_host OPTIONS.json
///
/// It prints its addresses as a line of JSON and then answers lines on its standard input: "count"
/// with the counters, "received" with a list of all that came so far, "take" with the same, which
/// it forgets, "forget" with how many it forgets. It ends when its input does.

namespace {

using nlohmann::json;
using namespace tocsin;
using namespace tocsin::receivers;

Duration milliseconds_at(const json& object, const char* name) {
  return Duration(object.value(name, 0));
}

TroubleKind kind_named(const std::string& name) {
  static const std::map<std::string, TroubleKind> kKinds = {
      {"answer", TroubleKind::kAnswer},
      {"slow", TroubleKind::kSlow},
      {"hang", TroubleKind::kHang},
      {"drop", TroubleKind::kDrop},
      {"malformed", TroubleKind::kMalformed},
      {"not ok", TroubleKind::kNotOk},
      {"drop at accept", TroubleKind::kDropAtAccept},
      {"refuse", TroubleKind::kRefuse}};
  return kKinds.at(name);
}

SmtpStage stage_named(const std::string& name) {
  static const std::map<std::string, SmtpStage> kStages = {
      {"greeting", SmtpStage::kConnect}, {"EHLO", SmtpStage::kHello},
      {"AUTH", SmtpStage::kAuth},        {"MAIL", SmtpStage::kSender},
      {"RCPT", SmtpStage::kRecipient},   {"DATA", SmtpStage::kData},
      {"content", SmtpStage::kContent},  {"end", SmtpStage::kEnd}};
  return kStages.at(name);
}

Trouble trouble_of(const json& object) {
  Trouble trouble;
  trouble.kind = kind_named(object.at("kind"));
  trouble.from = milliseconds_at(object, "from_ms");
  if (object.contains("to_ms")) trouble.to = milliseconds_at(object, "to_ms");
  trouble.first = object.value("first", 0U);
  trouble.status = object.value("status", 500);
  trouble.delay = milliseconds_at(object, "delay_ms");
  if (object.contains("retry_after_ms")) {
    trouble.retry_after = milliseconds_at(object, "retry_after_ms");
  }
  trouble.text = object.value("text", "");
  trouble.stage = stage_named(object.value("stage", "end"));
  trouble.recipient = object.value("recipient", "");
  return trouble;
}

ReceiverOptions options_of(const json& object) {
  ReceiverOptions options;
  for (const json& item : object.value("integrations", json::array())) {
    IntegrationSetup setup;
    setup.id = {item.at("receiver"), item.at("kind"), item.value("index", std::size_t{0})};
    setup.recipients = item.value("recipients", std::vector<std::string>());
    setup.implicit_tls = item.value("implicit_tls", false);
    for (const json& trouble : item.value("troubles", json::array())) {
      setup.troubles.push_back(trouble_of(trouble));
    }
    options.integrations.push_back(std::move(setup));
  }
  const json smtp = object.value("smtp", json::object());
  options.smtp.needs_tls = smtp.value("needs_tls", false);
  options.smtp.needs_auth = smtp.value("needs_auth", false);
  options.smtp.users = smtp.value("users", std::map<std::string, std::string>());
  options.limits.body_bytes = object.value("body_bytes", options.limits.body_bytes);
  return options;
}

json addresses_of(const ReceiverServer& server, const ReceiverOptions& options) {
  json addresses = {{"smtp", server.smtp_address()},
                    {"smtps", server.smtps_address()},
                    {"certificate", server.certificate_file()},
                    {"base", server.url_of("r", "webhook")}};
  for (const IntegrationSetup& setup : options.integrations) {
    const IntegrationId& id = setup.id;
    const std::string name = fmt::format("{}/{}/{}", id.receiver, id.kind, id.index);
    addresses[name] = id.kind == "email" ? server.smtp_address(id.receiver, id.index)
                                         : server.url_of(id.receiver, id.kind, id.index);
  }
  return addresses;
}

json alert_json(const NotificationAlert& alert) {
  json labels = json::object();
  for (const LabelView label : alert.labels) {
    labels[std::string(label.name)] = std::string(label.value);
  }
  return {{"labels", labels}, {"annotations", alert.annotations}, {"firing", alert.firing}};
}

json received_json(const Received& received) {
  const NotificationRecord& record = received.record;
  json alerts = json::array();
  for (const NotificationAlert& alert : record.alerts) alerts.push_back(alert_json(alert));
  return {{"at_ms", to_ms(record.at)},
          {"receiver", record.receiver},
          {"integration", record.integration},
          {"index", record.integration_index},
          {"group_key", record.group_key},
          {"firing", record.firing},
          {"alerts", alerts},
          {"title", record.title},
          {"text", record.text},
          {"attempt", record.attempt},
          {"status", record.status},
          {"delivered", record.delivered},
          {"error", record.error},
          {"identity", received.identity},
          {"scripted", received.scripted},
          {"problem", received.problem},
          {"details", received.details},
          {"target", received.target},
          {"body", received.body},
          {"body_bytes", received.body_bytes},
          {"html", received.html}};
}

void print(const json& value) {
  std::puts(value.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

void answer(const std::string& line, ReceiverServer& server) {
  if (line == "count") {
    const ReceiverCounters counters = server.counters();
    print({{"received", counters.received}, {"lost", counters.lost}, {"strays", counters.strays}});
    return;
  }
  if (line == "forget") {
    print(server.take().size());
    return;
  }
  json all = json::array();
  for (const Received& one : line == "take" ? server.take() : server.received()) {
    all.push_back(received_json(one));
  }
  print(all);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: receivers_host OPTIONS.json\n", stderr);
    return 2;
  }
  try {
    const ReceiverOptions options = options_of(json::parse(read_file(argv[1]).value()));
    auto opened = ReceiverServer::open(options);
    if (opened.has_error()) {
      std::fputs(render(opened.error()).c_str(), stderr);
      return 2;
    }
    print(addresses_of(**opened, options));
    for (std::string line; std::getline(std::cin, line);) answer(line, **opened);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "receivers_host: %s\n", error.what());
    return 2;
  }
  return 0;
}
