#include "harness/stack/alertmanager_api.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/stack/json_read.h"

namespace tocsin::stack {
namespace {

using nlohmann::json;

std::vector<std::string> texts_of(const json& list) {
  std::vector<std::string> texts;
  for (const json& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string silence_text(const NewSilence& silence) {
  json matchers = json::array();
  for (const SilenceMatcher& matcher : silence.matchers) {
    matchers.push_back({{"name", matcher.name},
                        {"value", matcher.value},
                        {"isRegex", matcher.regex},
                        {"isEqual", matcher.equal}});
  }
  const json body = {{"matchers", std::move(matchers)},
                     {"startsAt", format_rfc3339(silence.starts_at)},
                     {"endsAt", format_rfc3339(silence.ends_at)},
                     {"createdBy", silence.created_by},
                     {"comment", silence.comment}};
  return body.dump();
}

}  // namespace

Result<std::vector<RoutedAlert>> alerts_of_answer(const json& answer) {
  if (!answer.is_array()) {
    return io_error("Alertmanager's answer is not what its API documents");
  }
  std::vector<RoutedAlert> alerts;
  for (const json& shown : answer) {
    RoutedAlert& alert = alerts.emplace_back();
    alert.labels = labels_at(shown, "labels");
    alert.fingerprint = text_at(shown, "fingerprint");
    for (const json& receiver : list_at(shown, "receivers")) {
      alert.receivers.push_back(text_at(receiver, "name"));
    }
    const json& status = object_at(shown, "status");
    alert.inhibited_by = texts_of(list_at(status, "inhibitedBy"));
    alert.silenced_by = texts_of(list_at(status, "silencedBy"));
    alert.muted_by = texts_of(list_at(status, "mutedBy"));
  }
  return alerts;
}

net::Task<Result<void>> AlertmanagerApi::ready() {
  ApiRequest request;
  request.path = "/-/ready";
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return Result<void>();
}

net::Task<Result<json>> AlertmanagerApi::status() {
  ApiRequest request;
  request.path = "/api/v2/status";
  co_return co_await api_.json(std::move(request));
}

net::Task<Result<std::string>> AlertmanagerApi::version() {
  Result<json> answer = co_await status();
  if (answer.has_error()) co_return answer.error();
  co_return text_at(object_at(*answer, "versionInfo"), "version");
}

net::Task<Result<std::string>> AlertmanagerApi::configuration() {
  Result<json> answer = co_await status();
  if (answer.has_error()) co_return answer.error();
  co_return text_at(object_at(*answer, "config"), "original");
}

net::Task<Result<std::vector<RoutedAlert>>> AlertmanagerApi::alerts() {
  ApiRequest request;
  request.path = "/api/v2/alerts";
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return alerts_of_answer(*answer);
}

net::Task<Result<std::string>> AlertmanagerApi::add_silence(NewSilence silence) {
  ApiRequest request;
  request.method = "POST";
  request.path = "/api/v2/silences";
  request.content_type = "application/json";
  request.body = silence_text(silence);
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return text_at(*answer, "silenceID");
}

net::Task<Result<void>> AlertmanagerApi::expire_silence(std::string id) {
  ApiRequest request;
  request.method = "DELETE";
  request.path = "/api/v2/silence/" + url_encoded(id);
  Result<std::string> answer = co_await api_.text(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return Result<void>();
}

net::Task<Result<std::string>> AlertmanagerApi::silence_comment(std::string id) {
  ApiRequest request;
  request.path = "/api/v2/silence/" + url_encoded(id);
  Result<json> answer = co_await api_.json(std::move(request));
  if (answer.has_error()) co_return answer.error();
  co_return text_at(*answer, "comment");
}

}  // namespace tocsin::stack
