#include "harness/check/catalogue.h"

#include <algorithm>
#include <cmath>

#include "harness/base/file.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/store.h"

namespace tocsin::check {
namespace {

/// The family that a series of a store belongs to.
FamilyInfo family_of_series(const metrics::Store& store, std::string_view name) {
  for (const std::string_view suffix : {"", "_bucket", "_sum", "_count", "_total", "_created"}) {
    if (!name.ends_with(suffix)) continue;
    const FamilyInfo* info = store.family(name.substr(0, name.size() - suffix.size()));
    if (info != nullptr) return *info;
  }
  return {std::string(name), MetricType::kUnknown, "", ""};
}

}  // namespace

bool ExportedMetric::has_label(std::string_view label) const {
  return std::any_of(series.begin(), series.end(),
                     [&](const Labels& labels) { return labels.has(label); });
}

std::set<std::string> ExportedMetric::labels() const {
  std::set<std::string> names;
  for (const Labels& one : series) {
    for (const LabelView label : one) {
      if (label.name != kMetricName) names.emplace(label.name);
    }
  }
  return names;
}

std::set<std::string> ExportedMetric::values(std::string_view label) const {
  std::set<std::string> values;
  for (const Labels& one : series) {
    if (one.has(label)) values.emplace(one.get(label));
  }
  return values;
}

void Catalogue::add(const Labels& series, const FamilyInfo& family, double value,
                    Duration scrape_interval) {
  const auto [at, is_new] = metrics_.try_emplace(std::string(series.metric_name()));
  ExportedMetric& metric = at->second;
  if (is_new) {
    metric.name = std::string(series.metric_name());
    metric.family = family;
    metric.lowest = metric.highest = value;
  }
  metric.series.push_back(series);
  metric.scrape_interval = std::max(metric.scrape_interval, scrape_interval);
  metric.lowest = std::fmin(metric.lowest, value);
  metric.highest = std::fmax(metric.highest, value);
}

const ExportedMetric* Catalogue::find(std::string_view name) const {
  const auto found = metrics_.find(name);
  return found == metrics_.end() ? nullptr : &found->second;
}

std::vector<const ExportedMetric*> Catalogue::named(std::span<const Matcher> matchers) const {
  std::vector<const ExportedMetric*> found;
  const auto fits = [&](const std::string& name) {
    return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
      return matcher.name() != kMetricName || matcher.matches(name);
    });
  };
  for (const Matcher& matcher : matchers) {
    if (matcher.name() != kMetricName || matcher.op() != MatchOp::kEqual) continue;
    const ExportedMetric* metric = find(matcher.value());
    if (metric != nullptr && fits(metric->name)) found.push_back(metric);
    return found;
  }
  for (const auto& [name, metric] : metrics_) {
    if (fits(name)) found.push_back(&metric);
  }
  return found;
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> names;
  for (const auto& [name, metric] : metrics_) names.push_back(name);
  return names;
}

Result<std::vector<metrics::FamilySamples>> load_page(const std::string& path) {
  TRY(const std::string text, read_file(path, kLargestPage));
  return parse_page(path, text);
}

Result<std::vector<metrics::FamilySamples>> parse_page(const std::string& name,
                                                       std::string_view text) {
  const bool open_metrics = text.find("\n# EOF") != std::string::npos || text.starts_with("# EOF");
  auto page = metrics::parse_families(text, open_metrics ? metrics::ExpositionFormat::kOpenMetrics
                                                         : metrics::ExpositionFormat::kText);
  if (page.has_error()) {
    Error error = page.error();
    error.pos.file = name;
    return error;
  }
  return page;
}

std::map<std::string, int, std::less<>> lines_of_families(
    std::string_view page, std::span<const metrics::FamilySamples> families) {
  // What a line may name: the family, or a series of it.
  std::map<std::string, std::string, std::less<>> families_by_name;
  for (const metrics::FamilySamples& family : families) {
    families_by_name.emplace(family.info.name, family.info.name);
    for (const metrics::ExpositionSample& sample : family.samples) {
      families_by_name.emplace(sample.labels.metric_name(), family.info.name);
    }
  }
  std::map<std::string, int, std::less<>> lines;
  for (int number = 1; !page.empty(); ++number) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    std::string_view line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    for (const std::string_view comment : {"# HELP ", "# TYPE ", "# UNIT "}) {
      if (line.starts_with(comment)) line.remove_prefix(comment.size());
    }
    const auto found = families_by_name.find(line.substr(0, line.find_first_of(" {\t")));
    if (found != families_by_name.end()) lines.emplace(found->second, number);
  }
  return lines;
}

void add_page(std::span<const metrics::FamilySamples> families, Catalogue& catalogue) {
  for (const metrics::FamilySamples& family : families) {
    for (const metrics::ExpositionSample& sample : family.samples) {
      catalogue.add(sample.labels, family.info, sample.value);
    }
  }
  // What the scraper itself adds to every target.
  for (const char* own : {"up", "scrape_duration_seconds", "scrape_samples_scraped",
                          "scrape_samples_post_metric_relabeling", "scrape_series_added"}) {
    const FamilyInfo family{own, MetricType::kGauge, "", ""};
    if (catalogue.find(own) == nullptr) catalogue.add({{kMetricName, own}}, family, 1);
  }
  catalogue.values_are_examples();
}

Result<void> add_samples(const std::string& path, Catalogue& catalogue) {
  metrics::Store store;
  TRY(const metrics::ImportStats stats, metrics::import_openmetrics(path, store));
  static_cast<void>(stats);
  for (const SeriesView& series : store.select({}, {})) {
    const FamilyInfo family = family_of_series(store, series.labels.metric_name());
    for (const double value : {series.values.front(), series.values.back()}) {
      catalogue.add(series.labels, family, value);
    }
  }
  catalogue.values_are_examples();
  return {};
}

}  // namespace tocsin::check
