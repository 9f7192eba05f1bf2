#include "fakes/service/live_meter.h"

#include <algorithm>

namespace tocsin::fakes {
namespace {

std::int64_t second_of(Nanos at) {
  return std::chrono::floor<std::chrono::seconds>(at).count();
}

}  // namespace

void LiveMeter::roll(std::int64_t second) {
  const auto size = static_cast<std::int64_t>(bins_.size());
  const std::int64_t first = std::max(second_ + 1, second - size + 1);
  for (std::int64_t s = first; s <= second; ++s) bins_[static_cast<std::size_t>(s % size)] = 0;
  second_ = std::max(second_, second);
}

void LiveMeter::add(Nanos at) {
  const std::int64_t second = second_of(at);
  roll(second);
  const auto size = static_cast<std::int64_t>(bins_.size());
  if (second > second_ - size) ++bins_[static_cast<std::size_t>(second % size)];
}

double LiveMeter::rate(Nanos at) {
  roll(second_of(at));
  std::int64_t sum = 0;
  for (const std::int64_t bin : bins_) sum += bin;
  // The bins together reach back this far; the newest is not over yet.
  const double begun =
      to_seconds(at) - static_cast<double>(std::max<std::int64_t>(0, second_ - kWindow));
  return begun > 0 ? static_cast<double>(sum) / std::max(begun, 0.1) : 0;
}

}  // namespace tocsin::fakes
