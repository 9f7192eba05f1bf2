#include "harness/promql/window_stretches.h"

namespace tocsin::promql {
namespace {

constexpr std::size_t kWorthAStretch = 16;  ///< steps

/// Whether a window is the stretch's next; a stretch of one step takes its advance from it.
bool goes_on(const WindowStretch& stretch, const WindowStretch& window) {
  if (window.step != stretch.step + stretch.steps) return false;
  if (window.hi - window.lo != stretch.hi - stretch.lo || window.lead != stretch.lead ||
      window.tail != stretch.tail) {
    return false;
  }
  return stretch.steps == 1 || window.lo == stretch.lo + stretch.steps * stretch.advance;
}

}  // namespace

std::span<const WindowStretch> WindowStretches::of(const WindowInput& in) {
  const bool known = in.times_stay && !times_.empty() && times_.data() == in.times.data() &&
                     times_.size() == in.times.size();
  if (known) return found_;
  found_.clear();
  times_ = in.times_stay ? in.times : std::span<const std::int64_t>();
  if (in.ends.steps >= kWorthAStretch) find(in);
  return found_;
}

void WindowStretches::find(const WindowInput& in) {
  WindowStretch current;
  const auto keep = [&] {
    if (current.steps >= kWorthAStretch) found_.push_back(current);
  };
  for_windows(in, [&](std::size_t step, std::size_t lo, std::size_t hi) {
    const std::int64_t end = in.ends.at(step);
    const WindowStretch window{
        step, 1, lo, hi, 0, in.times[lo] - (end - in.width_ms), end - in.times[hi - 1]};
    if (current.steps == 0 || !goes_on(current, window)) {
      keep();
      current = window;
      return;
    }
    if (current.steps == 1) current.advance = lo - current.lo;
    ++current.steps;
  });
  keep();
}

}  // namespace tocsin::promql
