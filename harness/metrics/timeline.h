#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace tocsin::metrics {

/// Timestamps in ms, strictly ascending, shared by series whose samples come at the same times. It
/// grows when any of them brings a later timestamp.
class Timeline {
 public:
  std::size_t size() const { return times_.size(); }
  std::int64_t operator[](std::size_t i) const { return times_[i]; }
  std::int64_t back() const { return times_.back(); }
  std::span<const std::int64_t> times() const { return times_; }
  /// Index of `at`, or size() when it is not there.
  std::size_t find(std::int64_t at) const;
  /// `at` is later than all.
  void push(std::int64_t at);
  /// The same for several, ascending.
  void push(std::span<const std::int64_t> ascending);
  void shrink_to_fit() { times_.shrink_to_fit(); }
  std::size_t bytes() const { return sizeof *this + times_.capacity() * sizeof(std::int64_t); }

 private:
  std::vector<std::int64_t> times_;
};

/// One series' part of a timeline: sample i's timestamp, for i < size(). Samples that follow each
/// other on the timeline form a run; a gap begins a new one. A series without gaps has one run,
/// which takes no memory of its own:
///
///     timeline   10  20  30  40  50  60  70
///     samples     0   1   2           3   4      runs: {0 at 0} {3 at 5}
class TimelineUse {
 public:
  std::size_t size() const { return size_; }
  Timeline* timeline() const { return timeline_; }
  /// Where sample 0 is on the timeline. size() > 0.
  std::size_t first() const { return first_; }
  std::int64_t operator[](std::size_t i) const;
  /// size() > 0.
  std::int64_t back() const { return (*timeline_)[next_ - 1]; }

  /// Begins on a timeline. size() is 0.
  void start_on(Timeline& timeline) { timeline_ = &timeline; }
  /// Adds a timestamp later than back(). Returns false, having changed nothing, when the timeline
  /// cannot take it, or when there are so many gaps that an own timeline is cheaper: see move_to().
  bool push(std::int64_t at);
  /// Adds those of ascending timestamps, all later than back(), that are the next on the timeline
  /// or that it can take at its end; returns how many from the first on. size() > 0.
  std::size_t push_following(std::span<const std::int64_t> ascending);
  /// Copies the timestamps to an empty timeline, of which this series becomes the user.
  void move_to(Timeline& timeline);

  /// Number of samples before `at`.
  std::size_t lower_bound(std::int64_t at) const;
  /// Whether the timestamps of samples [begin, end) stand side by side in the timeline.
  bool contiguous(std::size_t begin, std::size_t end) const;
  /// The timestamps of contiguous samples.
  std::span<const std::int64_t> borrow(std::size_t begin, std::size_t end) const;
  std::vector<std::int64_t> copy(std::size_t begin, std::size_t end) const;

  std::size_t bytes() const { return runs_.capacity() * sizeof(Run); }

 private:
  struct Run {
    std::uint32_t sample;  ///< its first sample
    std::uint32_t index;   ///< where that is in the timeline
  };
  /// The first run that begins after a sample.
  std::vector<Run>::const_iterator run_after(std::size_t sample) const;
  Run run_of(std::size_t sample) const;

  Timeline* timeline_ = nullptr;
  std::uint32_t first_ = 0;  ///< timeline index of sample 0
  std::uint32_t next_ = 0;   ///< timeline index after the last sample
  std::uint32_t size_ = 0;
  std::vector<Run> runs_;  ///< those after the first
};

/// Makes room in a long-lived column for more elements: an eleventh at a time, so that little is
/// held in reserve.
template <class T>
void grow(std::vector<T>& column, std::size_t elements = 1) {
  if (column.size() + elements <= column.capacity()) return;
  const std::size_t more = column.size() / 11;
  column.reserve(column.size() + std::max({more, elements, std::size_t{8}}));
}

}  // namespace tocsin::metrics
