#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/faults/network_fault.h"

/// What live runs do to the outside at a fault's start, and undo at its end, as data.

namespace tocsin::faults {

/// Commands of the shell.
struct CommandAction {
  std::string start;
  std::string stop;  ///< empty: there is nothing to undo
};

struct HttpCall {
  std::string method = "POST";
  std::string url;  ///< in full, or a path of the target: "/admin/chaos"
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  int status = 0;  ///< that must answer; 0: any from 200 to 299
};

struct CallAction {
  HttpCall start;
  std::optional<HttpCall> stop;  ///< none: there is nothing to undo
};

/// An existing Toxiproxy, driven over its API.
struct ToxiproxyAction {
  std::string url;    ///< of its API: http://localhost:8474
  std::string proxy;  ///< its name there
  /// Each becomes a toxic, or two for both directions; kRefuse disables the proxy.
  std::vector<NetworkFault> toxics;
};

struct Action {
  std::variant<CommandAction, CallAction, ToxiproxyAction> what;
  /// Of each command and call; real time, that no time scale divides.
  Duration timeout = std::chrono::seconds(10);
  SourcePos pos = {};
};

/// The key under which scenarios write it: "run", "http" or "toxiproxy".
std::string_view key_of(const Action& action);
/// `"systemctl stop redis"`, "POST http://localhost:8080/chaos", "redis latency 300ms": without
/// what may be secret: queries, headers, bodies.
std::string describe(const Action& action);

}  // namespace tocsin::faults
