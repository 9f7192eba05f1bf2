#include "harness/run/polled_run.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/run/receiver_trouble.h"

namespace tocsin::run {
namespace {

using alerting::PolledNotice;

constexpr int kTaken = 200;
constexpr int kPolledMailTaken = 250;

alerting::PolledSeverity severity_of(std::string_view word) {
  using enum alerting::PolledSeverity;
  for (const auto severity : {kInfo, kWarning, kError, kCritical}) {
    if (alerting::to_string(severity) == word) return severity;
  }
  return kWarning;
}

std::string annotation_of(const std::map<std::string, std::string>& annotations) {
  for (const char* name : {"description", "summary"}) {
    const auto text = annotations.find(name);
    if (text != annotations.end() && !text->second.empty()) return text->second;
  }
  return "";
}

void take_trouble(const std::optional<faults::ReceiverFault>& trouble, NotificationRecord& record) {
  alerting::Integration channel;
  channel.kind = record.integration;
  const alerting::Answer answer = answer_of(channel, trouble);
  record.delivered = judge(channel, answer) == alerting::Verdict::kDelivered;
  record.status = answer.kind == alerting::Answer::Kind::kStatus ? answer.status : 0;
  if (record.delivered && record.status == kTaken && record.integration == "email") {
    record.status = kPolledMailTaken;
  }
  if (record.delivered) return;
  record.error = answer.error.empty() ? fmt::format("status {}", answer.status) : answer.error;
  if (answer.kind == alerting::Answer::Kind::kTimeout) record.error = "timeout";
}

}  // namespace

bool is_polled(const scenario::System& system, std::string_view alert) {
  if (!system.polled_alerts) return false;
  const auto& polled = system.polled_alerts->alerts;
  return std::any_of(polled.begin(), polled.end(),
                     [&](const auto& one) { return one.name == alert; });
}

PolledRun::PolledRun(const scenario::Scenario& scenario, Evidence& evidence)
    : polled_(*scenario.system->polled_alerts),
      faults_(scenario.faults),
      evidence_(evidence),
      manager_(make_manager()) {}

Duration PolledRun::real(Duration length) const {
  return Duration(std::llround(static_cast<double>(length.count()) / evidence_.run.time_scale));
}

alerting::PolledAlertManager PolledRun::make_manager() const {
  std::vector<alerting::PolledRule> rules;
  for (const auto& alert : polled_.alerts) {
    rules.push_back(
        {alert.name, "", severity_of(alert.severity), alert.channels, real(alert.cooldown)});
  }
  std::map<alerting::PolledSeverity, std::vector<std::string>> channels;
  for (const auto& [severity, names] : polled_.channels) channels[severity_of(severity)] = names;
  return {std::move(rules), std::max(Duration(1), real(polled_.every)), std::move(channels)};
}

void PolledRun::poll(Timestamp at, const std::vector<const AlertEpisode*>& firing) {
  std::vector<bool> holds;
  for (const auto& alert : polled_.alerts) {
    holds.push_back(std::any_of(firing.begin(), firing.end(), [&](const AlertEpisode* episode) {
      return episode->alert == alert.name;
    }));
  }
  for (const AlertEpisode* episode : firing) note_receivers(*episode);
  for (const PolledNotice& notice : manager_.poll(at, holds)) record(notice, firing);
}

void PolledRun::note_receivers(const AlertEpisode& episode) {
  const auto alert = std::find_if(polled_.alerts.begin(), polled_.alerts.end(),
                                  [&](const auto& known) { return known.name == episode.alert; });
  if (alert == polled_.alerts.end()) return;
  auto& routed = evidence_.routing->alerts;
  if (std::any_of(routed.begin(), routed.end(),
                  [&](const RoutedAlert& known) { return known.alert == episode.labels; })) {
    return;
  }
  std::vector<std::string> channels = alert->channels;
  const auto of_severity = polled_.channels.find(alert->severity);
  if (channels.empty() && of_severity != polled_.channels.end()) channels = of_severity->second;
  routed.push_back({episode.labels, std::move(channels), polled_.every});
}

void PolledRun::record(const PolledNotice& notice, const std::vector<const AlertEpisode*>& firing) {
  NotificationRecord record;
  record.at = notice.at;
  record.receiver = notice.channel;
  record.integration = notice.channel;
  record.reason = "polled condition holds";
  std::string severity(alerting::to_string(notice.severity));
  for (char& c : severity) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  record.title = fmt::format("[{}] {}", severity, notice.rule);
  for (const AlertEpisode* episode : firing) {
    if (episode->alert != notice.rule) continue;
    const auto annotations = texts_ ? texts_(*episode) : episode->annotations;
    if (!record.text.empty()) record.text += '\n';
    record.text += annotation_of(annotations);
    record.alerts.push_back(
        {episode->labels, annotations, true, *episode->firing_at, std::nullopt});
  }
  take_trouble(faults_.receiver_fault(record.receiver, evidence_.offset_of(record.at)), record);
  evidence_.notifications.push_back(std::move(record));
}

}  // namespace tocsin::run
