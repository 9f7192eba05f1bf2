#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/metrics/line_cache.h"
#include "harness/metrics/line_parser.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/sample_runs.h"
#include "harness/metrics/store.h"

namespace tocsin::metrics {

/// Takes the runs of an OpenMetrics file, piece by piece in the file's order, into a store: looks
/// at each series once, and at every line that is not a plain sample.
class RunImport {
 public:
  /// `name` is the file in error positions.
  RunImport(Store& store, std::string name) : store_(store), name_(std::move(name)) {}

  /// Teaches `runs` the series that it did not know.
  Result<void> take(SampleRuns& runs);
  /// After the last piece.
  Result<ImportStats> finish();

 private:
  bool take_run(SampleRuns& runs, const SampleRun& run);
  bool take_lines(std::string_view text);
  bool take_line(std::string_view line);
  LineCache::Entry add_series(std::string_view line, const ParsedSample& sample);
  void learn_family(LineParser::Line kind);
  void take_samples(SeriesId id, std::span<const std::int64_t> times,
                    std::span<const double> values);
  void take_sample(SeriesId id, Timestamp at, double value);
  void insert_late();
  Error positioned(Error error) const;

  Store& store_;
  std::string name_;
  LineParser parser_{ExpositionFormat::kOpenMetrics, ExpositionLimits{}};
  LineCache heads_;
  std::map<SeriesId, std::vector<std::pair<Timestamp, double>>> late_;
  FamilyInfo family_;
  bool ended_ = false;
  std::optional<Error> error_;
  ImportStats stats_;
};

}  // namespace tocsin::metrics
