#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/backtest/backtest.h"
#include "harness/backtest/sample_cache.h"

/// What a backtest needs of a Prometheus: which series over which time, and what of that a cache
/// has already.

namespace tocsin::backtest {

/// The samples of one selector after `from`, up to and with `to`.
struct Wanted {
  std::string selector;  ///< as PromQL
  Timestamp from = {};
  Timestamp to = {};
  bool operator==(const Wanted&) const = default;
};

struct FetchPlan {
  std::vector<Wanted> wanted;
  /// Selectors with "@": they may look at times that are not fetched.
  std::vector<std::string> absolute;
  /// Alerts whose templates ask for what only running them shows.
  std::vector<std::string> computed;
};

/// What the selectors of all rules, and the queries of their templates, look at in evaluations from
/// `options.from` to `options.to`. Selectors that may find the same series are fetched over the
/// same time. A metric that every version of the rules records is not fetched.
FetchPlan plan_fetch(std::span<const std::vector<rules::RuleFile>> versions,
                     const BacktestOptions& options);

/// A stretch of one selector's time, to be read from the cache or to be fetched.
struct Stretch {
  Timestamp from = {};  ///< not included
  Timestamp to = {};    ///< included
  const SampleCache::Record* cached = nullptr;
};
/// In time order, together the wanted time; a cached one may reach beyond it.
std::vector<Stretch> stretches_of(const Wanted& wanted,
                                  std::span<const SampleCache::Record> records);

}  // namespace tocsin::backtest
