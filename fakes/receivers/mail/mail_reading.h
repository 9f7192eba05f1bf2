#pragma once

#include <string>
#include <vector>

#include "fakes/receivers/mail/smtp_dialogue.h"
#include "fakes/receivers/receiver_server.h"

namespace tocsin::receivers {

/// An attempt over SMTP as evidence, with what its mail says as far as it came.
Received read_attempt(const IntegrationId& id, SmtpAttempt attempt);

/// As what an attempt at the same mail would have counted that ended earlier in the dialogue.
std::vector<std::string> earlier_identities(const SmtpAttempt& attempt);

}  // namespace tocsin::receivers
