// What clients ask to know whom they talk to. There are no targets and no configuration.

#include <array>

#include <fmt/format.h>

#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"
#include "harness/promapi/routes.h"

namespace tocsin::promapi {
namespace {

std::string answer_build_info(const RouteCall& call) {
  std::string data = "{\"version\":";
  append_json_string(data, call.api.options().version);
  return success_json(data +
                      ",\"revision\":\"tocsin\",\"branch\":\"\",\"buildUser\":\"\","
                      "\"buildDate\":\"\",\"goVersion\":\"\"}");
}

std::string answer_flags(const RouteCall& call) {
  const promql::QueryOptions& query = call.api.options().query;
  return success_json(fmt::format(
      "{{\"query.lookback-delta\":\"{}\",\"query.max-samples\":\"{}\",\"query.timeout\":\"{}\"}}",
      format_duration(query.lookback), query.max_samples, format_duration(query.timeout)));
}

std::string answer_config(const RouteCall&) {
  return success_json("{\"yaml\":\"\"}");
}

std::string answer_targets(const RouteCall&) {
  return success_json("{\"activeTargets\":[],\"droppedTargets\":[]}");
}

std::string answer_alertmanagers(const RouteCall&) {
  return success_json("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}");
}

constexpr std::array kStatusRoutes = {
    Route{"status/buildinfo", false, answer_build_info, false},
    Route{"status/flags", false, answer_flags, false},
    Route{"status/config", false, answer_config, false},
    Route{"targets", false, answer_targets, false},
    Route{"alertmanagers", false, answer_alertmanagers, false},
};

}  // namespace

std::span<const Route> status_routes() {
  return kStatusRoutes;
}

}  // namespace tocsin::promapi
