#include "fakes/service/series_table.h"

#include <algorithm>
#include <cmath>

#include "harness/base/check.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/model/series.h"

namespace tocsin::fakes {
namespace {

/// An info metric's samples end in _info, whatever the family is called.
std::string sample_name(const FamilyInfo& info) {
  const bool bare = info.type == MetricType::kInfo && !info.name.ends_with("_info");
  return bare ? info.name + "_info" : info.name;
}

}  // namespace

std::size_t SeriesTable::add_family(const scenario::Instrument& instrument) {
  infos_.push_back(instrument.family);
  families_.push_back({.type = instrument.family.type,
                       .owner = instrument.of_backend ? Owner::kBackend : Owner::kProcess,
                       .sample_name = sample_name(instrument.family),
                       .buckets = instrument.buckets,
                       .quantiles = instrument.quantiles,
                       .children = {},
                       .in_order = {}});
  return families_.size() - 1;
}

SeriesTable::Child SeriesTable::child(std::size_t family, const Labels& labels,
                                      Appearance appearance) {
  const auto [known, is_new] = families_[family].children.emplace(labels, metrics_.size());
  if (!is_new) return known->second;
  const Child child = known->second;
  metrics_.push_back({.family = family, .labels = labels, .appearance = appearance});
  if (appearance == Appearance::kAtOnce) use(child);
  return child;
}

std::vector<Labels> SeriesTable::labels_of(const Metric& metric) const {
  const Family& family = families_[metric.family];
  const auto named = [&](const std::string& suffix) {
    return metric.labels.with(kMetricName, family.sample_name + suffix);
  };
  std::vector<Labels> labels;
  if (family.type == MetricType::kHistogram) {
    for (const double bound : family.buckets) {
      labels.push_back(named("_bucket").with("le", metrics::format_value(bound)));
    }
    labels.push_back(named("_bucket").with("le", "+Inf"));
  } else if (family.type == MetricType::kSummary) {
    for (const double q : family.quantiles) {
      labels.push_back(named("").with("quantile", metrics::format_value(q)));
    }
  } else {
    return {named("")};
  }
  labels.push_back(named("_sum"));
  labels.push_back(named("_count"));
  return labels;
}

double* SeriesTable::use(Child child) {
  Metric& metric = metrics_[child];
  if (!metric.bound) {
    metric.bound = true;
    metric.first = series_.size();
    for (Labels& labels : labels_of(metric)) series_.push_back(std::move(labels));
    values_.resize(series_.size());
    families_[metric.family].in_order.push_back(child);
  }
  double* values = values_.data() + metric.first;
  if (!metric.shown) {
    metric.shown = true;
    const Family& family = families_[metric.family];
    const bool summary = family.type == MetricType::kSummary;
    const bool histogram = family.type == MetricType::kHistogram;
    const std::size_t before = summary ? family.quantiles.size() : 0;
    const std::size_t zeros = summary ? 2 : histogram ? family.buckets.size() + 3 : 1;
    std::fill_n(values, before, std::nan(""));
    std::fill_n(values + before, zeros, 0.0);
  }
  return values;
}

void SeriesTable::add(Child child, double amount) {
  *use(child) += amount;
}

void SeriesTable::set(Child child, double value) {
  *use(child) = value;
}

void SeriesTable::observe(Child child, std::span<const std::int64_t> counts, double sum,
                          double grain) {
  double* value = use(child);
  const Family& family = families_[metrics_[child].family];
  std::int64_t below = 0;
  if (family.type == MetricType::kHistogram) {
    TOCSIN_CHECK(counts.size() == family.buckets.size() + 1, "a count for each bucket");
    for (const std::int64_t count : counts) {
      below += count;
      *value++ += static_cast<double>(below) / grain;
    }
  } else {
    for (const std::int64_t count : counts) below += count;
    value += family.quantiles.size();
  }
  *value++ += sum;
  *value += static_cast<double>(below) / grain;
}

void SeriesTable::set_quantiles(Child child, std::span<const double> values) {
  std::copy(values.begin(), values.end(), use(child));
}

double SeriesTable::count(Child child) const {
  const Metric& metric = metrics_[child];
  if (!metric.shown) return 0;
  const Family& family = families_[metric.family];
  const std::size_t before =
      family.type == MetricType::kSummary ? family.quantiles.size() : family.buckets.size() + 1;
  return values_[metric.first + before + 1];
}

void SeriesTable::reset(Owner owner) {
  for (Child child = 0; child < metrics_.size(); ++child) {
    Metric& metric = metrics_[child];
    if (families_[metric.family].owner != owner) continue;
    if (metric.bound) std::fill_n(values_.data() + metric.first, width(metric), stale_marker());
    metric.shown = false;
    if (metric.appearance == Appearance::kAtOnce) use(child);
  }
}

void SeriesTable::settle() {
  hiding_ = std::any_of(metrics_.begin(), metrics_.end(),
                        [](const Metric& metric) { return metric.hidden; });
  if (!hiding_) return;
  exposed_ = values_;
  for (const Metric& metric : metrics_) {
    if (!metric.hidden || !metric.bound) continue;
    std::fill_n(exposed_.data() + metric.first, width(metric), stale_marker());
  }
}

/// How many series a child has.
std::size_t SeriesTable::width(const Metric& metric) const {
  const Family& family = families_[metric.family];
  if (family.type == MetricType::kHistogram) return family.buckets.size() + 3;
  return family.type == MetricType::kSummary ? family.quantiles.size() + 2 : 1;
}

std::vector<metrics::FamilySamples> SeriesTable::by_family() const {
  std::vector<metrics::FamilySamples> page;
  for (std::size_t f = 0; f < families_.size(); ++f) {
    metrics::FamilySamples samples{infos_[f], {}};
    bool hides = false;
    for (const Child child : families_[f].in_order) {
      const Metric& metric = metrics_[child];
      hides = hides || metric.hidden;
      if (!metric.shown || metric.hidden) continue;
      const std::size_t end = metric.first + width(metric);
      for (std::size_t i = metric.first; i < end; ++i) {
        samples.samples.push_back({series_[i], values_[i]});
      }
    }
    // A family that is hidden as a whole leaves no trace.
    if (!hides || !samples.samples.empty()) page.push_back(std::move(samples));
  }
  return page;
}

}  // namespace tocsin::fakes
