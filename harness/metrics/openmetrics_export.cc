#include <algorithm>
#include <map>
#include <optional>

#include "harness/base/file.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/gzip.h"
#include "harness/metrics/number.h"
#include "harness/metrics/openmetrics_file.h"

namespace tocsin::metrics {
namespace {

constexpr std::size_t kFlushBytes = 256 * 1024;
constexpr ExpositionFormat kFormat = ExpositionFormat::kOpenMetrics;

/// The family of a series as OpenMetrics has it. A series keeps its name always; where that does
/// not fit its family's type, it becomes a family of its own, of unknown type.
FamilyInfo family_of(std::string_view series, const SeriesSource& source) {
  static constexpr std::string_view kOwnSuffixes[] = {
      "", "_bucket", "_count", "_sum", "_total", "_created", "_info", "_gcount", "_gsum"};
  for (const std::string_view suffix : kOwnSuffixes) {
    if (!series.ends_with(suffix)) continue;
    const FamilyInfo* known = source.family(series.substr(0, series.size() - suffix.size()));
    if (!known) continue;
    // In the text format a counter's TYPE line has the "_total" that OpenMetrics leaves out.
    const auto name = family_of_sample(series, known->type, kFormat);
    if (!name || (*name != known->name && !(known->type == MetricType::kCounter && suffix.empty())))
      continue;
    FamilyInfo info = *known;
    info.name = *name;
    return info;
  }
  FamilyInfo info;
  info.name = series;
  if (const FamilyInfo* known = source.family(series)) info.help = known->help;
  return info;
}

/// The series of one metric: a histogram's buckets, count and sum, say. Its samples are written
/// point by point, as OpenMetrics demands.
struct Metric {
  std::vector<const SeriesView*> series;
};

struct Family {
  FamilyInfo info;
  std::map<Labels, Metric> metrics;
};

std::string_view point_label(MetricType type) {
  if (type == MetricType::kHistogram || type == MetricType::kGaugeHistogram) return "le";
  return type == MetricType::kSummary ? "quantile" : "";
}

/// By name, in the order in which series came first.
std::map<std::string, Family> group(const std::vector<SeriesView>& views,
                                    const SeriesSource& source) {
  std::map<std::string, Family> families;
  for (const SeriesView& view : views) {
    FamilyInfo info = family_of(view.labels.metric_name(), source);
    auto place = families.try_emplace(info.name).first;
    if (!place->second.metrics.empty() && place->second.info.type != info.type) {
      // Two families would have one name: a gauge "x" beside a counter "x_total".
      info.name = view.labels.metric_name();
      info.type = MetricType::kUnknown;
      place = families.try_emplace(info.name).first;
    }
    Family& family = place->second;
    const std::string names[] = {std::string(kMetricName), std::string(point_label(info.type))};
    if (family.metrics.empty()) family.info = std::move(info);
    family.metrics[view.labels.without(names)].series.push_back(&view);
  }
  return families;
}

/// Buckets and quantiles by number, then count, sum and the rest by name.
bool before_in_point(const SeriesView* a, const SeriesView* b) {
  const auto bound = [](const SeriesView* series) {
    std::string_view text = series->labels.get("le");
    if (text.empty()) text = series->labels.get("quantile");
    return parse_value(text);
  };
  const auto left = bound(a);
  const auto right = bound(b);
  if (left.has_value() != right.has_value()) return left.has_value();
  if (left && *left != *right) return *left < *right;
  return a->labels < b->labels;
}

class Exporter {
 public:
  Exporter(const ByteSink& sink, StaleMarkers stale) : sink_(sink), stale_(stale) {}

  Result<void> family(Family& family) {
    append_family_header(out_, family.info, kFormat);
    for (auto& [labels, metric] : family.metrics) {
      std::sort(metric.series.begin(), metric.series.end(), before_in_point);
      TRY_VOID(this->metric(metric));
    }
    return {};
  }

  Result<ExportStats> finish() {
    out_ += "# EOF\n";
    const Result<void> flushed = flush();
    if (flushed.has_error()) return flushed.error();
    return stats_;
  }

 private:
  struct Cursor {
    const SeriesView* series;
    std::string text;  ///< name{labels}
    std::size_t at = 0;
    bool done() const { return at == series->values.size(); }
    std::int64_t time() const { return series->timestamps[at]; }
  };

  Result<void> metric(const Metric& metric) {
    std::vector<Cursor> cursors;
    for (const SeriesView* series : metric.series) {
      Cursor& cursor = cursors.emplace_back(Cursor{series, {}, 0});
      append_series(cursor.text, series->labels);
      ++stats_.series;
    }
    while (true) {
      std::optional<std::int64_t> next;
      for (const Cursor& cursor : cursors) {
        if (!cursor.done() && (!next || cursor.time() < *next)) next = cursor.time();
      }
      if (!next) return {};
      for (Cursor& cursor : cursors) {
        if (cursor.done() || cursor.time() != *next) continue;
        sample(cursor);
        ++cursor.at;
      }
      if (out_.size() >= kFlushBytes) TRY_VOID(flush());
    }
  }

  void sample(const Cursor& cursor) {
    const SeriesView& series = *cursor.series;
    if (!series.histograms.empty() && series.histograms[cursor.at]) {
      ++stats_.histograms_left_out;
      return;
    }
    const double value = series.values[cursor.at];
    if (is_stale(value) && stale_ == StaleMarkers::kLeaveOut) return;
    out_ += cursor.text;
    out_ += ' ';
    if (is_stale(value)) {
      out_ += "nan";
    } else {
      append_value(out_, value);
    }
    out_ += ' ';
    append_timestamp(out_, from_ms(cursor.time()), kFormat);
    out_ += '\n';
    ++stats_.samples;
  }

  Result<void> flush() {
    const Result<void> taken = sink_(out_);
    out_.clear();
    return taken;
  }

  const ByteSink& sink_;
  StaleMarkers stale_;
  std::string out_;
  ExportStats stats_;
};

}  // namespace

Result<ExportStats> write_openmetrics(const SeriesSource& source, const ByteSink& sink,
                                      StaleMarkers stale) {
  const std::vector<SeriesView> views = source.select({}, TimeRange{});
  Exporter exporter(sink, stale);
  for (auto& [name, family] : group(views, source)) {
    const Result<void> written = exporter.family(family);
    if (written.has_error()) return written.error();
  }
  return exporter.finish();
}

Result<ExportStats> export_openmetrics(const SeriesSource& source, const std::string& path,
                                       StaleMarkers stale) {
  TRY(NewFile file, NewFile::create(path));
  std::optional<GzipWriter> gzip;
  if (path.ends_with(".gz")) gzip.emplace();
  std::string compressed;
  const ByteSink sink = [&](std::string_view piece) -> Result<void> {
    if (!gzip) return file.write(piece);
    compressed.clear();
    gzip->feed(piece, compressed);
    return file.write(compressed);
  };
  TRY(const ExportStats stats, write_openmetrics(source, sink, stale));
  if (gzip) {
    compressed.clear();
    gzip->finish(compressed);
    TRY_VOID(file.write(compressed));
  }
  TRY_VOID(file.commit());
  return stats;
}

}  // namespace tocsin::metrics
