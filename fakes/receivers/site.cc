#include "fakes/receivers/site.h"

#include <cmath>

namespace tocsin::receivers {

Nanos Site::real(Duration scenario_time) const {
  const auto nanos = static_cast<double>(Nanos(scenario_time).count());
  return Nanos(std::llround(nanos / options.time_scale));
}

Received empty_attempt(const IntegrationId& id, const std::string& scripted,
                       const std::string& error) {
  Received received;
  received.record.at = system_clock().now();
  received.record.receiver = id.receiver;
  received.record.integration = id.kind;
  received.record.integration_index = id.index;
  received.record.status = 0;
  received.record.delivered = false;
  received.record.error = error;
  received.scripted = scripted;
  received.identity = kConnectionIdentity;
  return received;
}

}  // namespace tocsin::receivers
