#pragma once

#include <string>

#include "harness/alerting/engine.h"
#include "harness/alerting/payload.h"

namespace tocsin::run {

struct ToldText {
  std::string title = {};  ///< subject, summary, headline
  std::string text = {};
  alerting::Answer answer = {};  ///< of the service that is told, when all is well with it
};

/// What whoever gets a notification reads: what is sent for it, as the receivers of live runs read
/// it (fakes/receivers), so that both say the same. Kinds that are not rendered here say what
/// Alertmanager's default texts say. Errors are those of alerting::render_payload().
Result<ToldText> told_text(const alerting::Notification& notification,
                           const alerting::Integration& integration,
                           const alerting::PayloadContext& context, Timestamp now);

}  // namespace tocsin::run
