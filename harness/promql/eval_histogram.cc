// histogram_quantile and the like, over classic and native histograms.

#include <algorithm>
#include <cmath>

#include "harness/promql/classic_histogram.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"
#include "harness/promql/histogram_buckets.h"
#include "harness/promql/native_quantile.h"

namespace tocsin::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

/// Series of one classic histogram, by bucket.
struct ClassicHistogram {
  Labels labels;  ///< without le
  bool drop_name = false;
  std::vector<std::pair<double, Row>> buckets;  ///< ascending once complete
};

/// The histograms of a vector, of both kinds.
class HistogramVector {
 public:
  HistogramVector(Evaluation& evaluation, const Node& vector, const Timeline& timeline)
      : evaluation_(evaluation), range_(vector.range) {
    evaluation.rows(vector, timeline, [&](Row& row) { take(row); });
    for (ClassicHistogram& histogram : classic) {
      std::stable_sort(histogram.buckets.begin(), histogram.buckets.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    }
    part_conflicts();
  }

  std::string_view name_of(const Labels& labels) const {
    return evaluation_.options.delayed_name_removal ? labels.metric_name() : std::string_view();
  }

  std::vector<ClassicHistogram> classic;
  std::vector<Row> native;

 private:
  void take(Row& row) {
    evaluation_.charge(row.steps());
    if (row.has_histograms()) {
      Row histograms = row;
      for (std::size_t i = 0; i < row.steps(); ++i) {
        if (row.histogram(i) == nullptr) histograms.present.reset(i);
      }
      if (!histograms.present.none()) native.push_back(std::move(histograms));
      row.keep_floats();
      if (row.present.none()) return;
    }
    const std::string_view le = row.labels.get(kBucketLabel);
    const std::optional<double> upper = parse_go_float(le);
    if (!upper) {
      evaluation_.note(bad_bucket_label(name_of(row.labels), le, range_));
      return;
    }
    const Labels labels = row.labels.with(kBucketLabel, {});
    const auto [found, is_new] = index_.try_emplace(labels, classic.size());
    if (is_new) classic.push_back({labels, row.drop_name, {}});
    classic[found->second].buckets.emplace_back(*upper, std::move(row));
    row = Row();
  }

  /// Where a classic and a native histogram have the same labels, neither counts.
  void part_conflicts() {
    for (Row& histogram : native) {
      const auto found = index_.find(histogram.labels);
      if (found == index_.end()) continue;
      ClassicHistogram& other = classic[found->second];
      Presence either(histogram.steps());
      for (const auto& [upper, row] : other.buckets) either |= row.present;
      either &= histogram.present;
      if (either.none()) continue;
      evaluation_.note(mixed_classic_native_histograms(name_of(histogram.labels), range_));
      histogram.present -= either;
      for (auto& [upper, row] : other.buckets) row.present -= either;
    }
  }

  Evaluation& evaluation_;
  TextRange range_;
  std::unordered_map<Labels, std::size_t> index_;
};

/// Calls f(step, buckets) for each step at which a classic histogram has any bucket.
template <class F>
void for_steps(const ClassicHistogram& histogram, std::size_t steps, F&& f) {
  std::vector<ClassicBucket> buckets;
  for (std::size_t i = 0; i < steps; ++i) {
    buckets.clear();
    for (const auto& [upper, row] : histogram.buckets) {
      if (row.present[i]) buckets.push_back({upper, row.values[i]});
    }
    if (!buckets.empty()) f(i, std::span(buckets));
  }
}

bool is_quantile(double q) {
  return q >= 0 && q <= 1;
}

void note_invalid(Evaluation& evaluation, const ScalarColumn& quantiles, std::size_t steps,
                  TextRange range) {
  const std::size_t count = quantiles.constant() ? std::min<std::size_t>(steps, 1) : steps;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_quantile(quantiles[i])) evaluation.note(invalid_quantile(quantiles[i], range));
  }
}

void note_nans(Evaluation& evaluation, NanEffect effect, std::string_view name, TextRange range) {
  switch (effect) {
    case NanEffect::kNone:
      return;
    case NanEffect::kResultIsNan:
      return evaluation.note(quantile_nan_result(name, range));
    case NanEffect::kSkewed:
      return evaluation.note(quantile_nan_skew(name, range));
    case NanEffect::kExcluded:
      return evaluation.note(fraction_nans(name, range));
  }
}

/// One quantile of all histograms; `extra` is a label to add, when it has a name.
void give_quantile(Evaluation& evaluation, const HistogramVector& vector,
                   const ScalarColumn& quantiles, const Timeline& timeline, TextRange range,
                   LabelView extra, NameDropper& names, RowSink sink) {
  Row out;
  const auto give = [&](const Labels& labels) {
    if (out.present.none()) return;
    out.labels = extra.name.empty() ? labels : labels.with(extra.name, extra.value);
    names.drop(out);
    sink(out);
  };
  for (const Row& row : vector.native) {
    out.clear(timeline.steps());
    row.present.for_each([&](std::size_t i) {
      const NativeEstimate estimate = native_quantile(quantiles[i], *row.histogram(i));
      note_nans(evaluation, estimate.nans, vector.name_of(row.labels), range);
      out.set(i, estimate.value);
    });
    give(row.labels);
  }
  for (const ClassicHistogram& histogram : vector.classic) {
    out.clear(timeline.steps());
    for_steps(histogram, timeline.steps(), [&](std::size_t i, std::span<ClassicBucket> buckets) {
      const ClassicQuantile quantile = classic_quantile(quantiles[i], buckets);
      if (quantile.fix) {
        evaluation.annotations.add_forced_monotonicity(vector.name_of(histogram.labels), range,
                                                       to_ms(timeline.at(i)), *quantile.fix);
      }
      out.set(i, quantile.value);
    });
    give(histogram.labels);
  }
}

