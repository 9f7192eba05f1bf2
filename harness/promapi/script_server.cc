// Serves the series that a PromQL test script loads, native histograms included, for the comparison
// with a real Prometheus (compare_with_prometheus_3.py):
//
//     promapi_script_server SCRIPT START_S
//
// Time 0 of the script is START_S. Ends when its input ends.

#include <charconv>
#include <cstdio>
#include <iostream>
#include <string>

#include "harness/base/file.h"
#include "harness/promapi/server.h"
#include "harness/promql/script_store.h"

namespace tocsin::promapi {
namespace {

Result<void> load_script(const std::string& path, Duration start, metrics::Store& store) {
  TRY(const std::string text, read_file(path));
  TRY(const std::vector<promql::ScriptCommand> commands, promql::parse_script(text, path));
  promql::ScriptStore loaded;
  for (const promql::ScriptCommand& command : commands) {
    if (command.kind == promql::ScriptCommand::Kind::kLoad) TRY_VOID(loaded.load(command.load));
  }
  for (const SeriesView& series : loaded.select({}, TimeRange{})) {
    for (std::size_t i = 0; i < series.timestamps.size(); ++i) {
      const Timestamp at = from_ms(series.timestamps[i]) + start;
      const bool native = !series.histograms.empty() && series.histograms[i];
      if (native) {
        store.append_native(series.labels, at, series.histograms[i]);
      } else {
        store.append(series.labels, at, series.values[i]);
      }
    }
  }
  return {};
}

int serve_script(const std::string& path, Duration start) {
  metrics::Store store;
  if (const Result<void> loaded = load_script(path, start, store); !loaded) {
    std::cerr << to_string(loaded.error()) << '\n';
    return 2;
  }
  const Api api(store, nullptr, {});
  const auto server = ApiServer::open(api, {});
  if (!server) {
    std::cerr << to_string(server.error()) << '\n';
    return 3;
  }
  while (std::getchar() != EOF) {
  }
  return 0;
}

}  // namespace
}  // namespace tocsin::promapi

int main(int argc, char** argv) {
  std::int64_t start_s = 0;
  const std::string_view start = argc == 3 ? argv[2] : "";
  const auto [end, problem] = std::from_chars(start.data(), start.data() + start.size(), start_s);
  if (start.empty() || problem != std::errc() || end != start.data() + start.size()) {
    std::cerr << "usage: promapi_script_server SCRIPT START_S\n";
    return 2;
  }
  return tocsin::promapi::serve_script(argv[1], std::chrono::seconds(start_s));
}
