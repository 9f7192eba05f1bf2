#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/metrics/exposition.h"
#include "harness/metrics/line_cache.h"
#include "harness/metrics/store.h"

namespace tocsin::metrics {

enum class LabelConflict {
  kRenameExposed,  ///< the page's label becomes exported_<name>
  kHonorExposed,  ///< the page's label wins (honor_labels: true); an empty one removes the target's
};

enum class PageTimestamps { kHonor, kIgnore };

struct ScrapeOptions {
  Labels target;  ///< job, instance and others, for every series
  LabelConflict conflict = LabelConflict::kRenameExposed;
  PageTimestamps timestamps = PageTimestamps::kHonor;
  ExpositionLimits limits = {};
};

struct ScrapedPage {
  std::size_t samples = 0;
  std::size_t new_series = 0;  ///< that the last scrape did not have
};

/// Reads the pages of one target into a store. It remembers the beginnings of the last page's
/// lines: a line that begins with the same bytes is known without parsing, and only its value is
/// read. TYPE, HELP and UNIT lines become the store's families.
class ScrapeParser {
 public:
  ScrapeParser(Store& store, ScrapeOptions options);

  /// Adds the page's samples to `writer`, between its begin() and finish(). On error the caller
  /// calls writer.fail(), and nothing but interned series and families reached the store.
  Result<ScrapedPage> parse(std::string_view page, ExpositionFormat format, ScrapeWriter& writer);

  /// The labels that a page's sample gets in the store.
  static Labels series_labels(const ParsedSample& sample, const Labels& target,
                              LabelConflict conflict);

 private:
  class Reading;

  Store* store_;
  ScrapeOptions options_;
  LineCache lines_;
  ExpositionFormat format_ = ExpositionFormat::kText;
};

}  // namespace tocsin::metrics
