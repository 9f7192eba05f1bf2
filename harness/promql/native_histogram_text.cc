#include "harness/promql/native_histogram_text.h"

#include <algorithm>

#include "harness/promql/annotations.h"
#include "harness/promql/histogram_buckets.h"

namespace tocsin::promql {
namespace {

std::string list_of(const std::vector<double>& values) {
  std::string text = "[";
  for (const double value : values) {
    if (text.size() > 1) text += ' ';
    text += format_g(value);
  }
  return text + ']';
}

/// One run of buckets from the first to the last, gaps filled with zeros.
void put_run(std::string& text, const char* offset_key, const char* buckets_key,
             const std::vector<IndexedCount>& buckets) {
  if (buckets.empty()) return;
  constexpr std::size_t kLongestRun = 10'000;  // beyond, gaps are left out of the text
  const std::int32_t first = buckets.front().index;
  std::vector<double> run;
  for (const auto& [index, count] : buckets) {
    const auto place = static_cast<std::size_t>(index) - static_cast<std::size_t>(first);
    if (place < kLongestRun) run.resize(std::max(run.size(), place), 0.0);
    run.push_back(count);
  }
  if (first != 0) text += std::string(" ") + offset_key + ":" + std::to_string(first);
  text += std::string(" ") + buckets_key + ":" + list_of(run);
}

}  // namespace

std::string to_string(const NativeHistogram& h) {
  std::string text = "{count:" + format_g(h.count) + ", sum:" + format_g(h.sum);
  for (const HistogramBucket& bucket : all_buckets(h)) {
    if (bucket.count == 0) continue;
    text += bucket.lower_inclusive ? ", [" : ", (";
    text += format_g(bucket.lower) + ',' + format_g(bucket.upper);
    text += bucket.upper_inclusive ? "]:" : "):";
    text += format_g(bucket.count);
  }
  return text + '}';
}

std::string test_notation(const NativeHistogram& histogram) {
  NativeHistogram h = histogram;
  compact(h);
  std::string text;
  const auto put = [&](const char* key, double value) {
    if (value != 0) text += std::string(" ") + key + ":" + format_g(value);
  };
  put("schema", h.schema);
  put("count", h.count);
  put("sum", h.sum);
  put("z_bucket", h.zero_count);
  put("z_bucket_w", h.zero_threshold);
  if (has_custom_buckets(h)) text += " custom_values:" + list_of(h.custom_bounds);
  switch (h.hint) {
    case CounterResetHint::kUnknown:
      break;
    case CounterResetHint::kReset:
      text += " counter_reset_hint:reset";
      break;
    case CounterResetHint::kNotReset:
      text += " counter_reset_hint:not_reset";
      break;
    case CounterResetHint::kGauge:
      text += " counter_reset_hint:gauge";
      break;
  }
  put_run(text, "offset", "buckets", indexed(h.positive_spans, h.positive_buckets));
  put_run(text, "n_offset", "n_buckets", indexed(h.negative_spans, h.negative_buckets));
  return "{{" + (text.empty() ? text : text.substr(1)) + "}}";
}

}  // namespace tocsin::promql
