#pragma once

#include "harness/alerting/engine.h"
#include "harness/alerting/payload.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"

namespace tocsin::run {

/// Hands a mail in as Alertmanager does, on a connection of its own: TLS from the first byte on or
/// STARTTLS, AUTH where the mail has a user and the server offers it. The answer is the first reply
/// that says no, with Alertmanager's words for the step, else 200. What is wrong without such a
/// reply (no STARTTLS, a certificate that nobody vouches for) counts as lost, since Alertmanager
/// tries it again; an unreadable file of authorities is impossible.
net::Task<alerting::Answer> hand_in(net::Loop& loop, alerting::Mail mail, Nanos deadline);

}  // namespace tocsin::run
