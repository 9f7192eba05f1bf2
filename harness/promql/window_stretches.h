#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/promql/window.h"

namespace tocsin::promql {

/// Steps one after another whose windows lie alike on a series: as many samples in each, the first
/// and the last as far from the window's ends, and from step to step the same number of samples
/// further. A series that was scraped regularly and a step that is a multiple of its interval give
/// one long stretch.
struct WindowStretch {
  std::size_t step = 0;  ///< the first
  std::size_t steps = 0;
  std::size_t lo = 0;  ///< the samples [lo, hi) of the first window
  std::size_t hi = 0;
  std::size_t advance = 0;  ///< samples from one window to the next
  std::int64_t lead = 0;    ///< ms from where the window begins to its first sample
  std::int64_t tail = 0;    ///< ms from its last sample to its end
};

/// The stretches of one call's series that are long enough to be worth it, in order. Series that
/// are scraped together share their timestamps, and so their stretches.
class WindowStretches {
 public:
  std::span<const WindowStretch> of(const WindowInput& in);

 private:
  void find(const WindowInput& in);

  std::vector<WindowStretch> found_;
  std::span<const std::int64_t> times_;  ///< those that found_ is of; empty when they may change
};

/// Like for_windows(), but hands over stretches as a whole: stretch(const WindowStretch&).
template <class Body, class Stretch>
void for_windows_and_stretches(const WindowInput& in, Body&& body, Stretch&& stretch) {
  const std::span<const WindowStretch> stretches = in.stretches->of(in);
  auto next = stretches.begin();
  const std::size_t n = in.times.size();
  std::size_t lo = 0;
  std::size_t hi = 0;
  for (std::size_t step = 0; step < in.ends.steps; ++step) {
    if (next != stretches.end() && next->step == step) {
      in.evaluation->work(next->steps);
      stretch(*next);
      lo = next->lo + (next->steps - 1) * next->advance;
      hi = next->hi + (next->steps - 1) * next->advance;
      step += next->steps - 1;
      ++next;
      continue;
    }
    const std::int64_t end = in.ends.at(step);
    const std::int64_t before = in.before(end);
    while (hi < n && in.times[hi] <= end) ++hi;
    while (lo < hi && in.times[lo] <= before) ++lo;
    in.evaluation->work(1 + hi - lo);
    if (lo < hi) body(step, lo, hi);
  }
}

}  // namespace tocsin::promql
