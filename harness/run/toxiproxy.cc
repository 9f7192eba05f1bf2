#include "harness/run/toxiproxy.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/http/client.h"

namespace tocsin::run {
namespace {

using faults::NetworkFault;
using nlohmann::json;

constexpr Nanos kCheckTimeout = std::chrono::seconds(10);

/// As part of a path.
std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string proxy_url(const faults::ToxiproxyAction& action) {
  return action.url + "/proxies/" + escaped(action.proxy);
}

/// Toxiproxy's name of a toxic, and its attributes.
struct ToxicType {
  std::string_view name;
  json attributes;
};

ToxicType toxic_type(const NetworkFault& fault) {
  const auto delay = fault.delay.count();
  using Kind = NetworkFault::Kind;
  switch (fault.kind) {
    case Kind::kLatency:
      return {"latency", {{"latency", delay}, {"jitter", fault.jitter.count()}}};
    case Kind::kBandwidth:
      return {"bandwidth", {{"rate", std::llround(fault.bytes_per_second / 1000)}}};
    case Kind::kTimeout:
      return {"timeout", {{"timeout", delay}}};
    case Kind::kReset:
      return {"reset_peer", {{"timeout", delay}}};
    case Kind::kSlowClose:
      return {"slow_close", {{"delay", delay}}};
    case Kind::kSlice:
      return {"slicer", {{"average_size", fault.slice_bytes}, {"size_variation", 0}, {"delay", 0}}};
    case Kind::kCutAfter:
      return {"limit_data", {{"bytes", fault.limit_bytes}}};
    case Kind::kRefuse:
    case Kind::kCut:
      break;
  }
  return {};
}

OutsideStep step_of(std::string method, std::string url, const json* body, int status) {
  OutsideStep step;
  step.call.emplace();
  step.call->method = std::move(method);
  step.call->url = std::move(url);
  if (body != nullptr) step.call->body = body->dump();
  step.call->status = status;
  return step;
}

void add_toxic(const faults::ToxiproxyAction& action, const NetworkFault& fault,
               std::string_view stream, std::size_t number, ToxicSteps& steps) {
  ToxicType type = toxic_type(fault);
  const std::string name = fmt::format("tocsin_{}_{}_{}", number, type.name, stream);
  json toxic;
  toxic["name"] = name;
  toxic["type"] = type.name;
  toxic["stream"] = stream;
  toxic["toxicity"] = fault.share;
  toxic["attributes"] = std::move(type.attributes);
  const std::string toxics = proxy_url(action) + "/toxics";
  steps.start.push_back(step_of("POST", toxics, &toxic, 200));
  OutsideStep stop = step_of("DELETE", toxics + "/" + name, nullptr, 204);
  stop.gone_is_fine = true;
  steps.stop.push_back(std::move(stop));
}

void add_enabled(const faults::ToxiproxyAction& action, ToxicSteps& steps) {
  const json off = {{"enabled", false}};
  const json on = {{"enabled", true}};
  steps.start.push_back(step_of("POST", proxy_url(action), &off, 200));
  steps.stop.push_back(step_of("POST", proxy_url(action), &on, 200));
}

net::Task<Result<http::Response>> get(net::Loop& loop, std::string url, net::TlsContextPtr tls) {
  CO_TRY(http::Url page, http::parse_url(url));
  http::FetchOptions options;
  options.timeout = kCheckTimeout;
  options.tls = std::move(tls);
  options.headers.add("User-Agent", "tocsin");
  net::Outcome<http::Response> answer =
      co_await http::fetch(loop, std::move(page), std::move(options));
  if (answer.has_error()) {
    co_return io_error("no answer from " + url + ": " + net::to_string(answer.error()));
  }
  co_return std::move(*answer);
}

Error no_such_proxy(const faults::ToxiproxyAction& action, const http::Response& all) {
  Error error = io_error(
      fmt::format("the Toxiproxy at {} has no proxy \"{}\"", action.url, printable(action.proxy)));
  const json proxies = json::parse(all.body, nullptr, false);
  std::vector<std::string> names;
  if (proxies.is_object()) {
    for (const auto& [name, proxy] : proxies.items()) names.push_back(printable(name));
  }
  error.hints.push_back(names.empty() ? "it has none" : unknown_name_hint(action.proxy, names));
  return error;
}

Result<void> check_proxy(const faults::ToxiproxyAction& action, std::size_t number,
                         const http::Response& answer) {
  const json proxy = json::parse(answer.body, nullptr, false);
  const bool is_proxy = proxy.is_object() && proxy.contains("enabled") &&
                        proxy["enabled"].is_boolean() && proxy.contains("toxics") &&
                        proxy["toxics"].is_array();
  if (answer.status != 200 || !is_proxy) {
    return io_error(fmt::format("{} answered {}, and not as a Toxiproxy does", proxy_url(action),
                                answer.status));
  }
  if (!proxy["enabled"].get<bool>()) {
    return io_error(fmt::format("the proxy \"{}\" of the Toxiproxy at {} is disabled", action.proxy,
                                action.url));
  }
  const ToxicSteps steps = toxic_steps(action, number);
  for (const json& toxic : proxy["toxics"]) {
    const bool named = toxic.is_object() && toxic.contains("name") && toxic["name"].is_string();
    const std::string name = named ? toxic["name"].get<std::string>() : "";
    for (const OutsideStep& stop : steps.stop) {
      if (name.empty() || !stop.call->url.ends_with("/toxics/" + name)) continue;
      Error error =
          io_error(fmt::format("the proxy \"{}\" of the Toxiproxy at {} has a toxic \"{}\"",
                               action.proxy, action.url, name));
      error.hints.push_back("another run is under way, or one has left it behind: curl -X DELETE " +
                            stop.call->url);
      return error;
    }
  }
  return {};
}

}  // namespace

ToxicSteps toxic_steps(const faults::ToxiproxyAction& action, std::size_t number) {
  using enum NetworkFault::Direction;
  ToxicSteps steps;
  for (const NetworkFault& fault : action.toxics) {
    if (fault.kind == NetworkFault::Kind::kRefuse) {
      add_enabled(action, steps);
      continue;
    }
    for (const auto way : {kUpstream, kDownstream}) {
      if (concerns(fault, way)) add_toxic(action, fault, to_string(way), number, steps);
    }
  }
  std::reverse(steps.stop.begin(), steps.stop.end());
  return steps;
}

net::Task<Result<void>> check_toxiproxy(net::Loop& loop, faults::ToxiproxyAction action,
                                        std::size_t number, net::TlsContextPtr tls) {
  CO_TRY(http::Response proxy, co_await get(loop, proxy_url(action), tls));
  if (proxy.status != 404) co_return check_proxy(action, number, proxy);
  CO_TRY(http::Response all, co_await get(loop, action.url + "/proxies", tls));
  co_return no_such_proxy(action, all);
}

}  // namespace tocsin::run
