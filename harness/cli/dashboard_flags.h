#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/run/dashboard_watch.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// A Grafana and a Jaeger that a live run looks at.
struct DashboardFlags {
  std::string grafana;
  std::string grafana_token_file;
  std::vector<std::string> grafana_datasources;
  std::vector<std::string> grafana_dashboards;
  std::string jaeger;
  std::vector<std::string> jaeger_services;
};

void add_dashboard_options(CLI::App& command, DashboardFlags& flags);
/// One that was given; null: none was.
const char* given_dashboard_flag(const DashboardFlags& flags);
Result<run::DashboardOptions> dashboards_of(const DashboardFlags& flags);

}  // namespace tocsin::cli
