#pragma once

#include <string>

#include "harness/alerting/payload.h"
#include "harness/base/time.h"

namespace tocsin::alerting {

/// Signs requests as Amazon's services want them (Signature Version 4).
struct AwsSigner {
  std::string region = {};
  std::string access_key = {};
  std::string secret_key = {};

  /// Adds X-Amz-Date and Authorization, which vouches for the body, the date and the host.
  void sign(HttpRequest& request, const std::string& service, Timestamp now) const;
};

}  // namespace tocsin::alerting
