#include "harness/run/receiver_trouble.h"

namespace tocsin::run {
namespace {

constexpr int kMailboxUnavailable = 550;
constexpr int kLowestMailRefusal = 400;

/// None: this integration has no such trouble.
std::optional<receivers::Trouble> trouble_of(const faults::ReceiverFault& fault,
                                             const alerting::Integration& integration) {
  using Kind = faults::ReceiverFault::Kind;
  const bool mail = integration.kind == "email";
  receivers::Trouble trouble;
  trouble.delay = fault.delay;
  switch (fault.kind) {
    case Kind::kDelay:
      trouble.kind = receivers::TroubleKind::kSlow;
      return trouble;
    case Kind::kStatus:
      if (mail && fault.status < kLowestMailRefusal) return std::nullopt;
      trouble.kind = receivers::TroubleKind::kAnswer;
      trouble.status = fault.status;
      if (!mail) trouble.retry_after = fault.retry_after;
      return trouble;
    case Kind::kDown:
      trouble.kind = receivers::TroubleKind::kRefuse;
      return trouble;
    case Kind::kHang:
      trouble.kind = receivers::TroubleKind::kHang;
      return trouble;
    case Kind::kDrop:
      trouble.kind = receivers::TroubleKind::kDrop;
      return trouble;
    case Kind::kRefuseRecipients:
      if (!mail) return std::nullopt;
      trouble.kind = receivers::TroubleKind::kAnswer;
      trouble.status = kMailboxUnavailable;
      trouble.stage = receivers::SmtpStage::kRecipient;
      return trouble;
  }
  return std::nullopt;
}

/// What is written last wins, and there the first does.
std::vector<receivers::Trouble> troubles_of(const scenario::Scenario& scenario,
                                            const std::string& receiver,
                                            const alerting::Integration& integration) {
  std::vector<receivers::Trouble> troubles;
  for (auto fault = scenario.faults.rbegin(); fault != scenario.faults.rend(); ++fault) {
    for (const faults::ReceiverFault& one : fault->receiver_faults) {
      if (one.receiver != receiver) continue;
      std::optional<receivers::Trouble> trouble = trouble_of(one, integration);
      for (std::uint32_t i = 0; trouble && i < fault->times; ++i) {
        trouble->from = fault->start_of(i);
        trouble->to = fault->end_of(i);
        troubles.push_back(*trouble);
      }
    }
  }
  return troubles;
}

}  // namespace

receivers::IntegrationSetup integration_setup(const std::string& receiver,
                                              const alerting::Integration& integration) {
  receivers::IntegrationSetup setup;
  setup.id = {receiver, integration.kind, integration.index};
  if (integration.kind != "jira") return setup;
  for (const char* key : {"resolve_transition", "reopen_transition"}) {
    if (integration.has(key)) setup.transitions.push_back(integration.text(key));
  }
  return setup;
}

receivers::ReceiverOptions receiver_options(const scenario::Scenario& scenario,
                                            const alerting::Config& config, const LiveClock& clock,
                                            bool implicit_tls) {
  receivers::ReceiverOptions options;
  options.time_scale = clock.time_scale();
  options.offset = [&clock] { return clock.offset(); };
  for (const alerting::Receiver& receiver : config.receivers) {
    for (const alerting::Integration& integration : receiver.integrations) {
      receivers::IntegrationSetup setup = integration_setup(receiver.name, integration);
      setup.troubles = troubles_of(scenario, receiver.name, integration);
      setup.implicit_tls =
          implicit_tls && integration.kind == "email" && stack::wants_implicit_tls(integration);
      options.integrations.push_back(std::move(setup));
    }
  }
  return options;
}

alerting::Answer answer_of(const alerting::Integration& integration,
                           const std::optional<faults::ReceiverFault>& trouble,
                           alerting::Answer well) {
  using alerting::Answer;
  using Kind = faults::ReceiverFault::Kind;
  if (!trouble) return well;
  if (trouble->kind == Kind::kDelay) {
    well.latency = trouble->delay;
    return well;
  }
  Answer answer;
  answer.latency = trouble->delay;
  switch (trouble->kind) {
    case Kind::kDelay:
      return answer;
    case Kind::kStatus:
      answer.status = trouble->status;
      return answer;
    case Kind::kDown:
      answer.kind = Answer::Kind::kLost;
      answer.error = "connection refused";
      return answer;
    case Kind::kDrop:
      answer.kind = Answer::Kind::kLost;
      answer.error = "connection closed without an answer";
      return answer;
    case Kind::kHang:
      answer.kind = Answer::Kind::kTimeout;
      answer.latency = std::chrono::hours(24);  // beyond any deadline
      return answer;
    case Kind::kRefuseRecipients:
      if (integration.kind != "email") return well;
      answer.status = kMailboxUnavailable;
      return answer;
  }
  return answer;
}

stack::ReceiverAddresses receiver_addresses(const receivers::ReceiverServer& receivers) {
  stack::ReceiverAddresses addresses;
  addresses.url = [&](const std::string& receiver, const std::string& kind, std::size_t index) {
    return receivers.url_of(receiver, kind, index);
  };
  addresses.mail = [&](const std::string& receiver, const std::string&, std::size_t index) {
    return receivers.smtp_address(receiver, index);
  };
  addresses.mail_authority = receivers.certificate_file();
  return addresses;
}

}  // namespace tocsin::run