void evaluate_quantile(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                       RowSink sink) {
  const ScalarColumn quantiles = evaluation.scalar(*call.arguments[0], timeline);
  const Node& operand = unwrap(*call.arguments[1]);
  note_invalid(evaluation, quantiles, timeline.steps(), call.arguments[0]->range);
  const HistogramVector vector(evaluation, operand, timeline);
  NameDropper names(evaluation, operand, call.range);
  names.always_check();
  give_quantile(evaluation, vector, quantiles, timeline, operand.range, {}, names, sink);
}

/// As OpenMetrics writes it: a whole number keeps a decimal.
std::string quantile_text(double q) {
  const std::string text = format_g(q);
  const bool plain = text.find_first_of(".eIN") == std::string::npos;
  return plain ? text + ".0" : text;
}

void evaluate_quantiles(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                        RowSink sink) {
  const Node& operand = unwrap(*call.arguments[0]);
  const std::string& label = static_cast<const StringLiteral&>(unwrap(*call.arguments[1])).value;
  std::vector<ScalarColumn> all;
  for (std::size_t i = 2; i < call.arguments.size(); ++i) {
    all.push_back(evaluation.scalar(*call.arguments[i], timeline));
    note_invalid(evaluation, all.back(), timeline.steps(), call.arguments[i]->range);
  }
  const HistogramVector vector(evaluation, operand, timeline);
  NameDropper names(evaluation, operand, call.range);
  names.always_check();
  for (const ScalarColumn& quantiles : all) {
    // The label says which quantile it is, so a quantile that varies makes a series a value.
    std::vector<double> done;
    for (std::size_t i = 0; i < quantiles.values.size(); ++i) {
      const std::string text = quantile_text(quantiles.values[i]);
      if (quantiles.constant()) {
        give_quantile(evaluation, vector, quantiles, timeline, operand.range, {label, text}, names,
                      sink);
        continue;
      }
      const double q = quantiles.values[i];
      if (std::find(done.begin(), done.end(), q) != done.end()) continue;
      done.push_back(q);
      give_quantile(evaluation, vector, {{q}}, timeline, operand.range, {label, text}, names,
                    [&](Row& row) {
                      for (std::size_t j = 0; j < row.steps(); ++j) {
                        if (quantiles.values[j] != q) row.present.reset(j);
                      }
                      if (!row.present.none()) sink(row);
                    });
    }
  }
}

void evaluate_fraction(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                       RowSink sink) {
  const ScalarColumn lower = evaluation.scalar(*call.arguments[0], timeline);
  const ScalarColumn upper = evaluation.scalar(*call.arguments[1], timeline);
  const Node& operand = unwrap(*call.arguments[2]);
  const HistogramVector vector(evaluation, operand, timeline);
  NameDropper names(evaluation, operand, call.range);
  names.always_check();
  Row out;
  const auto give = [&](const Labels& labels) {
    if (out.present.none()) return;
    out.labels = labels;
    names.drop(out);
    sink(out);
  };
  for (const Row& row : vector.native) {
    out.clear(timeline.steps());
    row.present.for_each([&](std::size_t i) {
      const NativeEstimate estimate = native_fraction(lower[i], upper[i], *row.histogram(i));
      note_nans(evaluation, estimate.nans, vector.name_of(row.labels), operand.range);
      out.set(i, estimate.value);
    });
    give(row.labels);
  }
  for (const ClassicHistogram& histogram : vector.classic) {
    out.clear(timeline.steps());
    for_steps(histogram, timeline.steps(), [&](std::size_t i, std::span<ClassicBucket> buckets) {
      out.set(i, classic_fraction(lower[i], upper[i], buckets));
    });
    give(histogram.labels);
  }
}

double count_of(const NativeHistogram& h) {
  return h.count;
}
double sum_of(const NativeHistogram& h) {
  return h.sum;
}
double average_of(const NativeHistogram& h) {
  return h.sum / h.count;
}
double deviation_of(const NativeHistogram& h) {
  return std::sqrt(native_variance(h));
}

template <double (*f)(const NativeHistogram&)>
void of_histogram(Evaluation& evaluation, const Call& call, const Timeline& timeline,
                  RowSink sink) {
  NameDropper names(evaluation, *call.arguments.front(), call.range);
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    if (!row.has_histograms()) return;
    for (std::size_t i = 0; i < row.steps(); ++i) {
      if (row.present[i] && row.histograms[i]) {
        row.values[i] = f(*row.histograms[i]);
      } else {
        row.present.reset(i);
      }
    }
    row.histograms.clear();
    if (row.present.none()) return;
    names.drop(row);
    sink(row);
  });
}

}  // namespace

std::span<const FunctionEvaluator> histogram_functions() {
  static const FunctionEvaluator kFunctions[] = {
      {"histogram_avg", of_histogram<average_of>},
      {"histogram_count", of_histogram<count_of>},
      {"histogram_fraction", evaluate_fraction},
      {"histogram_quantile", evaluate_quantile},
      {"histogram_quantiles", evaluate_quantiles},
      {"histogram_stddev", of_histogram<deviation_of>},
      {"histogram_stdvar", of_histogram<native_variance>},
      {"histogram_sum", of_histogram<sum_of>},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
