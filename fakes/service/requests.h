#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fakes/service/chance.h"
#include "fakes/service/distribution.h"
#include "fakes/service/movement.h"
#include "harness/base/time.h"
#include "harness/faults/timeline.h"
#include "harness/scenario/scenario.h"

namespace tocsin::fakes {

/// An endpoint as faults have it at the moment (see Requests::move_to).
struct EndpointState {
  const scenario::Endpoint* spec = nullptr;
  Distribution latency;
  std::optional<Distribution> request_bytes;
  std::optional<Distribution> response_bytes;
  /// All that it may ever answer, rare ones first: what the system says, and 500 (200) if that says
  /// no error (nothing but errors).
  std::vector<int> statuses;
  std::vector<double> base_shares;
  double base_error_rate = 0;

  double error_rate = 0;
  std::vector<double> shares;  ///< of statuses
  Movement movement;           ///< of its latency
  double mean_latency = 0;     ///< seconds

  MovedDistribution moved_latency() const { return {latency, movement}; }
};

/// The requests of one endpoint in a stretch of time, in grains (ModelOptions::grain).
struct RequestCount {
  std::int64_t total = 0;
  std::vector<std::int64_t> by_status;  ///< by EndpointState::statuses
};

/// What a service is asked, and how it answers: the traffic's arrivals, shared out over endpoints
/// and statuses. In live runs there is no traffic description; arrivals are told.
class Requests {
 public:
  Requests(const scenario::Target& target, const faults::FaultTimeline& faults,
           const traffic::Traffic* traffic, std::uint64_t seed, scenario::Noise noise,
           double grain = 1);

  void set_faults(const faults::FaultTimeline& faults);

  /// Brings endpoints, request rate and mix to an offset.
  void move_to(Duration offset);
  /// Grows when endpoints or mix have changed.
  std::uint64_t version() const { return version_; }
  const std::vector<EndpointState>& endpoints() const { return endpoints_; }
  /// Each endpoint's share of the requests; they sum to 1.
  std::span<const double> mix() const { return mix_; }
  double request_rate() const { return request_rate_; }
  /// Requests being handled.
  double in_flight() const;
  double error_rate() const;
  double mean_latency() const;
  /// Of all requests together.
  double latency_quantile(double p) const;

  /// Where phases of the traffic begin and end, ascending, 0 included; empty without traffic.
  std::vector<Duration> boundaries() const;
  /// The phase that runs at an offset; null without traffic and after it.
  const traffic::Phase* phase_at(Duration offset) const;

  /// Draws the requests of [from, to), a stretch within one phase and between change points;
  /// move_to() its middle comes first. One count an endpoint.
  std::span<const RequestCount> draw(Duration from, Duration to);
  /// The same with nothing asked.
  std::span<const RequestCount> none();

  /// Live runs: what the signals read instead of the traffic description.
  void measured(double request_rate, double in_flight);
  /// Live runs: one request, its status drawn.
  std::size_t draw_status(std::size_t endpoint);
  /// Live runs: the count of this one request alone.
  std::span<const RequestCount> single(std::size_t endpoint, std::size_t status);

 private:
  struct Phase {
    const traffic::Phase* spec = nullptr;
    Duration start{0};
    std::vector<double> mix;
    std::int64_t arrived = 0;  ///< of a `count`
    double carry = 0;          ///< of users
    Split turns;               ///< over the endpoints, where they take turns
  };
  struct Streams {
    Chance arrivals;
    Chance statuses;
    Split split;
    double carry = 0;
  };

  void move_endpoint(std::size_t i, Duration offset);
  double closed_loop_rate(const traffic::Users& users, Duration offset) const;
  const Phase* find_phase(Duration offset) const;
  std::int64_t arrivals(Phase& phase, Duration from, Duration to);
  void share_out(Phase& phase, Duration from, Duration to);

  const scenario::Target* target_;
  const faults::FaultTimeline* faults_ = nullptr;
  std::vector<Mover> movers_;      ///< of each endpoint's latency
  bool error_rate_moves_ = false;  ///< at any time
  std::vector<EndpointState> endpoints_;
  std::vector<double> system_mix_;
  std::vector<Phase> phases_;
  Chance chance_;  ///< of arrivals as a whole
  Chance turns_;   ///< without noise: paced requests take turns
  std::vector<Streams> streams_;

  std::vector<double> mix_;
  double grain_;  ///< what counts count: requests times this
  double request_rate_ = 0;
  std::optional<double> in_flight_;
  std::uint64_t version_ = 1;
  std::vector<RequestCount> counts_;
  std::vector<std::int64_t> totals_;
};

}  // namespace tocsin::fakes
