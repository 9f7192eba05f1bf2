#include "harness/promql/annotations.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/time.h"
#include "harness/promql/literals.h"

namespace tocsin::promql {
namespace {

constexpr std::string_view kMonotonicity =
    "input to histogram_quantile needed to be fixed for monotonicity (see "
    "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";

Annotation warning(std::string message, TextRange range) {
  return {AnnotationKind::kWarning, std::move(message), range};
}

Annotation info(std::string message, TextRange range) {
  return {AnnotationKind::kInfo, std::move(message), range};
}

std::string for_metric(std::string message, std::string_view metric) {
  if (!metric.empty()) message += " for metric name " + quote(metric);
  return message;
}

/// "line:column" of a byte offset, both from 1, columns in bytes as Prometheus counts them.
std::string position(std::string_view text, std::uint32_t offset) {
  std::size_t line = 1;
  std::size_t line_start = 0;
  const std::size_t end = std::min<std::size_t>(offset, text.size());
  for (std::size_t i = 0; i < end; ++i) {
    if (text[i] == '\n') {
      ++line;
      line_start = i + 1;
    }
  }
  return fmt::format("{}:{}", line, end - line_start + 1);
}

}  // namespace

std::string format_g(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[400];
  const auto sci =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string_view scientific(buffer, static_cast<std::size_t>(sci.ptr - buffer));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  const char* digits = scientific.data() + e + 1;
  if (*digits == '+') ++digits;
  std::from_chars(digits, sci.ptr, exponent);
  if (value == 0 || (exponent >= -4 && exponent < 6)) {
    const auto fixed =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
    return {buffer, fixed.ptr};
  }
  return std::string(scientific);
}

std::string to_string(const Annotation& annotation, std::string_view text) {
  return fmt::format("PromQL {}: {} ({})",
                     annotation.kind == AnnotationKind::kWarning ? "warning" : "info",
                     annotation.message, position(text, annotation.range.begin));
}

Annotation invalid_quantile(double quantile, TextRange range) {
  return warning("quantile value should be between 0 and 1, got " + format_g(quantile), range);
}

Annotation invalid_ratio(double ratio, double capped, TextRange range) {
  return warning(fmt::format("ratio value should be between -1 and 1, got {}, capping to {}",
                             format_g(ratio), format_g(capped)),
                 range);
}

Annotation bad_bucket_label(std::string_view metric, std::string_view label, TextRange range) {
  return warning(
      for_metric("bucket label \"le\" is missing or has a malformed value of " + quote(label),
                 metric),
      range);
}

Annotation mixed_floats_histograms(std::string_view metric, TextRange range) {
  return warning("encountered a mix of histograms and floats for metric name " + quote(metric),
                 range);
}

Annotation mixed_floats_histograms_aggregation(TextRange range) {
  return warning("encountered a mix of histograms and floats for aggregation", range);
}

Annotation mixed_classic_native_histograms(std::string_view metric, TextRange range) {
  return warning(for_metric("vector contains a mix of classic and native histograms", metric),
                 range);
}

Annotation histogram_not_counter(std::string_view metric, TextRange range) {
  return warning("this native histogram metric is not a counter: " + quote(metric), range);
}

Annotation histogram_not_gauge(std::string_view metric, TextRange range) {
  return warning("this native histogram metric is not a gauge: " + quote(metric), range);
}

Annotation mixed_exponential_custom(std::string_view metric, TextRange range) {
  return warning(
      "vector contains a mix of histograms with exponential and custom buckets schemas for metric "
      "name " +
          quote(metric),
      range);
}

Annotation possible_non_counter(std::string_view metric, TextRange range) {
  return info("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
                  quote(metric),
              range);
}

Annotation possible_non_counter_label(std::string_view metric, std::string_view type,
                                      TextRange range) {
  return info(fmt::format("metric might not be a counter, __type__ label is not set to "
                          "\"counter\" or \"histogram\", got {}: {}",
                          quote(type), quote(metric)),
              range);
}

Annotation incompatible_types(std::string_view left, std::string_view op, std::string_view right,
                              TextRange range) {
  return info(
      fmt::format("incompatible sample types encountered for binary operator \"{1}\": {0} {1} {2}",
                  left, op, right),
      range);
}

Annotation incompatible_bucket_layout(std::string_view op, TextRange range) {
  return warning(fmt::format("incompatible bucket layout encountered for binary operator {}", op),
                 range);
}

Annotation histogram_ignored_in_aggregation(std::string_view aggregation, TextRange range) {
  return info(fmt::format("ignored histogram in {} aggregation", aggregation), range);
}

Annotation histogram_ignored_in_range(std::string_view metric, TextRange range) {
  return info(
      "ignored histograms in a range containing both floats and histograms for metric name " +
          quote(metric),
      range);
}

Annotation sort_in_range_query(TextRange range) {
  return warning("sort is ineffective for range queries since results are always ordered by labels",
                 range);
}

Annotation quantile_nan_result(std::string_view metric, TextRange range) {
  return info(for_metric("input to histogram_quantile has NaN observations, result is NaN", metric),
              range);
}

Annotation quantile_nan_skew(std::string_view metric, TextRange range) {
  return info(
      for_metric("input to histogram_quantile has NaN observations, result is skewed higher",
                 metric),
      range);
}

Annotation fraction_nans(std::string_view metric, TextRange range) {
  return info(for_metric("input to histogram_fraction has NaN observations, which are excluded "
                         "from all fractions",
                         metric),
              range);
}

Annotation counter_reset_collision(std::string_view operation, TextRange range) {
  return warning(fmt::format("conflicting counter resets during histogram {}", operation), range);
}

Annotation mismatched_custom_buckets(std::string_view operation, TextRange range) {
  return info(fmt::format("mismatched custom buckets were reconciled during {}", operation), range);
}

AnnotationLog::Entry& AnnotationLog::entry(Annotation annotation) {
  const auto found = index_.find(annotation.message);
  if (found != index_.end()) {
    Entry& known = entries_[found->second];
    known.annotation.range = annotation.range;
    return known;
  }
  index_.emplace(annotation.message, entries_.size());
  entries_.push_back({std::move(annotation), {}, 0});
  return entries_.back();
}

void AnnotationLog::add(Annotation annotation) {
  entry(std::move(annotation));
}

void AnnotationLog::add_forced_monotonicity(std::string_view metric, TextRange range,
                                            std::int64_t at_ms, const MonotonicityFix& fix) {
  Monotonicity& all =
      entry(info(for_metric(std::string(kMonotonicity), metric), range)).monotonicity;
  if (all.samples++ == 0) {
    all.from_ms = all.to_ms = at_ms;
    all.worst = fix;
    return;
  }
  all.from_ms = std::min(all.from_ms, at_ms);
  all.to_ms = std::max(all.to_ms, at_ms);
  all.worst.lowest_bucket = std::min(all.worst.lowest_bucket, fix.lowest_bucket);
  all.worst.highest_bucket = std::max(all.worst.highest_bucket, fix.highest_bucket);
  all.worst.largest_decrease = std::max(all.worst.largest_decrease, fix.largest_decrease);
}

void AnnotationLog::add_start_time_overlap(std::string_view metric, TextRange range) {
  ++entry(warning("sample has start time that overlaps with previous sample timestamp for metric " +
                      quote(metric),
                  range))
        .overlaps;
}

std::vector<Annotation> AnnotationLog::take() {
  std::vector<Annotation> all;
  all.reserve(entries_.size());
  for (Entry& entry : entries_) {
    if (entry.monotonicity.samples > 0) {
      const Monotonicity& m = entry.monotonicity;
      const auto whole_seconds = [](std::int64_t ms) {
        return format_rfc3339(from_ms(ms - ((ms % 1000) + 1000) % 1000));
      };
      entry.annotation.message += fmt::format(
          ", from buckets {} to {}, with a max diff of {:.2g}, over {} samples from {} to {}",
          format_g(m.worst.lowest_bucket), format_g(m.worst.highest_bucket),
          m.worst.largest_decrease, m.samples, whole_seconds(m.from_ms), whole_seconds(m.to_ms));
    }
    if (entry.overlaps > 1) {
      entry.annotation.message += fmt::format(" ({} occurrences)", entry.overlaps);
    }
    all.push_back(std::move(entry.annotation));
  }
  entries_.clear();
  index_.clear();
  return all;
}

}  // namespace tocsin::promql
