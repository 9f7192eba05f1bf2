#include <nlohmann/json.hpp>

#include "harness/alerting/engine.h"

namespace tocsin::alerting {
namespace {

/// Some services answer 200 also when they refuse. What their bodies say; a simulated receiver may
/// say nothing, which is no refusal.
enum class BodyWord { kGood, kRefused, kUnreadable };

/// A JSON object whose member `flag` is true.
BodyWord word_of_flag(std::string_view body, const char* flag) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return BodyWord::kUnreadable;
  const auto found = json.find(flag);
  const bool good = found != json.end() && found->is_boolean() && found->get<bool>();
  return good ? BodyWord::kGood : BodyWord::kRefused;
}

/// A JSON object, or the text "ok".
BodyWord word_of_slack(std::string_view body) {
  if (!body.starts_with('{')) return body == "ok" ? BodyWord::kGood : BodyWord::kRefused;
  return word_of_flag(body, "ok");
}

/// An error code; that of a token that has run out is worth another attempt.
BodyWord word_of_wechat(std::string_view body) {
  constexpr int kTokenExpired = 42001;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return BodyWord::kUnreadable;
  const auto found = json.find("errcode");
  if (found == json.end() || *found == 0) return BodyWord::kGood;
  return *found == kTokenExpired ? BodyWord::kUnreadable : BodyWord::kRefused;
}

Verdict judge_body(const Integration& integration, std::string_view body) {
  BodyWord word = BodyWord::kGood;
  if (body.empty()) return Verdict::kDelivered;
  if (integration.kind == "slack") word = word_of_slack(body);
  if (integration.kind == "rocketchat") word = word_of_flag(body, "success");
  if (integration.kind == "wechat") word = word_of_wechat(body);
  // Telegram's refusals are all tried again.
  if (integration.kind == "telegram" && word_of_flag(body, "ok") != BodyWord::kGood) {
    word = BodyWord::kUnreadable;
  }
  switch (word) {
    case BodyWord::kGood:
      return Verdict::kDelivered;
    case BodyWord::kRefused:
      return Verdict::kFailed;
    case BodyWord::kUnreadable:
      return Verdict::kRetry;
  }
  return Verdict::kFailed;
}

/// Beside 5xx.
bool retries_status(const Integration& integration, int status) {
  constexpr int kForbidden = 403;
  constexpr int kTooMany = 429;
  if (integration.kind == "pagerduty") {
    const bool version_1 = integration.has("service_key") || integration.has("service_key_file");
    return status == (version_1 ? kForbidden : kTooMany);
  }
  return status == kTooMany && (integration.kind == "opsgenie" || integration.kind == "jira" ||
                                integration.kind == "incidentio");
}

/// Whatever is said against it, it is tried again: by SMTP servers, by Telegram, by WeChat.
bool always_retries(const Integration& integration) {
  return integration.kind == "email" || integration.kind == "telegram" ||
         integration.kind == "wechat";
}

}  // namespace

Verdict judge(const Integration& integration, const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::kImpossible:
      return Verdict::kFailed;
    case Answer::Kind::kLost:
    case Answer::Kind::kTimeout:
      // Alertmanager gives Jira up when it cannot be reached.
      return integration.kind == "jira" ? Verdict::kFailed : Verdict::kRetry;
    case Answer::Kind::kStatus:
      break;
  }
  if (answer.status / 100 == 2) return judge_body(integration, answer.body);
  const bool again = answer.status / 100 == 5 || always_retries(integration) ||
                     retries_status(integration, answer.status);
  return again ? Verdict::kRetry : Verdict::kFailed;
}

}  // namespace tocsin::alerting
