#include <map>

#include "fakes/receivers/reading.h"

namespace tocsin::receivers {
namespace {

/// Every kind that alertmanager.yml knows, but for e-mail.
const std::map<std::string_view, Read>& readers() {
  static const std::map<std::string_view, Read> kReaders = {
      {"webhook", read_webhook},   {"slack", read_slack},         {"mattermost", read_slack},
      {"rocketchat", read_slack},  {"pagerduty", read_pagerduty}, {"opsgenie", read_opsgenie},
      {"msteams", read_teams},     {"msteamsv2", read_teams},     {"discord", read_discord},
      {"telegram", read_telegram}, {"victorops", read_victorops}, {"incidentio", read_other},
      {"jira", read_other},        {"pushover", read_other},      {"sns", read_other},
      {"webex", read_other},       {"wechat", read_other}};
  return kReaders;
}

}  // namespace

bool is_spoken(std::string_view kind) {
  return readers().contains(kind);
}

Reading read_request(const Incoming& incoming) {
  return readers().at(incoming.kind)(incoming);
}

}  // namespace tocsin::receivers
