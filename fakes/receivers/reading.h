#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/http/message.h"
#include "harness/model/evidence.h"

/// What a request says, and what the real service would answer.

namespace tocsin::receivers {

struct Reading {
  NotificationRecord record;  ///< group, alerts and texts only
  std::string identity;
  std::string problem;  ///< why it is refused; empty: it is not
  std::map<std::string, std::string> details;
  http::Response answer;
};

/// What has come for one integration.
struct Incoming {
  std::string_view kind;
  const std::vector<std::string>& rest;  ///< path segments after the integration's own path
  const http::Request& request;
};

/// A service over HTTP: its file is integrations/NAME.cc.
using Read = Reading (*)(const Incoming& incoming);

/// Whether a kind of integration is known here at all, and over HTTP.
bool is_spoken(std::string_view kind);

/// `incoming.kind` is spoken.
Reading read_request(const Incoming& incoming);

// One each; registered in integrations.cc.
Reading read_webhook(const Incoming& incoming);
Reading read_slack(const Incoming& incoming);
Reading read_pagerduty(const Incoming& incoming);
Reading read_opsgenie(const Incoming& incoming);
Reading read_teams(const Incoming& incoming);
Reading read_discord(const Incoming& incoming);
Reading read_telegram(const Incoming& incoming);
Reading read_victorops(const Incoming& incoming);
Reading read_other(const Incoming& incoming);

}  // namespace tocsin::receivers
