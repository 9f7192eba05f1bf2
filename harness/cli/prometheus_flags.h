#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/backtest/prometheus.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// Where to fetch samples from, and how.
struct PrometheusFlags {
  std::string url;
  std::string cache;
  std::vector<std::string> headers;
  std::string bearer_token_file;
  std::string ca_file;
  bool insecure = false;
  std::string timeout;
  std::string deadline;
  std::string retry_pause;
};

void add_prometheus_options(CLI::App& command, PrometheusFlags& flags);
/// A flag that was given although it only says how to fetch; null: none.
const char* needless_prometheus_flag(const PrometheusFlags& flags);
/// What is wrong goes to `diagnostics`, which never repeat a header's value.
backtest::PrometheusOptions prometheus_options(const PrometheusFlags& flags,
                                               Diagnostics& diagnostics);

/// fetch_samples() with a bar on the terminal, ended by an interrupt.
Result<backtest::FetchStats> fetch_with_progress(const backtest::FetchPlan& plan,
                                                 const backtest::PrometheusOptions& options,
                                                 metrics::Store& store);

}  // namespace tocsin::cli
