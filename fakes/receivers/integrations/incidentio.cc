#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// incident.io's alert sources for Alertmanager: a webhook's message with a token.

namespace tocsin::receivers {

using nlohmann::json;

Reading read_incidentio(const Incoming& incoming) {
  Reading reading;
  if (!incoming.request.headers.get("Authorization").starts_with("Bearer ")) {
    const char* const why = "Please provide your API key in the Authorization header";
    const json errors = json::array({{{"code", "missing_authorization"}, {"message", why}}});
    refuse_with(reading, 401, why,
                {{"type", "authentication_error"}, {"status", 401}, {"errors", errors}});
    return reading;
  }
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  if (!member(message, "alerts").is_array()) {
    const char* const why = "alerts is required";
    const json errors = json::array({{{"code", "is_required"}, {"message", why}}});
    refuse_with(reading, 422, why,
                {{"type", "validation_error"}, {"status", 422}, {"errors", errors}});
    return reading;
  }
  read_alertmanager_message(message, reading);
  accept_with(reading, 202, {{"status", "success"}, {"message", "Event accepted for processing"}});
  return reading;
}

}  // namespace tocsin::receivers
