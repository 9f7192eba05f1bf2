#include "fakes/service/requests.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "harness/traffic/traffic.h"

namespace tocsin::fakes {
namespace {

/// How long a user waits for an answer that does not come, and for a refusal.
constexpr double kHangSeconds = 10;
constexpr double kRefusalSeconds = 0.001;

bool is_error(int status) {
  return status >= 500;
}

EndpointState make_endpoint(const scenario::Endpoint& spec) {
  EndpointState state{.spec = &spec,
                      .latency = Distribution(spec.latency),
                      .request_bytes = {},
                      .response_bytes = {},
                      .statuses = {},
                      .base_shares = {},
                      .shares = {},
                      .movement = {}};
  if (spec.request_bytes) state.request_bytes.emplace(*spec.request_bytes);
  if (spec.response_bytes) state.response_bytes.emplace(*spec.response_bytes);

  std::vector<std::pair<int, double>> statuses = spec.statuses;
  const auto have = [&](bool errors) {
    return std::any_of(statuses.begin(), statuses.end(),
                       [&](const auto& s) { return is_error(s.first) == errors; });
  };
  if (!have(true)) statuses.emplace_back(500, 0);
  if (!have(false)) statuses.emplace_back(200, spec.statuses.empty() ? 1 : 0);
  std::stable_sort(statuses.begin(), statuses.end(),
                   [](const auto& a, const auto& b) { return a.second < b.second; });
  for (const auto& [status, share] : statuses) {
    state.statuses.push_back(status);
    state.base_shares.push_back(share);
    if (is_error(status)) state.base_error_rate += share;
  }
  state.shares = state.base_shares;
  state.error_rate = state.base_error_rate;
  state.mean_latency = state.latency.mean();
  return state;
}

/// Errors keep their proportions among themselves, and so do the others.
void set_error_rate(EndpointState& state, double error_rate) {
  state.error_rate = error_rate;
  if (error_rate == state.base_error_rate) {
    state.shares = state.base_shares;
    return;
  }
  const auto share_out = [&](bool errors, double before, double now) {
    for (std::size_t i = 0; i < state.statuses.size(); ++i) {
      if (is_error(state.statuses[i]) != errors) continue;
      // A group that had no share at all: its one member was added for this.
      state.shares[i] = before > 0 ? state.base_shares[i] * now / before : now;
      if (!(before > 0)) now = 0;
    }
  };
  share_out(true, state.base_error_rate, error_rate);
  share_out(false, 1 - state.base_error_rate, 1 - error_rate);
}

std::vector<double> normalised(std::vector<double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (double& weight : weights) weight /= sum;
  return weights;
}

}  // namespace

Requests::Requests(const scenario::Target& target, const faults::FaultTimeline& faults,
                   const traffic::Traffic* traffic, std::uint64_t seed, scenario::Noise noise,
                   double grain)
    : target_(&target),
      chance_(seed, target.name + "/arrivals", noise),
      turns_(seed, target.name + "/turns", scenario::Noise::kNone),
      grain_(grain) {
  std::vector<double> weights;
  for (const scenario::Endpoint& spec : target.endpoints) {
    endpoints_.push_back(make_endpoint(spec));
    weights.push_back(spec.weight);
    const std::string name = target.name + "/" + spec.name;
    streams_.push_back({.arrivals = Chance(seed, name + "/arrivals", noise),
                        .statuses = Chance(seed, name + "/statuses", noise),
                        .split = Split(endpoints_.back().shares)});
    RequestCount count;
    count.by_status.resize(endpoints_.back().statuses.size());
    counts_.push_back(std::move(count));
  }
  totals_.resize(endpoints_.size());
  system_mix_ = normalised(std::move(weights));
  mix_ = system_mix_;
  set_faults(faults);
  if (traffic == nullptr || endpoints_.empty()) return;

  Duration start{0};
  for (const traffic::Phase& spec : traffic->phases) {
    Phase phase{.spec = &spec, .start = start, .mix = system_mix_, .turns = {}};
    if (!spec.mix.empty()) {
      std::fill(phase.mix.begin(), phase.mix.end(), 0.0);
      for (const traffic::MixEntry& entry : spec.mix) {
        for (std::size_t i = 0; i < endpoints_.size(); ++i) {
          if (endpoints_[i].spec->name == entry.endpoint) phase.mix[i] += entry.weight;
        }
      }
      phase.mix = normalised(std::move(phase.mix));
    }
    phase.turns.set_shares(phase.mix);
    phases_.push_back(std::move(phase));
    start += spec.length;
  }
}

void Requests::set_faults(const faults::FaultTimeline& faults) {
  faults_ = &faults;
  movers_.clear();
  for (const EndpointState& endpoint : endpoints_) {
    movers_.emplace_back(faults, *target_, "latency", endpoint.spec->name);
  }
  error_rate_moves_ = ever_moved(faults, target_->name, "error_rate");
  // What earlier faults have moved goes back.
  for (EndpointState& endpoint : endpoints_) {
    set_error_rate(endpoint, endpoint.base_error_rate);
    endpoint.movement = {};
    endpoint.mean_latency = endpoint.latency.mean();
  }
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    streams_[i].split.set_shares(endpoints_[i].shares);
  }
  ++version_;
}

