#include <nlohmann/json.hpp>

#include "fakes/receivers/form_input.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// WeChat Work: GET gettoken, then POST message/send. Its refusals have status 200, too.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

void refuse_wechat(Reading& reading, int code, const char* why) {
  refuse_with(reading, 200, why, {{"errcode", code}, {"errmsg", why}});
}

void answer_gettoken(const Incoming& incoming, Reading& reading) {
  constexpr int kInvalidCredential = 40001;
  constexpr int kLifetime = 7200;
  std::map<std::string, std::string> query = form_values(incoming.request.query());
  reading.is_question = true;
  if (query["corpid"].empty() || query["corpsecret"].empty()) {
    refuse_wechat(reading, kInvalidCredential, "invalid credential");
    return;
  }
  accept_with(reading, 200,
              {{"errcode", 0},
               {"errmsg", "ok"},
               {"access_token", "accesstoken000001"},
               {"expires_in", kLifetime}});
}

}  // namespace

Reading read_wechat(const Incoming& incoming) {
  constexpr int kMissingToken = 41001;
  constexpr int kEmptyContent = 44004;
  constexpr int kNotJson = 47001;
  Reading reading;
  if (!incoming.rest.empty() && incoming.rest.back() == "gettoken") {
    answer_gettoken(incoming, reading);
    return reading;
  }
  const json message = parse_json(incoming.request.body, reading.problem);
  if (!message.is_object()) {
    refuse_wechat(reading, kNotJson, "data format error");
    return reading;
  }
  NotificationRecord& record = reading.record;
  const std::string type = text_at(message, "msgtype");
  record.text = text_at(member(message, type == "markdown" ? "markdown" : "text"), "content");
  record.title = record.text.substr(0, record.text.find('\n'));
  for (const char* name : {"touser", "toparty", "totag", "agentid"}) {
    const std::string value = text_at(message, name);
    if (!value.empty()) reading.details[name] = value;
  }
  read_texts(reading);
  if (form_values(incoming.request.query())["access_token"].empty()) {
    refuse_wechat(reading, kMissingToken, "access_token missing");
  } else if (record.text.empty()) {
    refuse_wechat(reading, kEmptyContent, "text content is empty");
  } else {
    accept_with(reading, 200, {{"errcode", 0}, {"errmsg", "ok"}, {"msgid", "1"}});
  }
  return reading;
}

}  // namespace tocsin::receivers
