#include "harness/alerting/engine.h"

namespace tocsin::alerting {
namespace {

/// Slack answers 200 also when it refuses: with a JSON object that says so, or another text than
/// "ok". A simulated receiver may say nothing.
bool slack_refuses(std::string_view body) {
  if (!body.starts_with('{')) return !body.empty() && body != "ok";
  std::string squeezed;
  for (const char c : body) {
    if (c != ' ' && c != '\n' && c != '\t' && c != '\r') squeezed += c;
  }
  return squeezed.find("\"ok\":true") == std::string::npos;
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

}  // namespace

Verdict judge(const Integration& integration, const Answer& answer) {
  switch (answer.kind) {
    case Answer::Kind::kImpossible:
      return Verdict::kFailed;
    case Answer::Kind::kLost:
    case Answer::Kind::kTimeout:
      return Verdict::kRetry;
    case Answer::Kind::kStatus:
      break;
  }
  if (answer.status / 100 == 2) {
    const bool refused = integration.kind == "slack" && slack_refuses(answer.body);
    return refused ? Verdict::kFailed : Verdict::kDelivered;
  }
  // Whatever an SMTP server says against a mail, it is tried again.
  const bool again = answer.status / 100 == 5 || integration.kind == "email" ||
                     retries_status(integration, answer.status);
  return again ? Verdict::kRetry : Verdict::kFailed;
}

}  // namespace tocsin::alerting
