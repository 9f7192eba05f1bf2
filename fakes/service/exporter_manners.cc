#include "fakes/service/exporter_manners.h"

#include <algorithm>

#include <fmt/format.h>

#include "fakes/service/node_collectors.h"
#include "harness/http/query.h"

namespace tocsin::fakes {
namespace {

constexpr std::string_view kScrapePath = "/scrape";

/// Without empty, "." and ".." segments; a slash at the end stays.
std::string clean_path(std::string_view path) {
  std::vector<std::string_view> kept;
  const bool at_end = path.ends_with('/');
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (!segment.empty() && segment != ".") {
      kept.push_back(segment);
    }
  }
  std::string clean;
  for (const std::string_view segment : kept) clean.append("/").append(segment);
  if (clean.empty() || at_end) clean += '/';
  return clean;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// A page of /scrape is made by an exporter that lives for this one answer.
void cut_to_target(std::vector<metrics::FamilySamples>& page) {
  double took = 0;
  for (metrics::FamilySamples& family : page) {
    const std::string& name = family.info.name;
    if (name == "redis_exporter_last_scrape_duration_seconds" && !family.samples.empty()) {
      took = family.samples.front().value;
    }
    const bool first = name == "redis_exporter_scrapes_total";
    const bool timed = name == "redis_exporter_scrape_duration_seconds";
    if (!first && !timed) continue;
    for (metrics::ExpositionSample& sample : family.samples) {
      sample.value = sample.labels.metric_name().ends_with("_sum") ? took : 1;
    }
  }
  std::erase_if(page, [](const metrics::FamilySamples& family) {
    return family.info.name.starts_with("go_") || family.info.name.starts_with("process_");
  });
}

}  // namespace

ExporterManners manners_of(std::string_view kind) {
  if (kind == "celery") return {.python = true, .title = "Celery Exporter"};
  if (kind == "node") return {.go = true, .filters_collectors = true, .title = "Node Exporter"};
  if (kind == "postgres") return {.go = true, .title = "Postgres Exporter"};
  if (kind == "redis") return {.go = true, .scrapes_targets = true, .title = "Redis Exporter"};
  return {};
}

std::string landing_page(const ExporterManners& manners, std::string_view metrics_path) {
  return fmt::format(
      "<!DOCTYPE html>\n<html>\n<head><title>{0}</title></head>\n<body>\n<h1>{0}</h1>\n"
      "<p>A fake of Tocsin. <a href=\"{1}\">Metrics</a></p>\n</body>\n</html>\n",
      manners.title, html_escaped(metrics_path));
}

std::optional<http::Response> redirect_to_clean_path(const http::Request& request) {
  if (!request.target.starts_with('/') || request.method == "CONNECT") return std::nullopt;
  std::string to = clean_path(request.path());
  if (to == request.path()) return std::nullopt;
  if (!request.query().empty()) to.append("?").append(request.query());
  const bool reads = request.method == "GET" || request.method == "HEAD";
  http::Response answer;
  answer.status = 301;
  if (reads) {
    answer = http::text_response(
        301, fmt::format("<a href=\"{}\">Moved Permanently</a>.\n\n", html_escaped(to)),
        "text/html; charset=utf-8");
  }
  answer.headers.set("Location", std::move(to));
  return answer;
}

bool asks_for_metrics(const ExporterManners& manners, const http::Request& request,
                      std::string_view metrics_path) {
  return request.path() == metrics_path ||
         (manners.scrapes_targets && request.path() == kScrapePath);
}

std::optional<http::Response> refusal(const ExporterManners& manners, const http::Request& request,
                                      std::string_view metrics_path) {
  if (request.path() != metrics_path) {
    const auto targets = http::query_values(request.query(), "target");
    if (!targets.empty() && !targets.front().empty()) return std::nullopt;
    http::Response refused = http::text_response(400, "'target' parameter must be specified\n");
    refused.headers.set("X-Content-Type-Options", "nosniff");
    return refused;
  }
  if (!manners.filters_collectors) return std::nullopt;
  const auto wanted = wanted_collectors(request.query());
  if (wanted.has_error()) return http::text_response(400, wanted.error().message);
  return std::nullopt;
}

void cut_page(const ExporterManners& manners, const http::Request& request,
              std::string_view metrics_path, std::vector<metrics::FamilySamples>& page) {
  if (request.path() != metrics_path) return cut_to_target(page);
  if (!manners.filters_collectors) return;
  const auto wanted = wanted_collectors(request.query());
  if (wanted.has_value()) keep_collectors(*wanted, page);
}

bool wants_gzip(const ExporterManners& manners, const http::Request& request) {
  if (manners.python) return false;
  if (!manners.go) return request.headers.has_token("Accept-Encoding", "gzip");
  std::string_view rest = request.headers.get("Accept-Encoding");
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one == "gzip" || one.starts_with("gzip;")) return true;
  }
  return false;
}

void fold_created(std::vector<metrics::FamilySamples>& page) {
  constexpr std::string_view kCreated = "_created";
  const auto folds = [&](metrics::FamilySamples& created) {
    const std::string& name = created.info.name;
    if (!name.ends_with(kCreated)) return false;
    const std::string base = name.substr(0, name.size() - kCreated.size());
    const auto owner = std::find_if(page.begin(), page.end(), [&](const auto& family) {
      return family.info.name == base || family.info.name == base + "_total";
    });
    if (owner == page.end()) return false;
    owner->samples.insert(owner->samples.end(), created.samples.begin(), created.samples.end());
    return true;
  };
  std::vector<bool> gone;
  for (metrics::FamilySamples& family : page) gone.push_back(folds(family));
  std::size_t i = 0;
  std::erase_if(page, [&](const metrics::FamilySamples&) { return gone[i++]; });
}

}  // namespace tocsin::fakes
