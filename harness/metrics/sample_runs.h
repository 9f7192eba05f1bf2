#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/metrics/line_cache.h"
#include "harness/metrics/postings.h"

namespace tocsin::metrics {

/// Lines of an OpenMetrics file, one after another.
struct SampleRun {
  std::string_view text;       ///< all lines, each with its break
  std::size_t head_bytes = 0;  ///< of the series they begin with; 0: one line, of any kind
  std::optional<SeriesId> series;
  std::size_t begin = 0;  ///< its samples are [begin, end) of the piece's
  std::size_t end = 0;

  std::string_view head() const { return text.substr(0, head_bytes); }
};

/// A piece of an OpenMetrics file, taken apart as far as that needs no knowledge of what stands
/// before it, so that several threads can do so with a piece each. Lines that read "series value
/// timestamp" with plain numbers become runs of samples of one series; nobody has looked into a
/// series that is not known yet. All other lines are left to a parser.
class SampleRuns {
 public:
  /// Whole lines, each with its break. The text must stay where it is.
  void read(std::string_view text);
  /// From now on lines that begin so are samples of that series.
  void learn(std::string_view head, SeriesId series) { heads_.add(head, series); }

  std::span<const SampleRun> runs() const { return runs_; }
  std::span<const std::int64_t> times(const SampleRun& run) const {
    return std::span(times_).subspan(run.begin, run.end - run.begin);
  }
  std::span<const double> values(const SampleRun& run) const {
    return std::span(values_).subspan(run.begin, run.end - run.begin);
  }

 private:
  SampleRun run_at(std::string_view text);
  std::size_t add_sample(std::string_view text, std::size_t head_bytes);

  LineCache heads_;
  std::vector<SampleRun> runs_;
  std::vector<std::int64_t> times_;  ///< ms
  std::vector<double> values_;
};

}  // namespace tocsin::metrics
