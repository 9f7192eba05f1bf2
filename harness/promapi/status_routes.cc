// What clients ask to know whom they talk to. There are no targets and no configuration.

#include <array>
#include <thread>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"
#include "harness/promapi/routes.h"
#include "harness/promapi/store_statistics.h"

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

std::string answer_runtime_info(const RouteCall& call) {
  const std::string started = format_rfc3339(call.api.started());
  return success_json(fmt::format(
      "{{\"startTime\":\"{0}\",\"CWD\":\"\",\"hostname\":\"\",\"serverTime\":\"{1}\","
      "\"reloadConfigSuccess\":true,\"lastConfigTime\":\"{0}\",\"corruptionCount\":0,"
      "\"goroutineCount\":0,\"GOMAXPROCS\":{2},\"GOMEMLIMIT\":0,\"GOGC\":\"\","
      "\"GODEBUG\":\"\",\"storageRetention\":\"\"}}",
      started, format_rfc3339(system_clock().now()), std::thread::hardware_concurrency()));
}

std::string answer_targets(const RouteCall&) {
  return success_json("{\"activeTargets\":[],\"droppedTargets\":[]}");
}

std::string answer_alertmanagers(const RouteCall&) {
  return success_json("{\"activeAlertmanagers\":[],\"droppedAlertmanagers\":[]}");
}

std::string answer_scrape_pools(const RouteCall&) {
  return success_json("{\"scrapePools\":[]}");
}

std::string answer_log_replay(const RouteCall&) {
  return success_json("{\"min\":0,\"max\":0,\"current\":0}");
}

std::string answer_blocks(const RouteCall&) {
  return success_json("{\"blocks\":[]}");
}

std::string answer_nothing(const RouteCall&) {
  return success_json("[]");
}

constexpr std::array kStatusRoutes = {
    Route{"status/runtimeinfo", false, answer_runtime_info, false},
    Route{"status/tsdb", false, answer_store_statistics},
    Route{"status/tsdb/blocks", false, answer_blocks, false},
    Route{"status/walreplay", false, answer_log_replay, false},
    Route{"scrape_pools", false, answer_scrape_pools, false},
    Route{"targets/metadata", false, answer_nothing, false},
    Route{"notifications", false, answer_nothing, false},
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
