#pragma once

#include <atomic>
#include <future>
#include <mutex>
#include <optional>
#include <string>

#include "harness/base/error.h"
#include "harness/net/stream.h"
#include "harness/run/live.h"
#include "harness/traffic/load.h"

namespace tocsin::run {

/// The load generator on a thread of its own.
class LoadThread {
 public:
  explicit LoadThread(traffic::LoadOptions options);
  /// Ends it, and waits for the end.
  ~LoadThread() { stop_.request(); }

  void stop() { stop_.request(); }
  LoadLedger ledger() const;
  /// It could not begin: finish() has the reason.
  bool refused() const { return refused_; }
  bool ends_within(Nanos wait) const {
    return outcome_.wait_for(wait) == std::future_status::ready;
  }
  /// Waits for its end.
  Result<traffic::LoadOutcome> finish() { return outcome_.get(); }

 private:
  traffic::LoadOptions options_;
  traffic::LoadStop stop_;
  mutable std::mutex mutex_;
  LoadLedger ledger_;
  std::atomic<bool> refused_{false};
  std::future<Result<traffic::LoadOutcome>> outcome_;  ///< the last member: its end waits
};

/// The scenario's traffic, for the service at `url`; through the proxy, if there is one.
traffic::LoadOptions load_options(const scenario::Scenario& scenario, const LiveOptions& options,
                                  const std::string& url,
                                  const std::optional<net::Address>& proxy = std::nullopt);

}  // namespace tocsin::run
