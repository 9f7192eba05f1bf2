#pragma once

#include "harness/alerting/engine.h"
#include "harness/alerting/payload.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"

namespace tocsin::run {

/// Sends what a notification is, over HTTP or as a mail, to receivers on this machine. Of several
/// requests the first that is refused ends it. Cancelled: nothing was answered.
net::Task<std::optional<alerting::Answer>> deliver(net::Loop& loop, alerting::Payload payload,
                                                   Nanos deadline);

}  // namespace tocsin::run