const Requests::Phase* Requests::find_phase(Duration offset) const {
  const auto next = std::upper_bound(phases_.begin(), phases_.end(), offset,
                                     [](Duration at, const Phase& p) { return at < p.start; });
  if (next == phases_.begin()) return nullptr;
  const Phase& phase = *std::prev(next);
  return offset < phase.start + phase.spec->length ? &phase : nullptr;
}

const traffic::Phase* Requests::phase_at(Duration offset) const {
  const Phase* phase = find_phase(offset);
  return phase != nullptr ? phase->spec : nullptr;
}

std::vector<Duration> Requests::boundaries() const {
  std::vector<Duration> at;
  for (const Phase& phase : phases_) at.push_back(phase.start);
  if (!phases_.empty()) at.push_back(phases_.back().start + phases_.back().spec->length);
  return at;
}

void Requests::move_endpoint(std::size_t i, Duration offset) {
  EndpointState& state = endpoints_[i];
  if (movers_[i].ever()) {
    const Movement movement = movers_[i].at(state.latency, offset);
    if (movement != state.movement) {
      state.movement = movement;
      state.mean_latency = state.moved_latency().mean();
      ++version_;
    }
  }
  if (error_rate_moves_) {
    const double rate = std::clamp(faults_->signal(target_->name, "error_rate", state.spec->name,
                                                   state.base_error_rate, offset),
                                   0.0, 1.0);
    if (rate != state.error_rate) {
      set_error_rate(state, rate);
      streams_[i].split.set_shares(state.shares);
      ++version_;
    }
  }
}

void Requests::move_to(Duration offset) {
  for (std::size_t i = 0; i < endpoints_.size(); ++i) move_endpoint(i, offset);
  if (phases_.empty()) return;
  // Before the run it was as it begins.
  offset = std::max(offset, Duration(0));
  const Phase* phase = find_phase(offset);
  if (phase == nullptr) {
    request_rate_ = 0;
    return;
  }
  if (mix_ != phase->mix) {
    mix_ = phase->mix;
    ++version_;
  }
  request_rate_ = phase->spec->users ? closed_loop_rate(*phase->spec->users, offset)
                                     : traffic::rate_at(*phase->spec, Nanos(offset - phase->start));
}

double Requests::closed_loop_rate(const traffic::Users& users, Duration offset) const {
  double wait = mean_latency();
  if (const auto fault = faults_->target_fault(target_->name, offset)) {
    if (fault->kind == faults::TargetFaultKind::kDown) wait = kRefusalSeconds;
    if (fault->kind == faults::TargetFaultKind::kHang) wait = kHangSeconds;
  }
  const double cycle = to_seconds(users.think) + std::max(wait, 1e-6);
  return static_cast<double>(users.count) / cycle;
}

