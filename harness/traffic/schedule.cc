#include "harness/traffic/schedule.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "harness/base/check.h"
#include "harness/traffic/mix.h"

namespace tocsin::traffic {
namespace {

/// The arrivals of one phase. A phase played `scale` times faster at the same rates reaches its
/// n-th request when the unscaled one reaches n * scale; only a `count` stays what it is.
class PhaseArrivals {
 public:
  PhaseArrivals(const Phase& phase, std::uint32_t index, const Schedule::Options& options)
      : phase_(phase),
        random_(options.seed, fmt::format("traffic/{}/arrivals", index)),
        mix_(phase, options.seed, index),
        scale_(options.time_scale),
        stretch_(phase.count ? 1 : options.time_scale),
        total_(expected_until(phase, phase.length) / stretch_) {}

  /// Moves to the next arrival; false after the last.
  bool advance() {
    if (phase_.count && sent_ >= *phase_.count) return false;
    if (phase_.arrivals == Arrivals::kPaced) {
      // Half an interval's shift: whole intervals hold whole numbers of requests.
      reached_ = static_cast<double>(sent_) + 0.5;
    } else if (phase_.count) {
      // The smallest of the remaining uniform draws over the remaining mass.
      const double left = static_cast<double>(*phase_.count - sent_);
      reached_ += (total_ - reached_) * (1 - std::pow(1 - random_.uniform(), 1 / left));
    } else {
      reached_ += random_.exponential(1);
    }
    if (!phase_.count && reached_ >= total_) return false;
    ++sent_;
    endpoint_ = mix_.next();
    return true;
  }

  std::uint32_t endpoint() const { return endpoint_; }
  /// Scaled, since the phase's start.
  Nanos at() const {
    const Nanos unscaled = time_of(phase_, reached_ * stretch_);
    if (scale_ == 1) return unscaled;
    return Nanos(std::llround(static_cast<double>(unscaled.count()) / scale_));
  }

 private:
  const Phase& phase_;
  Random random_;
  Mix mix_;
  double scale_;
  double stretch_;
  double total_;
  double reached_ = 0;
  std::uint64_t sent_ = 0;
  std::uint32_t endpoint_ = 0;
};

}  // namespace

struct Schedule::Impl {
  std::vector<Phase> phases;
  Options options;
  std::uint32_t phase = 0;
  Duration phase_start{0};  ///< unscaled
  std::uint64_t arrivals = 0;
  std::optional<PhaseArrivals> current;
};

Schedule::Schedule(const Traffic& traffic, Options options) : impl_(std::make_unique<Impl>()) {
  TOCSIN_CHECK(options.time_scale > 0, "time runs forwards");
  TOCSIN_CHECK(options.part < options.of, "parts count from 0");
  impl_->phases = traffic.phases;
  impl_->options = options;
}

Schedule::~Schedule() = default;

std::optional<Schedule::Arrival> Schedule::next() {
  Impl& s = *impl_;
  while (s.phase < s.phases.size()) {
    const Phase& phase = s.phases[s.phase];
    if (!s.current) s.current.emplace(phase, s.phase, s.options);
    while (s.current->advance()) {
      if (s.arrivals++ % s.options.of != s.options.part) continue;
      const double start = static_cast<double>(Nanos(s.phase_start).count()) / s.options.time_scale;
      const Nanos at = Nanos(std::llround(start)) + s.current->at();
      return Arrival{at, s.phase, s.current->endpoint()};
    }
    s.current.reset();
    s.phase_start += phase.length;
    ++s.phase;
  }
  return std::nullopt;
}

}  // namespace tocsin::traffic
