#include <charconv>

#include <nlohmann/json.hpp>

#include "fakes/receivers/form_input.h"
#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"

/// Pushover: everything in the query (as Alertmanager does) or in a form.

namespace tocsin::receivers {
namespace {

using nlohmann::json;
using Parameters = std::map<std::string, std::string>;

constexpr const char* kPushoverRequest = "647d2300-702c-4b38-8b2f-d56326ae460b";

std::string value_of(const Parameters& parameters, const char* name) {
  const auto it = parameters.find(name);
  return it == parameters.end() ? "" : it->second;
}

int number_of(const Parameters& parameters, const char* name) {
  const std::string text = value_of(parameters, name);
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Emergencies are repeated until somebody acknowledges them.
std::vector<std::string> errors_of_message(const Parameters& parameters) {
  constexpr int kShortestRetry = 30;
  constexpr int kLongestExpiry = 10'800;
  std::vector<std::string> errors;
  if (value_of(parameters, "token").empty()) errors.push_back("application token is invalid");
  if (value_of(parameters, "user").empty()) {
    errors.push_back("user identifier is not a valid user, group, or subscribed user key");
  }
  if (value_of(parameters, "message").empty()) errors.push_back("message cannot be blank");
  const int priority = number_of(parameters, "priority");
  if (priority < -2 || priority > 2)
    errors.push_back("priority is invalid, must be between -2 and 2");
  if (priority == 2 && number_of(parameters, "retry") < kShortestRetry) {
    errors.push_back("retry must be at least 30 seconds for emergency priority");
  }
  const int expire = number_of(parameters, "expire");
  if (priority == 2 && (expire <= 0 || expire > kLongestExpiry)) {
    errors.push_back("expire must be at most 10800 seconds for emergency priority");
  }
  return errors;
}

/// Some senders post JSON.
Parameters parameters_of(const Incoming& incoming) {
  std::string no_json;
  const json body = parse_json(incoming.request.body, no_json);
  Parameters all = form_values(incoming.request.query());
  if (body.is_object()) {
    for (const auto& [name, value] : body.items()) all.emplace(name, shown(value));
  } else {
    all.merge(form_values(incoming.request.body));
  }
  return all;
}

}  // namespace

Reading read_pushover(const Incoming& incoming) {
  Reading reading;
  const Parameters parameters = parameters_of(incoming);
  NotificationRecord& record = reading.record;
  record.title = value_of(parameters, "title");
  record.text = value_of(parameters, "message");
  read_texts(reading);
  const std::string url = value_of(parameters, "url");
  if (!url.empty()) record.text += '\n' + url;
  for (const char* name : {"priority", "sound", "device"}) {
    const std::string value = value_of(parameters, name);
    if (!value.empty()) reading.details[name] = value;
  }
  const std::vector<std::string> errors = errors_of_message(parameters);
  if (!errors.empty()) {
    std::string problem;
    for (const std::string& error : errors) problem += (problem.empty() ? "" : "; ") + error;
    refuse_with(reading, 400, problem,
                {{"errors", errors}, {"status", 0}, {"request", kPushoverRequest}});
    return reading;
  }
  json answer = {{"status", 1}, {"request", kPushoverRequest}};
  if (reading.details["priority"] == "2") answer["receipt"] = "rlqvabvbrf7fizzcn3thrgtjbvnk8d";
  accept_with(reading, 200, answer);
  return reading;
}

}  // namespace tocsin::receivers
