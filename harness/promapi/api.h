#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "harness/http/message.h"
#include "harness/metrics/store.h"
#include "harness/promapi/rule_state.h"
#include "harness/promql/evaluator.h"

/// Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/) over the
/// series of a store, from request to response, without sockets.

namespace tocsin::promapi {

struct ApiOptions {
  /// Its bounds hold for every query; `timeout` and `lookback` can be chosen by a request.
  promql::QueryOptions query = default_query();
  std::size_t most_points = 11'000;  ///< steps of a range query
  std::string version = "3.14.0";    ///< whose API this is, for clients that ask
  /// Of queries that name no time; none: now.
  std::optional<Timestamp> default_time = {};

  static promql::QueryOptions default_query();
};

/// The store, and the rules if there are any, outlive it and are not written to meanwhile. Any
/// number of threads may ask.
class Api {
 public:
  Api(const metrics::Store& store, const RuleState* rules, ApiOptions options);

  /// `waited`: how long the request has been in a queue, which counts for its time limit.
  /// `abandoned`: when it becomes true, nobody waits for the answer any more.
  http::Response handle(const http::Request& request, Duration waited = Duration(0),
                        const std::atomic<bool>* abandoned = nullptr) const;

  /// Whether the request may take long: all that reads series.
  static bool may_take_long(const http::Request& request);
  /// How long the request may take in all; 0: as long as it wants.
  Duration time_limit(const http::Request& request) const;
  /// The answer to a request whose time was up before its turn came.
  http::Response too_late(const http::Request& request) const;

  const metrics::Store& store() const { return store_; }
  const RuleState* rules() const { return rules_; }
  const ApiOptions& options() const { return options_; }
  Timestamp started() const { return started_; }

 private:
  http::Response answer(const http::Request& request, Duration waited,
                        const std::atomic<bool>* abandoned) const;

  const metrics::Store& store_;
  const RuleState* rules_;
  ApiOptions options_;
  Timestamp started_;
};

}  // namespace tocsin::promapi
