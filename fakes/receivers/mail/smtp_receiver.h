#pragma once

#include <optional>

#include "fakes/receivers/door.h"
#include "fakes/receivers/mail/smtp_dialogue.h"
#include "harness/net/tls.h"

namespace tocsin::receivers {

/// How mail is taken on a port. Referents outlive the service.
struct SmtpPort {
  const SmtpSettings& settings;
  net::TlsContextPtr tls;              ///< for STARTTLS, or
  bool implicit_tls = false;           ///< from the first byte
  std::optional<IntegrationId> whose;  ///< all mail is this one's; none: by recipient
};

/// A mail server. The site outlives it.
Result<std::unique_ptr<Service>> open_smtp_service(Site& site, SmtpPort how, std::uint16_t port);

}  // namespace tocsin::receivers
