#pragma once

#include "harness/alerting/engine.h"
#include "harness/alerting/payload.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"

namespace tocsin::run {

/// Hands a mail in, on a connection of its own, without TLS: to receivers on this machine only.
/// The answer is the first reply that says no, else 200.
net::Task<alerting::Answer> hand_in(net::Loop& loop, alerting::Mail mail, Nanos deadline);

}  // namespace tocsin::run
