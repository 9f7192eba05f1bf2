#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/http/message.h"
#include "harness/model/evidence.h"

/// What a request says, and what the real service would answer.

namespace tocsin::receivers {

/// What a service remembers of one integration, from one request to the next.
struct Memory {
  struct Issue {
    std::string key;
    bool done = false;
  };
  std::map<std::string, Issue> issues = {};   ///< Jira's, by the label of their group
  std::size_t issues_made = 0;                ///< for their keys
  std::vector<std::string> transitions = {};  ///< Jira's, beside the usual ones
  bool knows_everything = false;              ///< every issue that is asked for is there
};

struct Reading {
  NotificationRecord record;  ///< group, alerts and texts only
  /// It asks before it tells (a token, a list): answered, but no notification.
  bool is_question = false;
  std::string identity;
  std::string problem;  ///< why it is refused; empty: it is not
  std::map<std::string, std::string> details;
  http::Response answer;
  /// What the service remembers of it once it has taken it; may be empty.
  std::function<void()> takes_effect;
};

/// The detail under which the mark of a notification stands (harness/model/notification_mark.h).
inline constexpr const char* kMarkDetail = "mark";

/// What has come for one integration.
struct Incoming {
  std::string_view kind;
  const std::vector<std::string>& rest;  ///< path segments after the integration's own path
  const http::Request& request;
  Memory& memory;
};

/// A service over HTTP: its file is integrations/NAME.cc.
using Read = Reading (*)(const Incoming& incoming);

/// Whether a kind of integration is known here at all, and over HTTP.
bool is_spoken(std::string_view kind);

/// `incoming.kind` is spoken.
Reading read_request(const Incoming& incoming);

/// Bodies that are no JSON object get this far only: null, and a reading that refuses them.
nlohmann::json object_of(const Incoming& incoming, Reading& reading);
/// Refuses with JSON.
void refuse_with(Reading& reading, int status, const std::string& problem,
                 const nlohmann::json& answer);
/// Accepts with JSON.
void accept_with(Reading& reading, int status, const nlohmann::json& answer);
/// Firing or not, and the alerts, by title and text.
void read_texts(Reading& reading);

// One each; registered in integrations.cc.
Reading read_discord(const Incoming& incoming);
Reading read_incidentio(const Incoming& incoming);
Reading read_jira(const Incoming& incoming);
Reading read_mattermost(const Incoming& incoming);
Reading read_opsgenie(const Incoming& incoming);
Reading read_pagerduty(const Incoming& incoming);
Reading read_pushover(const Incoming& incoming);
Reading read_rocketchat(const Incoming& incoming);
Reading read_slack(const Incoming& incoming);
Reading read_sns(const Incoming& incoming);
Reading read_teams(const Incoming& incoming);
Reading read_telegram(const Incoming& incoming);
Reading read_victorops(const Incoming& incoming);
Reading read_webex(const Incoming& incoming);
Reading read_webhook(const Incoming& incoming);
Reading read_wechat(const Incoming& incoming);

/// Texts, attachments and blocks as Slack and those who took over its form have them.
void read_slack_message(const nlohmann::json& message, Reading& reading);
/// Webhook messages of Alertmanager, version 4 or 1.
void read_alertmanager_message(const nlohmann::json& message, Reading& reading);

}  // namespace tocsin::receivers
