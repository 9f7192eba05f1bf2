#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/cli/tasks.h"
#include "harness/run/real_monitor.h"

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
};

void add_stack_options(CLI::App& command, StackFlags& flags);

/// The flag that only a live run heeds and that was given; null: none was.
const char* given_stack_flag(const StackFlags& flags);

/// The programs of a real stack, for scenarios of which at least one is live; none for the embedded
/// one.
Result<std::optional<run::RealStackOptions>> real_stack_of(const StackFlags& flags,
                                                           const std::vector<Task>& tasks);

}  // namespace tocsin::cli
