#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "harness/faults/action.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/shell_command.h"

namespace tocsin::run {

/// One thing that is done to the outside: a command, or a call.
struct OutsideStep {
  std::string command = {};                   ///< of the shell; empty: it is a call
  std::optional<faults::HttpCall> call = {};  ///< its URL in full
  bool gone_is_fine = false;                  ///< a call that removes something: so is 404
};

/// `"systemctl start redis"`, "DELETE http://localhost:8474/…": without what may be secret.
std::string describe(const OutsideStep& step);

/// Where and how steps are made.
struct OutsideContext {
  net::TlsContextPtr tls;
  std::string folder;  ///< of commands
  std::vector<std::pair<std::string, std::string>> environment;
  Nanos timeout = std::chrono::seconds(10);  ///< of each step, real time
};

struct StepEnd {
  bool ok = false;
  bool interrupted = false;  ///< and therefore not ok
  std::string words;         ///< "exit code 5: Unit redis.service not found"
};

/// Of commands whose end is not the end of what they have started in the background.
struct KeptCommands {
  std::vector<ShellCommand> ended;            ///< well
  std::function<void(pid_t group)> on_start;  ///< called for each; may be empty
};

/// Makes a step. `interrupted`: asked all the time; true gives it up. Without `kept` what a command
/// has started in the background is let go.
net::Task<StepEnd> perform(net::Loop& loop, const OutsideStep& step, const OutsideContext& context,
                           const bool& interrupted, KeptCommands* kept);

/// For the undo guard. The context's TLS settings are not among them.
nlohmann::json step_to_json(const OutsideStep& step);
OutsideStep step_from(const nlohmann::json& object);

}  // namespace tocsin::run
