#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/metrics/exposition.h"
#include "harness/model/labels.h"
#include "harness/model/matcher.h"
#include "harness/model/series.h"
#include "harness/scenario/system.h"

namespace tocsin::check {

/// A metric as queries name it: of a histogram the buckets, the sum and the count are three.
struct ExportedMetric {
  std::string name;
  FamilyInfo family;           ///< type kUnknown: nothing is known
  std::vector<Labels> series;  ///< with the target's labels
  double lowest = 0;           ///< of the values that were seen
  double highest = 0;
  Duration scrape_interval{0};  ///< the longest of its targets'; 0: not known

  /// Whether some series has this label.
  bool has_label(std::string_view label) const;
  std::set<std::string> labels() const;
  std::set<std::string> values(std::string_view label) const;
};

/// What the targets export: all series that there can be, or those that were there when somebody
/// looked.
class Catalogue {
 public:
  void add(const Labels& series, const FamilyInfo& family, double value,
           Duration scrape_interval = {});
  /// Labels of series may have other values than those seen.
  void values_are_examples() { values_complete_ = false; }

  bool empty() const { return metrics_.empty(); }
  bool values_complete() const { return values_complete_; }
  const ExportedMetric* find(std::string_view name) const;
  /// Those whose name and labels match; the metrics that a selector may mean.
  std::vector<const ExportedMetric*> named(std::span<const Matcher> matchers) const;
  std::vector<std::string> names() const;
  const std::map<std::string, ExportedMetric, std::less<>>& metrics() const { return metrics_; }
  /// Labels that the target adds (job, instance and others), by what is known of targets.
  const std::set<std::string>& target_labels() const { return target_labels_; }
  void add_target_label(std::string name) { target_labels_.insert(std::move(name)); }

 private:
  std::map<std::string, ExportedMetric, std::less<>> metrics_;
  std::set<std::string> target_labels_ = {"job", "instance"};
  bool values_complete_ = true;
};

/// What the targets of a system export, read from their models: as they are, when everything fails,
/// and with each switch (a signal that is 0 or 1) the other way round.
void add_system(const scenario::System& system, Catalogue& catalogue);

inline constexpr std::size_t kLargestPage = 256 << 20;  ///< bytes

/// A page of a real exporter; its target is unknown, so any job and instance may be its own.
Result<std::vector<metrics::FamilySamples>> load_page(const std::string& path);
Result<std::vector<metrics::FamilySamples>> parse_page(const std::string& name,
                                                       std::string_view text);
/// The line in which each family of a page is first named, from 1.
std::map<std::string, int, std::less<>> lines_of_families(
    std::string_view page, std::span<const metrics::FamilySamples> families);
void add_page(std::span<const metrics::FamilySamples> families, Catalogue& catalogue);
/// Samples of a run or of a Prometheus, in OpenMetrics.
Result<void> add_samples(const std::string& path, Catalogue& catalogue);

}  // namespace tocsin::check
