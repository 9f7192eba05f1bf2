#include <map>

#include <nlohmann/json.hpp>

#include "fakes/receivers/alert_texts.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

namespace tocsin::receivers {
namespace {

using nlohmann::json;

/// Every kind that alertmanager.yml knows, but for e-mail.
const std::map<std::string_view, Read>& readers() {
  static const std::map<std::string_view, Read> kReaders = {
      {"discord", read_discord},       {"incidentio", read_incidentio}, {"jira", read_jira},
      {"mattermost", read_mattermost}, {"msteams", read_teams},         {"msteamsv2", read_teams},
      {"opsgenie", read_opsgenie},     {"pagerduty", read_pagerduty},   {"pushover", read_pushover},
      {"rocketchat", read_rocketchat}, {"slack", read_slack},           {"sns", read_sns},
      {"telegram", read_telegram},     {"victorops", read_victorops},   {"webex", read_webex},
      {"webhook", read_webhook},       {"wechat", read_wechat}};
  return kReaders;
}

http::Response json_answer(int status, const json& answer) {
  return http::text_response(status, answer.dump(-1, ' ', false, json::error_handler_t::replace),
                             "application/json");
}

}  // namespace

bool is_spoken(std::string_view kind) {
  return readers().contains(kind);
}

Reading read_request(const Incoming& incoming) {
  return readers().at(incoming.kind)(incoming);
}

json object_of(const Incoming& incoming, Reading& reading) {
  json message = parse_json(incoming.request.body, reading.problem);
  if (message.is_object()) return message;
  if (reading.problem.empty()) reading.problem = "not a JSON object";
  refuse_with(reading, 400, reading.problem, {{"ok", false}, {"message", reading.problem}});
  return nullptr;
}

void refuse_with(Reading& reading, int status, const std::string& problem, const json& answer) {
  reading.problem = problem;
  reading.answer = json_answer(status, answer);
}

void accept_with(Reading& reading, int status, const json& answer) {
  reading.answer = json_answer(status, answer);
}

void read_texts(Reading& reading) {
  settle_firing(reading.record);
  reading.record.alerts = alerts_in_text(reading.record.text, reading.record.firing);
  // Without a title that says it, the lists do.
  settle_firing(reading.record);
}

}  // namespace tocsin::receivers
