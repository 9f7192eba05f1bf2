#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/model/evidence.h"
#include "harness/run/dashboard_watch.h"
#include "harness/run/real_monitor.h"
#include "harness/run/routing.h"
#include "harness/run/stack.h"
#include "harness/run/staging_monitor.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

struct LiveProgress {
  Duration elapsed{0};  ///< scenario time
  Duration planned{0};
  LoadLedger ledger;
  std::size_t pending = 0;  ///< alerts
  std::size_t firing = 0;
};

struct LiveOptions {
  double time_scale = 1;
  /// A service that runs already. Faults on it are made by their actions (outside_faults.h), those
  /// of the network to it by a proxy that the load goes through. Empty: the fake one.
  std::string target_url;
  /// This program's file, so that faults on the outside are undone even when it is killed
  /// (undo_guard.h); empty: without that.
  std::string guard_program;
  bool verify_tls = true;
  std::string ca_file;
  std::uint32_t load_threads = 1;
  /// Who is told of alerts; null: nobody.
  const Routing* routing = nullptr;
  /// Prometheus and Alertmanager themselves scrape, evaluate and route; none: this process does.
  std::optional<RealStackOptions> real;
  /// Those do that run already somewhere; then the time scale is 1, and fake targets listen on the
  /// ports of the system file, where they are known to be.
  std::optional<StagingOptions> staging;
  DashboardOptions dashboards;
  std::string listen = "127.0.0.1";  ///< the address of fake targets
  bool without_exporters = false;    ///< they are real ones: faults on them are not ours to make
  /// Set from outside: end soon, with partial evidence.
  const std::atomic<bool>* stop = nullptr;
  /// About ten times a second on the calling thread; may be empty.
  std::function<void(const LiveProgress&)> progress;
};

/// Runs a scenario on the real clock over real sockets: the fake service and exporters (or a target
/// by URL), a load generator, scraper, probes, and the embedded rules at each tick. Returns when
/// all of it is closed. Errors are failures to begin (a bad URL, a port that is taken, rules that
/// can't be scaled); everything after that is evidence.
Result<Evidence> run_live(const scenario::Scenario& scenario, const RuleFiles& rules,
                          const LiveOptions& options);

}  // namespace tocsin::run
