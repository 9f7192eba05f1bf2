#include "harness/promapi/api.h"

#include <algorithm>
#include <array>
#include <new>

#include "harness/base/clock.h"
#include "harness/metrics/gzip.h"
#include "harness/promapi/failure.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/routes.h"

namespace tocsin::promapi {
namespace {

constexpr std::string_view kRoot = "/api/v1/";
/// Below this a body is not worth compressing.
constexpr std::size_t kSmallBody = 1400;

http::Response json_response(int status, std::string body) {
  return http::text_response(status, std::move(body), "application/json");
}

http::Response failure_response(const ApiFailure& failure) {
  std::string body = "{\"status\":\"error\",\"errorType\":\"" + failure.type + "\",\"error\":";
  append_json_string(body, failure.message);
  return json_response(failure.status, body + '}');
}

/// What stands for the "*" of the pattern; nullopt where the path is another one.
std::optional<std::string> match_path(std::string_view path, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) {
    return path == pattern ? std::optional(std::string()) : std::nullopt;
  }
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  if (path.size() <= head.size() + tail.size() || !path.starts_with(head) ||
      !path.ends_with(tail)) {
    return std::nullopt;
  }
  path.remove_prefix(head.size());
  path.remove_suffix(tail.size());
  if (path.find('/') != std::string_view::npos) return std::nullopt;
  return unescape_path(path);
}

struct FoundRoute {
  const Route* route = nullptr;
  std::string name;
};

FoundRoute find_route(std::string_view path) {
  if (!path.starts_with(kRoot)) return {};
  path.remove_prefix(kRoot.size());
  for (const auto routes : {query_routes(), labels_routes(), rule_routes(), status_routes()}) {
    for (const Route& route : routes) {
      if (auto name = match_path(path, route.path)) return {&route, std::move(*name)};
    }
  }
  return {};
}

http::Response method_not_allowed(const Route& route) {
  http::Response response = http::text_response(405, "Method Not Allowed\n");
  response.headers.set("Allow", route.post ? "GET, OPTIONS, POST" : "GET, OPTIONS");
  return response;
}

/// As Prometheus' server has it, for pages of other origins.
void allow_other_origins(const http::Request& request, http::Response& response) {
  if (!request.headers.contains("Origin")) return;
  response.headers.set("Access-Control-Allow-Headers",
                       "Accept, Authorization, Content-Type, Origin");
  response.headers.set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers", "Date");
  response.headers.set("Vary", "Origin");
}

void compress_if_wanted(const http::Request& request, http::Response& response) {
  if (response.body.size() < kSmallBody) return;
  if (!request.headers.has_token("Accept-Encoding", "gzip")) return;
  response.body = metrics::gzip_compress(response.body);
  response.headers.set("Content-Encoding", "gzip");
}

http::Response plain_page(std::string_view path) {
  if (path == "/-/healthy") return http::text_response(200, "Tocsin is healthy.\n");
  if (path == "/-/ready") return http::text_response(200, "Tocsin is ready.\n");
  if (path == "/") {
    return http::text_response(
        200,
        "Tocsin answers Prometheus' HTTP API here, under /api/v1/.\n"
        "For a Grafana data source of the type Prometheus, this is the URL.\n");
  }
  return http::text_response(404, "404 page not found\n");
}

}  // namespace

promql::QueryOptions ApiOptions::default_query() {
  promql::QueryOptions options;
  options.timeout = std::chrono::minutes(2);
  return options;
}

Api::Api(const metrics::Store& store, const RuleState* rules, ApiOptions options)
    : store_(store), rules_(rules), options_(std::move(options)), started_(system_clock().now()) {}

http::Response Api::handle(const http::Request& request, Duration waited,
                           const std::atomic<bool>* abandoned) const {
  http::Response response;
  try {
    response = answer(request, waited, abandoned);
  } catch (const ApiFailure& failure) {
    response = failure_response(failure);
  } catch (const std::bad_alloc&) {
    response = failure_response({500, "internal", "out of memory"});
  }
  allow_other_origins(request, response);
  compress_if_wanted(request, response);
  return response;
}

http::Response Api::answer(const http::Request& request, Duration waited,
                           const std::atomic<bool>* abandoned) const {
  if (request.method == "OPTIONS") return {.status = 204};
  const FoundRoute found = find_route(request.path());
  if (found.route == nullptr) {
    if (request.method == "GET" || request.method == "HEAD") return plain_page(request.path());
    return http::text_response(404, "404 page not found\n");
  }
  const bool allowed = request.method == "GET" || request.method == "HEAD" ||
                       (request.method == "POST" && found.route->post);
  if (!allowed) return method_not_allowed(*found.route);
  const Parameters parameters(request);
  const RouteCall call{*this, request, parameters, waited, abandoned, found.name};
  return json_response(200, found.route->answer(call));
}

bool Api::may_take_long(const http::Request& request) {
  const FoundRoute found = find_route(request.path());
  return found.route != nullptr && found.route->long_running;
}

Duration Api::time_limit(const http::Request& request) const {
  try {
    return query_options(*this, Parameters(request), Duration(0)).timeout;
  } catch (const ApiFailure&) {
    return options_.query.timeout;  // the answer will say what is wrong
  }
}

http::Response Api::too_late(const http::Request& request) const {
  http::Response response = failure_response({503, "timeout", "query timed out in query queue"});
  allow_other_origins(request, response);
  return response;
}

}  // namespace tocsin::promapi
