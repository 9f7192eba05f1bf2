#include "fakes/service/load_record.h"

#include <algorithm>
#include <cmath>

namespace tocsin::fakes {
namespace {

/// The cells cut the quantile function at even steps of z, the outer ones hold the tails.
constexpr double kLowest = -5;
constexpr double kStep = 0.05;
constexpr std::size_t kCells = 220;
/// A cell's requests are spread over at most this many points in it.
constexpr std::int64_t kPoints = 4;

double cell_start(std::size_t cell) {
  return kLowest + kStep * static_cast<double>(cell);
}

std::vector<double> cell_shares() {
  std::vector<double> shares(kCells);
  double below = 0;
  for (std::size_t i = 0; i < kCells; ++i) {
    const double until = i + 1 < kCells ? normal_cdf(cell_start(i + 1)) : 1;
    shares[i] = until - below;
    below = until;
  }
  return shares;
}

const std::vector<double>& shares_of_cells() {
  static const std::vector<double> shares = cell_shares();
  return shares;
}

Nanos from_seconds(double seconds) {
  // Beyond a century nothing waits; the bound keeps the conversion defined.
  return Nanos(std::llround(std::min(seconds, 3e9) * 1e9));
}

std::uint64_t bytes_of(std::int64_t n, const std::optional<Distribution>& size) {
  return size ? static_cast<std::uint64_t>(std::llround(static_cast<double>(n) * size->mean())) : 0;
}

}  // namespace

LoadRecord::LoadRecord(const Requests& requests, std::string_view target, Timestamp start,
                       Duration from, Duration slice, std::uint64_t seed, scenario::Noise noise)
    : requests_(&requests), start_(start), from_(from), slice_(slice), cell_counts_(kCells) {
  for (const EndpointState& endpoint : requests.endpoints()) {
    const std::string name = std::string(target) + "/" + endpoint.spec->name + "/load";
    pending_.push_back(
        {.movement = {}, .chance = Chance(seed, name, noise), .cells = Split(shares_of_cells())});
  }
}

LoadRecord::Slice& LoadRecord::slice_at(Duration at) {
  const auto end_of = [&](const Slice& slice) { return slice.from + slice.length; };
  while (slices_.empty() || start_ + at >= end_of(slices_.back())) {
    draw_pending();
    Slice next;
    next.endpoints.resize(pending_.size());
    next.from = slices_.empty() ? start_ + from_ : end_of(slices_.back());
    // Slices end at multiples of their length, so that the first may be shorter.
    const Duration offset = next.from - start_;
    next.length = slice_ - offset % slice_;
    slices_.push_back(std::move(next));
  }
  return slices_.back();
}

void LoadRecord::answered(Duration at, std::span<const RequestCount> counts) {
  Slice& slice = slice_at(at);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const RequestCount& count = counts[i];
    if (count.total == 0) continue;
    const EndpointState& state = requests_->endpoints()[i];
    Pending& pending = pending_[i];
    if (pending.movement != state.movement) {
      draw_latencies(i, slice);
      pending.movement = state.movement;
    }
    pending.n += count.total;
    LoadCounts& into = slice.endpoints[i];
    into.ledger.scheduled += static_cast<std::uint64_t>(count.total);
    into.ledger.completed += static_cast<std::uint64_t>(count.total);
    into.bytes_in += bytes_of(count.total, state.response_bytes);
    into.bytes_out += bytes_of(count.total, state.request_bytes);
    for (std::size_t s = 0; s < count.by_status.size(); ++s) {
      if (count.by_status[s] == 0) continue;
      into.by_status[state.statuses[s]] += static_cast<std::uint64_t>(count.by_status[s]);
    }
  }
}

void LoadRecord::unanswered(Duration at, std::span<const RequestCount> counts,
                            const std::string& reason) {
  Slice& slice = slice_at(at);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i].total == 0) continue;
    const auto n = static_cast<std::uint64_t>(counts[i].total);
    LoadCounts& into = slice.endpoints[i];
    into.ledger.scheduled += n;
    into.ledger.failed += n;
    into.by_error[reason] += n;
  }
}

void LoadRecord::draw_pending() {
  if (slices_.empty()) return;
  for (std::size_t i = 0; i < pending_.size(); ++i) draw_latencies(i, slices_.back());
}

void LoadRecord::draw_latencies(std::size_t endpoint, Slice& into) {
  Pending& pending = pending_[endpoint];
  LatencyHistogram& response = into.endpoints[endpoint].response;
  const MovedDistribution latency(requests_->endpoints()[endpoint].latency, pending.movement);
  const auto add = [&](double seconds, std::int64_t times) {
    response.add(from_seconds(seconds), static_cast<std::uint64_t>(times));
  };
  if (pending.n <= static_cast<std::int64_t>(kCells) && !pending.chance.exact()) {
    for (; pending.n > 0; --pending.n) add(latency.quantile(pending.chance.uniform()), 1);
    return;
  }
  pending.cells.draw(pending.n, pending.chance, cell_counts_);
  pending.n = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    const std::int64_t n = cell_counts_[cell];
    const std::int64_t points = std::min(n, kPoints);
    for (std::int64_t i = 0; i < points; ++i) {
      const double within = (static_cast<double>(i) + 0.5) / static_cast<double>(points);
      const std::int64_t times = n * (i + 1) / points - n * i / points;
      add(latency.value_at(cell_start(cell) + kStep * within), times);
    }
  }
}

LoadResult LoadRecord::result(Duration until) {
  until = std::max(until, from_);
  if (until > from_) slice_at(until - Duration(1));
  draw_pending();
  LoadResult result;
  result.from = start_ + from_;
  result.to = start_ + until;
  const std::vector<EndpointState>& endpoints = requests_->endpoints();
  for (const EndpointState& endpoint : endpoints) result.by_endpoint[endpoint.spec->name];
  for (const Slice& slice : slices_) {
    LoadSlice& shown = result.slices.emplace_back();
    shown.from = slice.from;
    shown.length = slice.length;
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
      LoadCounts counts = slice.endpoints[i];
      if (counts.ledger.scheduled == 0) continue;
      // A simulated generator is never late: what counts from the intended start counts from the
      // start.
      counts.service = counts.response;
      const std::string& name = endpoints[i].spec->name;
      shown.counts.merge(counts);
      result.by_endpoint[name].merge(counts);
      shown.by_endpoint.emplace(name, std::move(counts));
    }
    result.total.merge(shown.counts);
  }
  if (!result.slices.empty()) {
    LoadSlice& last = result.slices.back();
    last.length = std::min(last.length, result.to - last.from);
  }
  return result;
}

}  // namespace tocsin::fakes
