#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/metrics/store.h"
#include "harness/model/series.h"

/// A run's samples as one OpenMetrics file: all series over all time, each sample with its
/// timestamp, grouped by family and metric, "# EOF" at the end. `promtool tsdb
/// create-blocks-from openmetrics` makes a block of it.
///
/// OpenMetrics has no stale marker. One is written as "nan", an ordinary NaN as "NaN": the same to
/// OpenMetrics (ABNF literals ignore case) and to Prometheus, which sees a NaN where the series
/// ended; import tells them apart, so Tocsin reads back what it wrote. Native histograms have no
/// form in OpenMetrics 1.0; they are left out and counted.

namespace tocsin::metrics {

enum class StaleMarkers {
  kAsNan,    ///< nothing is lost
  kLeaveOut  ///< for a block on which sums and rates shall not meet a NaN
};

struct ExportStats {
  std::size_t series = 0;
  std::size_t samples = 0;
  std::size_t histograms_left_out = 0;
};

/// Takes the file piece by piece; its error ends the export.
using ByteSink = std::function<Result<void>(std::string_view piece)>;
Result<ExportStats> write_openmetrics(const SeriesSource& source, const ByteSink& sink,
                                      StaleMarkers stale = StaleMarkers::kAsNan);
/// To a file, compressed when the path ends in ".gz"; written to a temporary name and renamed.
/// Makes missing folders.
Result<ExportStats> export_openmetrics(const SeriesSource& source, const std::string& path,
                                       StaleMarkers stale = StaleMarkers::kAsNan);

struct ImportStats {
  std::size_t series = 0;   ///< told apart by their spelling
  std::size_t samples = 0;  ///< taken
  std::size_t refused = 0;  ///< another value at the same time was there
};

/// Reads such a file into a store in pieces of any size. Every sample needs a timestamp; a series'
/// samples may come in any order, in one file and in several, though order saves time and memory.
class OpenMetricsImporter {
 public:
  /// `name` is the file in error positions.
  OpenMetricsImporter(Store& store, std::string name);
  ~OpenMetricsImporter();

  Result<void> feed(std::string_view bytes);
  /// An error unless "# EOF" was the last line.
  Result<ImportStats> finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ImportOptions {
  unsigned threads = 1;  ///< parse side by side; the store is the same for any number
  std::size_t piece_bytes = 512 * 1024;
};

/// A whole file, plain or gzip (told by its first bytes).
Result<ImportStats> import_openmetrics(const std::string& path, Store& store,
                                       const ImportOptions& options = {});

}  // namespace tocsin::metrics
