#include <cstdint>
#include <cstdlib>

#include "harness/metrics/exposition.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/store.h"

/// libFuzzer target: any bytes are a page or an error, in both formats; what parses is
/// written as a page that parses again. As a file of samples, it does not matter how the bytes are
/// cut.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  using metrics::ExpositionFormat;
  for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
    const auto page = metrics::parse_families(text, format);
    if (page.has_error()) {
      (void)render(page.error());
    } else if (metrics::parse_families(metrics::write_exposition(*page, format), format)
                   .has_error()) {
      std::abort();
    }
  }
  const auto imported = [text](std::size_t piece) {
    metrics::Store store;
    metrics::OpenMetricsImporter importer(store, "file");
    for (std::size_t at = 0; at < text.size(); at += piece) {
      if (importer.feed(text.substr(at, piece)).has_error()) return std::string("refused");
    }
    const auto stats = importer.finish();
    return stats.has_error() ? std::string("refused") : std::to_string(stats->samples);
  };
  if (imported(text.size() + 1) != imported(7)) std::abort();
  return 0;
}
