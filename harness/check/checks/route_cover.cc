#include "harness/check/checks/route_cover.h"

#include <algorithm>
#include <cctype>

namespace tocsin::check {
namespace {

/// The only values that a matcher lets through; nothing when these cannot be listed.
std::vector<std::string> values_of(const Matcher& matcher) {
  if (matcher.op() == MatchOp::kEqual) return {matcher.value()};
  if (matcher.op() == MatchOp::kRegex) return plain_alternatives(matcher.value());
  return {};
}

/// Whether `a` holds wherever `b` does.
bool follows(const Matcher& a, const Matcher& b) {
  if (a.name() != b.name()) return false;
  if (a == b) return true;
  const std::vector<std::string> values = values_of(b);
  return !values.empty() && std::all_of(values.begin(), values.end(),
                                        [&](const std::string& v) { return a.matches(v); });
}

}  // namespace

std::vector<std::string> plain_alternatives(std::string_view regex) {
  // Alertmanager keeps its anchors.
  if (regex.starts_with("^(?:") && regex.ends_with(")$")) {
    regex = regex.substr(4, regex.size() - 6);
  }
  if (regex.find_first_of(".+*?()[]{}^$\\") != std::string_view::npos) return {};
  std::vector<std::string> all;
  while (true) {
    const std::size_t end = std::min(regex.find('|'), regex.size());
    all.emplace_back(regex.substr(0, end));
    if (end == regex.size()) return all;
    regex.remove_prefix(end + 1);
  }
}

bool is_meant_to_be_empty(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const char* word :
       {"null", "none", "hole", "void", "devnull", "drop", "discard", "ignore", "silent", "noop",
        "nowhere", "nobody", "trash", "sink", "watchdog", "mute", "black"}) {
    if (lower.find(word) != std::string::npos) return true;
  }
  return false;
}

std::string name_of_route(const alerting::Route& route) {
  return route.matchers.empty() ? "the route without matchers"
                                : "the route " + alerting::matchers_text(route.matchers);
}

bool takes_all_of(const alerting::Matchers& wide, const alerting::Matchers& narrow) {
  return std::all_of(wide.begin(), wide.end(), [&](const Matcher& a) {
    return std::any_of(narrow.begin(), narrow.end(),
                       [&](const Matcher& b) { return follows(a, b); });
  });
}

const Matcher* excluded_by(const alerting::Matchers& matchers,
                           const std::vector<const alerting::Route*>& above) {
  for (const alerting::Route* route : above) {
    for (const Matcher& outer : route->matchers) {
      for (const Matcher& inner : matchers) {
        if (inner.name() != outer.name()) continue;
        const std::vector<std::string> values = values_of(inner);
        const bool none =
            !values.empty() && std::none_of(values.begin(), values.end(),
                                            [&](const std::string& v) { return outer.matches(v); });
        if (none) return &outer;
      }
    }
  }
  return nullptr;
}

}  // namespace tocsin::check
