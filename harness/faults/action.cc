#include "harness/faults/action.h"

#include <fmt/format.h>

namespace tocsin::faults {
namespace {

constexpr std::string_view kKeys[] = {"run", "http", "toxiproxy"};

std::string describe_what(const CommandAction& action) {
  return fmt::format("\"{}\"", action.start);
}

std::string describe_what(const CallAction& action) {
  const std::string& url = action.start.url;
  return action.start.method + " " + url.substr(0, url.find('?'));
}

std::string describe_what(const ToxiproxyAction& action) {
  std::vector<std::string> toxics;
  for (const NetworkFault& toxic : action.toxics) {
    toxics.push_back(toxic.kind == NetworkFault::Kind::kRefuse ? "down" : describe(toxic));
  }
  return fmt::format("{} {}", action.proxy, fmt::join(toxics, ", "));
}

}  // namespace

std::string_view key_of(const Action& action) {
  return kKeys[action.what.index()];
}

std::string describe(const Action& action) {
  return std::visit([](const auto& what) { return describe_what(what); }, action.what);
}

}  // namespace tocsin::faults
