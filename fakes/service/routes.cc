#include "fakes/service/routes.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::fakes {
namespace {

std::string_view take_segment(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return segment;
}

bool is_placeholder(std::string_view segment) {
  return segment.starts_with(':') || (segment.starts_with('{') && segment.ends_with('}'));
}

bool matches(std::string_view pattern, std::string_view path) {
  pattern = pattern.substr(0, pattern.find('?'));
  if (pattern == path) return true;
  if (std::count(pattern.begin(), pattern.end(), '/') !=
      std::count(path.begin(), path.end(), '/')) {
    return false;
  }
  while (!pattern.empty() || !path.empty()) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    const bool stands_for_it = is_placeholder(wanted) && !given.empty();
    if (wanted != given && !stands_for_it) return false;
  }
  return true;
}

}  // namespace

Routes::Match Routes::find(std::string_view method, std::string_view path) const {
  if (method == "HEAD") method = "GET";
  Match match;
  const auto offer = [&](Kind kind, std::size_t index, std::string_view of_method) {
    if (of_method == method) {
      match = {kind, index};
      return true;
    }
    match.kind = Kind::kWrongMethod;
    match.allow += match.allow.empty() ? "" : ", ";
    match.allow += of_method;
    return false;
  };
  if (path == target_->metrics_path && offer(Kind::kMetrics, 0, "GET")) return match;
  for (std::size_t i = 0; i < target_->health.size(); ++i) {
    if (path == target_->health[i].path && offer(Kind::kHealth, i, "GET")) return match;
  }
  for (std::size_t i = 0; i < target_->admin.size(); ++i) {
    const scenario::AdminEndpoint& admin = target_->admin[i];
    if (path == admin.path && offer(Kind::kAdmin, i, admin.method)) return match;
  }
  for (std::size_t i = 0; i < target_->endpoints.size(); ++i) {
    const scenario::Endpoint& endpoint = target_->endpoints[i];
    if (matches(endpoint.path, path) && offer(Kind::kEndpoint, i, endpoint.method)) return match;
  }
  if (match.kind == Kind::kNone && path == "/" && method == "GET") match.kind = Kind::kIndex;
  return match;
}

std::string Routes::index() const {
  std::string text = fmt::format("{}, as a fake\n\nGET {}\n", target_->name, target_->metrics_path);
  for (const scenario::HealthEndpoint& health : target_->health) {
    text += fmt::format("GET {}\n", health.path);
  }
  for (const scenario::AdminEndpoint& admin : target_->admin) {
    text += fmt::format("{} {}\n", admin.method, admin.path);
  }
  for (const scenario::Endpoint& endpoint : target_->endpoints) {
    text += fmt::format("{} {}\n", endpoint.method, endpoint.path);
  }
  return text;
}

}  // namespace tocsin::fakes
