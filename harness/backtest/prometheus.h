#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "harness/backtest/fetch_plan.h"
#include "harness/base/time.h"
#include "harness/http/message.h"
#include "harness/http/url.h"
#include "harness/metrics/store.h"
#include "harness/net/tls.h"

/// Raw samples from a Prometheus, by its HTTP API: `selector[chunk]` at the end of each chunk of
/// time, chunk by chunk.

namespace tocsin::backtest {

struct PrometheusOptions {
  http::Url url;               ///< its target is the API's prefix, without /api/v1
  http::Headers headers = {};  ///< with each request; may hold secrets
  net::TlsContextPtr tls = nullptr;
  Nanos request_timeout = std::chrono::minutes(2);
  Nanos deadline = std::chrono::hours(1);  ///< for everything
  /// Between tries after 429, 5xx and trouble with the connection; doubles up to half a minute.
  Nanos first_pause = std::chrono::milliseconds(500);
  int tries = 8;      ///< of one chunk
  std::string cache;  ///< file; empty: none
  /// Samples that an answer should hold; chunks become longer or shorter accordingly.
  std::size_t samples_a_chunk = 500'000;
  Duration first_chunk = std::chrono::hours(1);
  const std::atomic<bool>* stop = nullptr;
};

struct FetchProgress {
  Duration done{0};  ///< of `planned`, over all selectors
  Duration planned{0};
  std::size_t samples = 0;
  std::size_t requests = 0;
  std::size_t retries = 0;
};

struct FetchStats {
  std::size_t samples = 0;
  std::size_t requests = 0;
  std::size_t retries = 0;
  std::size_t from_cache = 0;  ///< chunks
  std::size_t fetched = 0;     ///< chunks
};

/// Appends the samples to the store, each once. Errors: what the server refuses, what does not
/// answer in time (kTimeout), and kCancelled; what was fetched by then is in the cache.
Result<FetchStats> fetch_samples(const FetchPlan& plan, const PrometheusOptions& options,
                                 metrics::Store& store,
                                 const std::function<void(const FetchProgress&)>& progress);

}  // namespace tocsin::backtest
