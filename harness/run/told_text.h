#pragma once

#include <string>

#include "harness/alerting/payload.h"

namespace tocsin::run {

struct ToldText {
  std::string title;  ///< subject, summary, headline
  std::string text;
};

/// What whoever gets a notification reads: what is sent for it, as the receivers of live runs read
/// it (fakes/receivers), so that both say the same. Kinds that are not rendered here say what
/// Alertmanager's default texts say. Errors are those of alerting::render_payload().
Result<ToldText> told_text(const alerting::Notification& notification,
                           const alerting::Integration& integration,
                           const alerting::PayloadContext& context, Timestamp now);

}  // namespace tocsin::run
