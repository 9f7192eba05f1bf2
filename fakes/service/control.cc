#include "fakes/service/control.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/scenario/fault_request.h"

namespace tocsin::fakes {
namespace {

using Json = nlohmann::ordered_json;
using http::Response;

constexpr std::string_view kPath = "/tocsin/faults";
constexpr std::size_t kMostFaults = 1000;

constexpr std::string_view kHelp = R"(Faults of this fake system, while it runs

GET    /tocsin/faults          all faults, as JSON
POST   /tocsin/faults          sets one, from now on:
         {"target": "service", "changes": {"error_rate": "8%"}, "for": "5m", "name": "bad deploy"}
DELETE /tocsin/faults          clears all
DELETE /tocsin/faults/NAME     clears one; write %20 for a space

"changes" holds what a scenario writes under a target:
  signals      "8%" or "=3" sets, "x3" multiplies, "+500ms" and "-2GiB" shift, "5%..20% over 2m" is a ramp
  endpoints    {"/path": {"latency": "x3"}}
  the target   "down": true, "hang": true, "restart": true, "malformed_scrape": true,
               "slow_scrape": "20s"
  a call       "call": "/admin/cache/reset", alone: what that endpoint does, as long as it does it
Without "for" a fault holds until it is cleared; without "name" it gets one.

Targets and their signals
)";

Response json_response(int status, const Json& body) {
  return http::text_response(
      status, body.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", "application/json");
}

Response refusal(int status, const Error& error) {
  Json body = {{"error", error.message}};
  if (!error.hints.empty()) body["hint"] = error.hints.front();
  return json_response(status, body);
}

Response not_allowed(std::string_view allow) {
  Response response = refusal(405, input_error({}, fmt::format("allowed here: {}", allow)));
  response.headers.set("Allow", std::string(allow));
  return response;
}

std::string help(const scenario::System& system) {
  std::string text(kHelp);
  const auto describe = [&](const scenario::Target& target) {
    std::vector<std::string> names;
    for (const std::string& name : scenario::signal_names(target)) {
      const auto signal = scenario::find_signal(target, name);
      if (signal && signal->settable) names.push_back(name);
    }
    text += fmt::format("  {}: {}\n", target.name, fmt::join(names, ", "));
  };
  describe(system.service);
  for (const scenario::Target& exporter : system.exporters) describe(exporter);
  return text;
}

Json describe(const faults::Fault& fault, Duration now) {
  const bool over = now >= fault.end();
  Json json = {{"name", fault.name},
               {"target", fault.target},
               {"what", fault.describe()},
               {"state", now < fault.at ? "waiting"
                         : over         ? "over"
                                        : "active"},
               {"since", format_duration(fault.at)}};
  if (fault.length < std::chrono::days(366)) json["for"] = format_duration(fault.length);
  return json;
}

/// %XX undone; what is no escape stays.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const auto digit = [&](char c) {
      const char lower = static_cast<char>(c | 0x20);
      const bool number = c >= '0' && c <= '9';
      const bool letter = lower >= 'a' && lower <= 'f';
      byte = static_cast<unsigned char>(byte * 16 + (number ? c - '0' : lower - 'a' + 10));
      return number || letter;
    };
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) && digit(text[i + 2])) {
      plain += static_cast<char>(byte);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

net::Task<http::Reply> answer_by(FaultControl& control, http::Request request) {
  co_return control.answer(request);
}

}  // namespace

FaultControl::FaultControl(const scenario::System& system, std::vector<faults::Fault> initial,
                           std::function<Duration()> offset,
                           std::function<void(std::shared_ptr<const faults::FaultTimeline>)> apply)
    : system_(&system),
      faults_(std::move(initial)),
      offset_(std::move(offset)),
      apply_(std::move(apply)) {}

Response FaultControl::answer(const http::Request& request) {
  const std::string_view path = request.path();
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : request.method;
  if (path == "/tocsin" || path == "/") {
    return method == "GET" ? http::text_response(200, help(*system_)) : not_allowed("GET");
  }
  if (path == kPath) {
    if (method == "GET") return list();
    if (method == "POST") return set(request.body);
    if (method == "DELETE") return clear("");
    return not_allowed("GET, POST, DELETE");
  }
  if (path.starts_with(kPath) && path[kPath.size()] == '/') {
    return method == "DELETE" ? clear(unescape(path.substr(kPath.size() + 1)))
                              : not_allowed("DELETE");
  }
  return refusal(404, input_error({}, "nothing here; GET /tocsin tells what is"));
}

Response FaultControl::list() const {
  Json all = Json::array();
  for (const faults::Fault& fault : faults_) all.push_back(describe(fault, offset_()));
  return json_response(200, {{"faults", all}});
}

Response FaultControl::set(std::string_view body) {
  const Duration now = offset_();
  // What was set by hand and is over is of no further use to anybody.
  std::erase_if(faults_, [&](const faults::Fault& fault) { return fault.end() <= now; });
  if (faults_.size() >= kMostFaults) {
    return refusal(409, input_error({}, "there are 1000 faults already; clear some first"));
  }
  auto fault = scenario::read_fault_request(*system_, body, now);
  if (fault.has_error()) return refusal(400, fault.error());
  if (fault->name.empty()) fault->name = fresh_name();
  const auto same = [&](const faults::Fault& other) { return other.name == fault->name; };
  if (std::any_of(faults_.begin(), faults_.end(), same)) {
    return refusal(409, input_error({}, fmt::format("there is a fault \"{}\" already; clear it "
                                                    "first",
                                                    fault->name)));
  }
  faults_.push_back(std::move(*fault));
  apply();
  return json_response(201, describe(faults_.back(), now));
}

Response FaultControl::clear(std::string_view name) {
  const std::size_t before = faults_.size();
  std::erase_if(faults_,
                [&](const faults::Fault& fault) { return name.empty() || fault.name == name; });
  const std::size_t cleared = before - faults_.size();
  if (!name.empty() && cleared == 0) {
    return refusal(404, input_error({}, fmt::format("there is no fault \"{}\"", name)));
  }
  if (cleared > 0) apply();
  return json_response(200, {{"cleared", cleared}});
}

std::string FaultControl::fresh_name() const {
  for (std::size_t i = 1;; ++i) {
    std::string name = fmt::format("fault-{}", i);
    const auto same = [&](const faults::Fault& fault) { return fault.name == name; };
    if (std::none_of(faults_.begin(), faults_.end(), same)) return name;
  }
}

void FaultControl::apply() const {
  apply_(std::make_shared<const faults::FaultTimeline>(faults_));
}

Result<std::unique_ptr<ControlFront>> ControlFront::open(net::Loop& loop, FaultControl& control,
                                                         const std::string& host,
                                                         std::uint16_t port) {
  http::ServerOptions options;
  options.listen.host = host;
  options.listen.port = port;
  options.limits.body_bytes = 1 << 20;
  options.max_connections = 64;
  const auto handler = [&control](http::Request request) {
    return answer_by(control, std::move(request));
  };
  TRY(auto server, http::Server::open(loop, handler, std::move(options)));
  return std::unique_ptr<ControlFront>(new ControlFront(std::move(server)));
}

net::Task<void> ControlFront::serve() {
  co_await server_->serve();
}

}  // namespace tocsin::fakes
