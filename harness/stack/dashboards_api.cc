#include "harness/stack/dashboards_api.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/suggest.h"
#include "harness/stack/json_read.h"

namespace tocsin::stack {
namespace {

using nlohmann::json;

constexpr const char* kPrometheusType = "prometheus";

ApiRequest get(std::string path) {
  ApiRequest request;
  request.path = std::move(path);
  return request;
}

/// Grafana's, which are lists at the top.
std::vector<const json*> objects_in(const json& list) {
  std::vector<const json*> objects;
  if (!list.is_array()) return objects;
  for (const json& item : list) {
    if (item.is_object()) objects.push_back(&item);
  }
  return objects;
}

const json* find_named(const std::vector<const json*>& objects, const char* name_key,
                       const std::string& name) {
  const auto it = std::find_if(objects.begin(), objects.end(), [&](const json* one) {
    return text_at(*one, name_key) == name || text_at(*one, "uid") == name;
  });
  return it == objects.end() ? nullptr : *it;
}

std::string not_there(const std::string& name, std::vector<std::string> known) {
  if (known.empty()) return "is not there; there is none";
  return "is not there; " + unknown_name_hint(name, known);
}

std::vector<std::string> names_of(const std::vector<const json*>& objects, const char* key) {
  std::vector<std::string> names;
  for (const json* one : objects) names.push_back(text_at(*one, key));
  return names;
}

class GrafanaCheck {
 public:
  GrafanaCheck(net::Loop& loop, ApiOptions options, GrafanaWishes wishes)
      : api_(loop, std::move(options)), wishes_(std::move(wishes)) {}

  net::Task<std::vector<ApiCheck>> run() {
    co_await look_at_health();
    if (!checks_.front().error.empty()) co_return std::move(checks_);
    co_await look_at_datasources();
    if (!wishes_.dashboards.empty()) co_await look_at_dashboards();
    co_return std::move(checks_);
  }

 private:
  net::Task<void> look_at_health() {
    ApiCheck check{"GET /api/health", {}};
    Result<json> health = co_await api_.json(get("/api/health"));
    if (health.has_error()) {
      check.error = health.error().message;
    } else if (text_at(*health, "database") != "ok") {
      check.error = fmt::format("its database is \"{}\"", text_at(*health, "database"));
    }
    checks_.push_back(std::move(check));
  }

  net::Task<void> look_at_datasources() {
    Result<json> all = co_await api_.json(get("/api/datasources"));
    if (all.has_error()) {
      checks_.push_back({"GET /api/datasources", with_login_hint(all.error().message)});
      co_return;
    }
    const std::vector<const json*> sources = objects_in(*all);
    if (wishes_.datasources.empty()) co_await look_at_any_prometheus(sources);
    for (const std::string& name : wishes_.datasources) {
      const json* source = find_named(sources, "name", name);
      ApiCheck check{"datasource " + name, {}};
      if (source == nullptr) {
        check.error = not_there(name, names_of(sources, "name"));
      } else {
        check.error = co_await trouble_of(*source);
      }
      checks_.push_back(std::move(check));
    }
  }

  net::Task<void> look_at_any_prometheus(std::vector<const json*> sources) {
    ApiCheck check{"a datasource of type prometheus", "there is none"};
    for (const json* source : sources) {
      if (text_at(*source, "type") != kPrometheusType) continue;
      check.error = co_await trouble_of(*source);
      if (check.error.empty()) break;
      check.error = text_at(*source, "name") + ' ' + check.error;
    }
    checks_.push_back(std::move(check));
  }

  /// What its own health check says.
  net::Task<std::string> trouble_of(const json& source) {
    const std::string path = "/api/datasources/uid/" + url_encoded(text_at(source, "uid"));
    Result<json> health = co_await api_.json(get(path + "/health"));
    if (health.has_error()) co_return "does not work: " + with_login_hint(health.error().message);
    const std::string status = text_at(*health, "status");
    if (status == "OK") co_return std::string();
    co_return fmt::format("does not work: {} {}", status, text_at(*health, "message"));
  }

  net::Task<void> look_at_dashboards() {
    Result<json> all = co_await api_.json(get("/api/search?type=dash-db&limit=5000"));
    if (all.has_error()) {
      checks_.push_back({"GET /api/search", with_login_hint(all.error().message)});
      co_return;
    }
    const std::vector<const json*> dashboards = objects_in(*all);
    for (const std::string& name : wishes_.dashboards) {
      const bool there = find_named(dashboards, "title", name) != nullptr;
      checks_.push_back({"dashboard " + name,
                         there ? std::string() : not_there(name, names_of(dashboards, "title"))});
    }
  }

  static std::string with_login_hint(std::string message) {
    const bool login =
        message.find(" 401 ") != std::string::npos || message.find(" 403 ") != std::string::npos;
    if (login) message += "; a token helps: --grafana-token-file";
    return message;
  }

  HttpApi api_;
  GrafanaWishes wishes_;
  std::vector<ApiCheck> checks_;
};

}  // namespace

net::Task<std::vector<ApiCheck>> check_grafana(net::Loop& loop, ApiOptions options,
                                               GrafanaWishes wishes) {
  GrafanaCheck check(loop, std::move(options), std::move(wishes));
  std::vector<ApiCheck> checks = co_await check.run();
  co_return checks;
}

net::Task<std::vector<ApiCheck>> check_jaeger(net::Loop& loop, ApiOptions options,
                                              std::vector<std::string> services) {
  HttpApi api(loop, std::move(options));
  std::vector<ApiCheck> checks;
  Result<std::string> page = co_await api.text(get("/"));
  checks.push_back({"GET /", page.has_error() ? page.error().message : std::string()});
  if (page.has_error()) co_return checks;
  Result<json> answer = co_await api.json(get("/api/services"));
  checks.push_back(
      {"GET /api/services", answer.has_error() ? answer.error().message : std::string()});
  if (answer.has_error()) co_return checks;
  std::vector<std::string> known;
  for (const json& name : list_at(*answer, "data")) {
    if (name.is_string()) known.push_back(name.get<std::string>());
  }
  for (const std::string& name : services) {
    const bool there = std::find(known.begin(), known.end(), name) != known.end();
    checks.push_back({"service " + name, there ? std::string() : not_there(name, known)});
  }
  co_return checks;
}

}  // namespace tocsin::stack
