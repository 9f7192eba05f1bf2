#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/http/url.h"
#include "harness/model/evidence.h"
#include "harness/net/task.h"
#include "harness/scenario/system.h"

namespace tocsin::run {

/// Where a target of a live run is scraped.
struct ScrapedTarget {
  const scenario::Target* target = nullptr;
  http::Url url;  ///< of the metrics page
  bool fake = true;
};

struct AlertCounts {
  std::size_t pending = 0;
  std::size_t firing = 0;
};

/// The monitoring of a live run: what scrapes the targets, evaluates rules and routes alerts. The
/// order of calls is prepare(), watch() until it ends, finish(); each once.
class Monitor {
 public:
  Monitor() = default;
  virtual ~Monitor() = default;
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  /// The fake targets serve already, but pages without a sample until the run's start. This chooses
  /// it, calls `begin` with it, and returns when it has come.
  virtual Result<void> prepare(std::vector<ScrapedTarget> targets,
                               const std::function<void(Timestamp)>& begin) = 0;
  /// Until `end` of the scenario, until it is cancelled, or until it can't go on.
  virtual net::Task<void> watch(Duration end) = 0;
  /// Why it can't go on: empty, or one sentence. The run then ends early.
  virtual std::string trouble() const { return {}; }
  virtual AlertCounts alerts() const = 0;
  /// Completes the evidence: samples, targets, episodes, scrapes.
  virtual void finish() = 0;
};

}  // namespace tocsin::run
