#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "harness/prove/result.h"

/// `tocsin prove`: every alert of a contract is driven by each of its causes.

namespace tocsin::prove {

struct ProveOptions {
  std::string alerts;  ///< a regular expression that finds something in their names; empty: all
  unsigned jobs = 1;
  const std::atomic<bool>* stop = nullptr;  ///< set from outside: end soon, with what is known
  std::function<void(std::size_t done, std::size_t all)> progress;  ///< from any thread, in turn
};

/// The pattern is valid. What was not reached is kNotRun.
Report prove(std::vector<Subject> subjects, const ProveOptions& options);

}  // namespace tocsin::prove
