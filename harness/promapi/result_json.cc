#include "harness/promapi/result_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/promapi/json_text.h"
#include "harness/promql/histogram_buckets.h"

namespace tocsin::promapi {
namespace {

constexpr std::size_t kMostRemarks = 10;

std::string_view type_name(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return "scalar";
    case promql::ValueType::kString:
      return "string";
    case promql::ValueType::kMatrix:
      return "matrix";
    default:
      return "vector";
  }
}

/// Which bounds belong to a bucket, as Prometheus numbers it.
char boundary_rule(const promql::HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? '3' : '1';
  return bucket.upper_inclusive ? '0' : '2';
}

void append_bucket(std::string& out, const promql::HistogramBucket& bucket) {
  out += '[';
  out += boundary_rule(bucket);
  for (const double number : {bucket.lower, bucket.upper, bucket.count}) {
    out += ',';
    append_json_value(out, number);
  }
  out += ']';
}

void append_histogram(std::string& out, const NativeHistogram& histogram) {
  out += "{\"count\":";
  append_json_value(out, histogram.count);
  out += ",\"sum\":";
  append_json_value(out, histogram.sum);
  bool first = true;
  for (const promql::HistogramBucket& bucket : promql::all_buckets(histogram)) {
    if (bucket.count == 0) continue;
    out += first ? ",\"buckets\":[" : ",";
    first = false;
    append_bucket(out, bucket);
  }
  out += first ? "}" : "]}";
}

void append_sample(std::string& out, std::int64_t at_ms, double value,
                   const NativeHistogram* histogram) {
  out += '[';
  append_json_time(out, at_ms);
  out += ',';
  if (histogram != nullptr) {
    append_histogram(out, *histogram);
  } else {
    append_json_value(out, value);
  }
  out += ']';
}

const NativeHistogram* histogram_at(const promql::Column& column, std::size_t i) {
  return column.histograms.empty() ? nullptr : column.histograms[i].get();
}

/// One series of a matrix: values and histograms apart, each only if there are any.
class SeriesWriter {
 public:
  SeriesWriter(std::string& out, const Labels& labels) : out_(out) {
    out_ += "{\"metric\":";
    append_json_labels(out_, labels);
  }
  void add(std::int64_t at_ms, double value, const NativeHistogram* histogram) {
    std::string& into = histogram != nullptr ? histograms_ : out_;
    bool& begun = histogram != nullptr ? has_histograms_ : has_values_;
    if (histogram == nullptr && !begun) out_ += ",\"values\":[";
    if (begun) into += ',';
    begun = true;
    append_sample(into, at_ms, value, histogram);
  }
  void finish() {
    if (has_values_) out_ += ']';
    if (has_histograms_) {
      out_ += ",\"histograms\":[";
      out_ += histograms_;
      out_ += ']';
    }
    out_ += '}';
  }

 private:
  std::string& out_;
  std::string histograms_;
  bool has_values_ = false;
  bool has_histograms_ = false;
};

void append_series(std::string& out, const promql::Column& column,
                   const promql::Timeline& timeline) {
  SeriesWriter writer(out, column.labels);
  column.present.for_each([&](std::size_t i) {
    writer.add(to_ms(timeline.at(i)), column.values[i], histogram_at(column, i));
  });
  writer.finish();
}

void append_series(std::string& out, const SeriesView& view) {
  SeriesWriter writer(out, view.labels);
  for (std::size_t i = 0; i < view.timestamps.size(); ++i) {
    writer.add(view.timestamps[i], view.values[i],
               view.histograms.empty() ? nullptr : view.histograms[i].get());
  }
  writer.finish();
}

void append_vector_sample(std::string& out, const promql::Column& column, std::int64_t at_ms) {
  const NativeHistogram* const histogram = histogram_at(column, 0);
  out += "{\"metric\":";
  append_json_labels(out, column.labels);
  out += histogram != nullptr ? ",\"histogram\":" : ",\"value\":";
  append_sample(out, at_ms, column.values[0], histogram);
  out += '}';
}

/// A list of what `append` makes of each item that `wanted` wants; false when some had to be left
/// out.
template <class Items, class Append>
bool append_list(std::string& out, const Items& items, std::size_t most, Append&& append) {
  out += '[';
  const std::size_t count = most == 0 ? items.size() : std::min(most, items.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) out += ',';
    append(items[i]);
  }
  out += ']';
  return count == items.size();
}

void append_remarks(std::string& out, std::string_view name,
                    const std::vector<std::string>& remarks) {
  if (remarks.empty()) return;
  out += fmt::format(",\"{}\":", name);
  append_list(out, remarks, 0, [&](const std::string& text) { append_json_string(out, text); });
}

}  // namespace

Remarks remarks_of(const promql::QueryResult& result, std::string_view expression) {
  Remarks remarks;
  std::size_t more_warnings = 0;
  std::size_t more_infos = 0;
  for (const promql::Annotation& annotation : result.annotations) {
    const bool warning = annotation.kind == promql::AnnotationKind::kWarning;
    std::vector<std::string>& list = warning ? remarks.warnings : remarks.infos;
    if (list.size() < kMostRemarks) {
      list.push_back(promql::to_string(annotation, expression));
    } else {
      ++(warning ? more_warnings : more_infos);
    }
  }
  if (more_warnings > 0) {
    remarks.warnings.push_back(fmt::format("{} more warning annotations omitted", more_warnings));
  }
  if (more_infos > 0) {
    remarks.infos.push_back(fmt::format("{} more info annotations omitted", more_infos));
  }
  return remarks;
}

ResultJson result_json(const promql::QueryResult& result, ResultShape shape,
                       std::size_t most_series) {
  ResultJson json;
  std::string& out = json.text;
  const bool range = shape == ResultShape::kRange;
  const promql::ValueType type = range ? promql::ValueType::kMatrix : result.type;
  out = fmt::format("{{\"resultType\":\"{}\",\"result\":", type_name(type));
  const std::int64_t at = to_ms(result.timeline.start);
  if (type == promql::ValueType::kScalar) {
    append_sample(out, at, result.columns.at(0).values.at(0), nullptr);
  } else if (type == promql::ValueType::kString) {
    out += '[';
    append_json_time(out, at);
    out += ',';
    append_json_string(out, result.text);
    out += ']';
  } else if (type == promql::ValueType::kVector) {
    json.cut = !append_list(out, result.columns, most_series, [&](const promql::Column& column) {
      append_vector_sample(out, column, at);
    });
  } else if (range) {
    json.cut = !append_list(out, result.columns, most_series, [&](const promql::Column& column) {
      append_series(out, column, result.timeline);
    });
  } else {
    json.cut = !append_list(out, result.matrix, most_series,
                            [&](const SeriesView& view) { append_series(out, view); });
  }
  out += '}';
  return json;
}

std::string success_json(std::string_view data, const Remarks& remarks) {
  std::string out = "{\"status\":\"success\",\"data\":";
  out += data;
  append_remarks(out, "warnings", remarks.warnings);
  append_remarks(out, "infos", remarks.infos);
  out += '}';
  return out;
}

}  // namespace tocsin::promapi
