#include "harness/metrics/timeline.h"

#include <algorithm>

namespace tocsin::metrics {
namespace {

/// A run costs as much as an own timestamp would; below this share of gaps, sharing pays.
constexpr std::size_t kFreeGaps = 16;
constexpr std::size_t kSamplesPerGap = 16;

}  // namespace

std::size_t Timeline::find(std::int64_t at) const {
  if (!times_.empty() && times_.back() == at) return times_.size() - 1;
  const auto found = std::lower_bound(times_.begin(), times_.end(), at);
  if (found == times_.end() || *found != at) return times_.size();
  return static_cast<std::size_t>(found - times_.begin());
}

void Timeline::push(std::int64_t at) {
  grow(times_);
  times_.push_back(at);
}

void Timeline::push(std::span<const std::int64_t> ascending) {
  grow(times_, ascending.size());
  times_.insert(times_.end(), ascending.begin(), ascending.end());
}

std::size_t TimelineUse::push_following(std::span<const std::int64_t> ascending) {
  const auto known = timeline_->times().subspan(next_);
  const std::size_t shared = std::min(known.size(), ascending.size());
  const auto differs =
      std::mismatch(ascending.begin(), ascending.begin() + static_cast<std::ptrdiff_t>(shared),
                    known.begin())
          .first;
  auto count = static_cast<std::size_t>(differs - ascending.begin());
  if (count == known.size()) {
    timeline_->push(ascending.subspan(count));
    count = ascending.size();
  }
  next_ += static_cast<std::uint32_t>(count);
  size_ += static_cast<std::uint32_t>(count);
  return count;
}

bool TimelineUse::push(std::int64_t at) {
  const bool follows = size_ > 0 && (next_ == timeline_->size() || (*timeline_)[next_] == at);
  if (!follows) {
    if (runs_.size() >= kFreeGaps + size_ / kSamplesPerGap) return false;
    const bool later_than_all = timeline_->size() == 0 || at > timeline_->back();
    const std::size_t index = later_than_all ? timeline_->size() : timeline_->find(at);
    if (!later_than_all && index == timeline_->size()) return false;
    if (size_ == 0) {
      first_ = static_cast<std::uint32_t>(index);
    } else {
      runs_.push_back({size_, static_cast<std::uint32_t>(index)});
    }
    next_ = static_cast<std::uint32_t>(index);
  }
  if (next_ == timeline_->size()) timeline_->push(at);
  ++next_;
  ++size_;
  return true;
}

void TimelineUse::move_to(Timeline& timeline) {
  for (std::size_t i = 0; i < size_; ++i) timeline.push((*this)[i]);
  timeline_ = &timeline;
  first_ = 0;
  next_ = size_;
  runs_ = {};
}

std::vector<TimelineUse::Run>::const_iterator TimelineUse::run_after(std::size_t sample) const {
  return std::upper_bound(runs_.begin(), runs_.end(), sample,
                          [](std::size_t wanted, const Run& run) { return wanted < run.sample; });
}

TimelineUse::Run TimelineUse::run_of(std::size_t sample) const {
  const auto after = run_after(sample);
  return after == runs_.begin() ? Run{0, first_} : *(after - 1);
}

std::int64_t TimelineUse::operator[](std::size_t i) const {
  const Run run = run_of(i);
  return (*timeline_)[run.index + (i - run.sample)];
}

std::size_t TimelineUse::lower_bound(std::int64_t at) const {
  if (size_ == 0) return 0;
  // First the run, then the place in it.
  const auto after = std::partition_point(
      runs_.begin(), runs_.end(), [&](const Run& run) { return (*timeline_)[run.index] < at; });
  const Run run = after == runs_.begin() ? Run{0, first_} : *(after - 1);
  const std::size_t end = after == runs_.end() ? size_ : after->sample;
  const auto times = borrow(run.sample, end);
  return run.sample +
         static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), at) - times.begin());
}

bool TimelineUse::contiguous(std::size_t begin, std::size_t end) const {
  return begin >= end || run_of(begin).sample == run_of(end - 1).sample;
}

std::span<const std::int64_t> TimelineUse::borrow(std::size_t begin, std::size_t end) const {
  if (begin >= end) return {};
  const Run run = run_of(begin);
  return timeline_->times().subspan(run.index + (begin - run.sample), end - begin);
}

std::vector<std::int64_t> TimelineUse::copy(std::size_t begin, std::size_t end) const {
  std::vector<std::int64_t> times;
  times.reserve(end - begin);
  while (begin < end) {
    const auto after = run_after(begin);
    const std::size_t part_end =
        after == runs_.end() ? end : std::min<std::size_t>(end, after->sample);
    const auto part = borrow(begin, part_end);
    times.insert(times.end(), part.begin(), part.end());
    begin = part_end;
  }
  return times;
}

}  // namespace tocsin::metrics