double Requests::in_flight() const {
  return in_flight_ ? *in_flight_ : request_rate_ * mean_latency();
}

double Requests::error_rate() const {
  double sum = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) sum += mix_[i] * endpoints_[i].error_rate;
  return sum;
}

double Requests::mean_latency() const {
  double sum = 0;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) sum += mix_[i] * endpoints_[i].mean_latency;
  return sum;
}

double Requests::latency_quantile(double p) const {
  std::vector<WeightedDistribution> parts;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    parts.push_back({endpoints_[i].moved_latency(), mix_[i]});
  }
  return mixture_quantile(parts, p);
}

std::span<const RequestCount> Requests::none() {
  for (RequestCount& count : counts_) {
    count.total = 0;
    std::fill(count.by_status.begin(), count.by_status.end(), 0);
  }
  return counts_;
}

/// Requests of the phase in [from, to) where they are counted as a whole: paced ones (all of them
/// without noise) as the schedule sends them, half an interval after each whole number; of a
/// `count` those left that happen to fall here.
std::int64_t Requests::arrivals(Phase& phase, Duration from, Duration to) {
  const traffic::Phase& spec = *phase.spec;
  if (spec.users) {
    return chance_.events(request_rate_ * to_seconds(to - from) * grain_, phase.carry);
  }
  const double before = traffic::expected_until(spec, Nanos(from - phase.start)) * grain_;
  const double after = traffic::expected_until(spec, Nanos(to - phase.start)) * grain_;
  if (spec.arrivals == traffic::Arrivals::kPaced || chance_.exact()) {
    return static_cast<std::int64_t>(std::floor(after + 0.5) - std::floor(before + 0.5));
  }
  const auto count = static_cast<double>(*spec.count);
  const std::int64_t left = static_cast<std::int64_t>(*spec.count) - phase.arrived;
  double carry = 0;
  const double share = after >= count ? 1 : (after - before) / (count - before);
  const std::int64_t drawn = chance_.successes(left, share, carry);
  phase.arrived += drawn;
  return drawn;
}

void Requests::share_out(Phase& phase, Duration from, Duration to) {
  const traffic::Phase& spec = *phase.spec;
  const bool independent =
      spec.users || (spec.arrivals == traffic::Arrivals::kPoisson && !spec.count);
  if (!independent || chance_.exact()) {
    phase.turns.draw(arrivals(phase, from, to), turns_, totals_);
    return;
  }
  const double expected = spec.users ? request_rate_ * to_seconds(to - from)
                                     : traffic::expected_until(spec, Nanos(to - phase.start)) -
                                           traffic::expected_until(spec, Nanos(from - phase.start));
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    totals_[i] = streams_[i].arrivals.events(expected * phase.mix[i], streams_[i].carry);
  }
}

std::span<const RequestCount> Requests::draw(Duration from, Duration to) {
  const Phase* phase = find_phase(from);
  if (phase == nullptr) return none();
  share_out(phases_[static_cast<std::size_t>(phase - phases_.data())], from, to);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    counts_[i].total = totals_[i];
    streams_[i].split.draw(totals_[i], streams_[i].statuses, counts_[i].by_status);
  }
  return counts_;
}

void Requests::measured(double request_rate, double in_flight) {
  request_rate_ = request_rate;
  in_flight_ = in_flight;
}

std::size_t Requests::draw_status(std::size_t endpoint) {
  Streams& streams = streams_[endpoint];
  std::vector<std::int64_t> one(endpoints_[endpoint].statuses.size());
  streams.split.draw(1, streams.statuses, one);
  return static_cast<std::size_t>(std::find(one.begin(), one.end(), 1) - one.begin());
}

std::span<const RequestCount> Requests::single(std::size_t endpoint, std::size_t status) {
  none();
  counts_[endpoint].total = 1;
  counts_[endpoint].by_status[status] = 1;
  return counts_;
}

}  // namespace tocsin::fakes
