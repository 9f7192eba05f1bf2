#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/error.h"
#include "harness/model/evidence.h"
#include "harness/traffic/traffic.h"

/// The live load engine: Schedule → Dispatcher → Connections → Recorder → LoadResult. Open loop on
/// a schedule (latency counts from the intended send time, so a stalled server can't hide its
/// stall), or closed loop with users.

namespace tocsin::traffic {

/// One kind of request. In target, headers and body are replaced, for each request: `{seq}` by its
/// number in this run (from 0, each once), `{random}` by 16 hexadecimal digits, `{uuid}` by a
/// random UUID. Host and Content-Length are added unless given.
struct RequestTemplate {
  std::string name = {};  ///< what mixes call it
  std::string method = "GET";
  std::string target = "/";  ///< path and query
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

struct LoadOptions {
  /// http://host:port or https://…; a path here is put before every target. A target "/" means just
  /// that path; only then may the URL have a query.
  std::string url;
  /// Where to connect instead of the URL's host and port, which go on to name the server (Host,
  /// certificate); port 0: there.
  std::string connect_host = {};
  std::uint16_t connect_port = 0;
  std::vector<RequestTemplate> requests;
  Traffic traffic;  ///< a phase without mix sends all requests alike
  std::uint64_t seed = 0;
  double time_scale = 1;
  /// At most so many, over all threads. They are opened when needed and kept; the one used last is
  /// used next.
  std::uint32_t connections = 64;
  std::uint32_t threads = 1;
  /// From when a connection takes the request, to the answer's last byte.
  Duration timeout = std::chrono::seconds(10);
  /// How long to wait for answers after the schedule's end; then they are `unfinished`, and so is
  /// what still waits for a connection.
  Duration drain = std::chrono::seconds(5);
  /// Requests that wait for a free connection; more are `dropped`.
  std::uint32_t waiting_limit = 100'000;
  bool keep_alive = true;
  bool verify_tls = true;
  std::string ca_file;  ///< empty: the system's
  /// A run has at most 600 slices; in a longer one they are 2, 4, 8, … times as long.
  Duration slice = std::chrono::seconds(1);
  /// The run is invalid when the generator itself was later than this at its 99th percentile (send
  /// lag while connections were free), or offered less than 99 % of the schedule.
  Duration lag_limit = std::chrono::milliseconds(10);
};

struct LoadProgress {
  Duration elapsed{0};
  Duration planned{0};
  LoadLedger ledger;
};

struct LoadOutcome {
  /// Latencies are those of answered requests. A request belongs to the slice of its intended send
  /// time; `to` is the end of the traffic, or of the run when it was stopped.
  LoadResult result;
  /// Empty, or why the figures say nothing about the target.
  std::string invalid_reason;
  bool stopped = false;  ///< by request_stop
};

/// Asks a running load to end: nothing more is sent, what is in flight is `unfinished`, and
/// run_load returns within a tenth of a second. Any thread and signal handlers may call request().
class LoadStop {
 public:
  void request() { requested_.store(true, std::memory_order_relaxed); }
  bool requested() const { return requested_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> requested_{false};
};

/// Runs the whole traffic and returns when everything is closed. Errors are bad options (URL, TLS
/// files) only: an unreachable target is data. `progress` is called about ten times a second on the
/// caller's thread, or never when empty.
Result<LoadOutcome> run_load(const LoadOptions& options, LoadStop& stop,
                             const std::function<void(const LoadProgress&)>& progress);

}  // namespace tocsin::traffic
