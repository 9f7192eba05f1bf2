#include "harness/traffic/recorder.h"

#include <algorithm>
#include <cmath>

#include "harness/base/check.h"

namespace tocsin::traffic {
namespace {

/// A hostile server must not make the report grow without bound.
constexpr std::size_t kMaxReasons = 50;

Duration scaled(Duration unscaled, double time_scale) {
  return Duration(std::llround(static_cast<double>(unscaled.count()) / time_scale));
}

std::uint32_t index_of(std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    names.push_back(name);
    return static_cast<std::uint32_t>(names.size() - 1);
  }
  return static_cast<std::uint32_t>(found - names.begin());
}

void count_reason(LoadCounts& counts, const std::string& reason) {
  const bool known = counts.by_error.contains(reason);
  ++counts.by_error[known || counts.by_error.size() < kMaxReasons ? reason : "other"];
}

}  // namespace

Recorder::Recorder(const Traffic& traffic, const Options& options) : width_(options.slice) {
  TOCSIN_CHECK(width_ > Duration(0), "slices have a length");
  Duration warm_up{0};
  bool warm = true;
  for (const Phase& phase : traffic.phases) {
    warm = warm && phase.warm_up;
    if (warm) warm_up += phase.length;
    PhaseCells& cells = phases_.emplace_back();
    cells.warm_up = phase.warm_up;
    for (const MixEntry& entry : phase.mix) {
      cells.endpoints.push_back(index_of(names_, entry.endpoint));
    }
    if (phase.mix.empty()) cells.endpoints.push_back(index_of(names_, ""));
  }
  endpoints_.resize(names_.size());
  slices_.resize(names_.size());
  from_ = scaled(warm_up, options.time_scale);
  const Duration measured = scaled(traffic.length() - warm_up, options.time_scale);
  const auto endpoints = std::max<std::int64_t>(1, static_cast<std::int64_t>(names_.size()));
  const std::int64_t most = std::clamp(kMaxCells / endpoints, kLeastSlices, kMaxSlices);
  while (measured / width_ >= most) width_ *= 2;
}

template <class Count>
void Recorder::each_counts(const DueRequest& request, Count count) {
  const PhaseCells& cells = phases_[request.phase];
  if (cells.warm_up) return;
  const std::uint32_t endpoint = cells.endpoints[request.endpoint];
  count(endpoints_[endpoint]);
  // The scaled end of a warm-up is rounded; what rounding puts before it belongs to the beginning.
  const auto slice =
      static_cast<std::size_t>(std::max(Nanos(0), request.intended - from_) / Nanos(width_));
  count(slices_[endpoint].at(slice));
}

void Recorder::scheduled(const DueRequest& request) {
  ++everything_.scheduled;
  each_counts(request, [](LoadCounts& counts) { ++counts.ledger.scheduled; });
}

void Recorder::completed(const DueRequest& request, const Answer& answer) {
  ++everything_.completed;
  each_counts(request, [&](LoadCounts& counts) {
    ++counts.ledger.completed;
    ++counts.by_status[answer.status];
    counts.bytes_in += answer.bytes_in;
    counts.bytes_out += answer.bytes_out;
    counts.response.add(answer.done - request.intended);
    counts.service.add(answer.done - answer.sent);
    counts.send_lag.add(answer.send_lag);
  });
}

void Recorder::failed(const DueRequest& request, Nanos send_lag, const std::string& reason) {
  ++everything_.failed;
  each_counts(request, [&](LoadCounts& counts) {
    ++counts.ledger.failed;
    count_reason(counts, reason);
    counts.send_lag.add(send_lag);
  });
}

void Recorder::dropped(const DueRequest& request) {
  ++everything_.dropped;
  each_counts(request, [](LoadCounts& counts) { ++counts.ledger.dropped; });
}

void Recorder::unfinished(const DueRequest& request) {
  ++everything_.unfinished;
  each_counts(request, [](LoadCounts& counts) { ++counts.ledger.unfinished; });
}

void Recorder::merge(const Recorder& other) {
  TOCSIN_CHECK(names_ == other.names_ && width_ == other.width_, "recorders of the same traffic");
  everything_ += other.everything_;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    endpoints_[i].merge(other.endpoints_[i]);
    slices_[i].merge(other.slices_[i]);
  }
}

LoadResult Recorder::result(Timestamp start, Duration length) const {
  LoadResult result;
  result.to = start + length;
  result.from = std::min(start + std::chrono::round<Duration>(from_), result.to);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    result.total.merge(endpoints_[i]);
    result.by_endpoint[names_[i]].merge(endpoints_[i]);
  }
  std::size_t used = 0;
  for (const Slices& slices : slices_) used = std::max(used, slices.size());
  Timestamp from = result.from;
  for (std::size_t i = 0; from < result.to || i < used; ++i, from += width_) {
    const bool last = from < result.to && from + width_ > result.to;
    LoadSlice& slice = result.slices.emplace_back();
    slice.from = from;
    slice.length = last ? result.to - from : width_;
    for (std::size_t e = 0; e < slices_.size(); ++e) {
      if (i >= slices_[e].size()) continue;
      LoadCounts counts = slices_[e].copy(i);
      if (counts.ledger == LoadLedger{}) continue;
      slice.counts.merge(counts);
      slice.by_endpoint.emplace(names_[e], std::move(counts));
    }
  }
  return result;
}

}  // namespace tocsin::traffic
