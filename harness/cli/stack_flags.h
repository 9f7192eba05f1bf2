#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/cli/tasks.h"
#include "harness/run/real_monitor.h"
#include "harness/run/staging_monitor.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// Which monitoring stack a live run uses.
struct StackFlags {
  std::string stack = "embedded";
  std::string prometheus_bin;
  std::string alertmanager_bin;
  bool keep_logs = false;
  std::string prometheus;  ///< URLs of ones that run already
  std::string alertmanager;
  std::vector<std::string> headers;
  int receivers_port = 0;  ///< 0: not given
  std::string listen;
  bool no_fakes = false;
};

void add_stack_options(CLI::App& command, StackFlags& flags);

/// The flag that only a live run heeds and that was given; null: none was.
const char* given_stack_flag(const StackFlags& flags);

/// The Prometheus and Alertmanager that live scenarios use; neither: this process monitors.
struct RealStack {
  std::optional<run::RealStackOptions> started;
  std::optional<run::StagingOptions> running;  ///< already
};
/// Errors are programs that are not there, mistakes among the flags, and live scenarios whose time
/// is scaled where it cannot be.
Result<RealStack> real_stack_of(const StackFlags& flags, const std::string& target_url,
                                const std::vector<Task>& tasks);

}  // namespace tocsin::cli
