#include "harness/run/receiver_trouble.h"

namespace tocsin::run {

alerting::Answer answer_of(const alerting::Integration& integration,
                           const std::optional<faults::ReceiverFault>& trouble) {
  using alerting::Answer;
  using Kind = faults::ReceiverFault::Kind;
  constexpr int kMailboxUnavailable = 550;
  Answer answer;
  if (!trouble) return answer;
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
      if (integration.kind == "email") answer.status = kMailboxUnavailable;
      return answer;
  }
  return answer;
}

}  // namespace tocsin::run
