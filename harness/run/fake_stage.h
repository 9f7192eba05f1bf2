#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/faults/timeline.h"
#include "harness/net/stream.h"
#include "harness/scenario/scenario.h"

namespace tocsin::run {

struct StageOptions {
  std::string host = "127.0.0.1";
  bool documented_ports = false;   ///< else the kernel chooses
  bool without_service = false;    ///< only the exporters: the service is a real one elsewhere
  bool without_exporters = false;  ///< those, too
  /// Where the service is then, for network faults on the way to it.
  std::vector<net::Address> elsewhere;
  /// What that one is sent, for exporters that follow it; must outlive the stage.
  const traffic::Traffic* traffic = nullptr;
  std::uint64_t seed = 1;
  scenario::Noise noise = scenario::Noise::kRandom;
  double time_scale = 1;
  /// Serve the API by which faults are set by hand (fakes/service/control.h); port 0: the kernel's.
  bool control = false;
  std::uint16_t control_port = 0;
  Timestamp start = {};
  /// Scenario time now; called from the stage's own thread.
  std::function<Duration()> offset;
};

/// The fake service and exporters of a system on real sockets, on a thread of their own.
class FakeStage {
 public:
  /// All are listening on return. `faults` must outlive the stage.
  static Result<std::unique_ptr<FakeStage>> open(const scenario::System& system,
                                                 const faults::FaultTimeline& faults,
                                                 StageOptions options);
  /// Stops everything and joins the thread.
  ~FakeStage();
  void stop();

  /// The wall-clock time of the run's start, where it was not known before. To be called before
  /// `offset` tells of it; while that is negative the metrics pages are empty.
  void begin_at(Timestamp start);

  /// "http://127.0.0.1:port" of a target; empty when it is not on this stage.
  std::string url(const std::string& target) const;
  /// Where the load generator should go to reach the service: through the fault proxy when the
  /// scenario has network faults.
  std::string load_url() const;

  /// The proxy's address; nothing without one.
  std::optional<net::Address> proxy() const;

  /// Of the fault API; empty without one.
  std::string control_url() const;

 private:
  struct Impl;
  explicit FakeStage(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::run
