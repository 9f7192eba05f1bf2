#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "harness/metrics/exposition.h"
#include "harness/model/labels.h"
#include "harness/scenario/system.h"

namespace tocsin::fakes {

/// The series that a target exposes and their values, as a client library keeps them: families of
/// children, a child being one metric object (a counter, or a histogram with its buckets).
class SeriesTable {
 public:
  using Child = std::size_t;
  enum class Appearance {
    kAtOnce,
    kWithFirstUse,  ///< as client libraries do for labels that are not known beforehand
  };

  /// Returns the family's index.
  std::size_t add_family(const scenario::Instrument& instrument);
  /// The child of a family with these labels; the same one for the same labels.
  Child child(std::size_t family, const Labels& labels, Appearance appearance);

  void add(Child child, double amount);
  void set(Child child, double value);
  /// `counts` of a histogram's buckets, not cumulated, the last is +Inf; of a summary: any, of
  /// which only the sum counts. They are divided by `grain`.
  void observe(Child child, std::span<const std::int64_t> counts, double sum, double grain = 1);
  /// A summary's quantiles, in the order of the instrument.
  void set_quantiles(Child child, std::span<const double> values);
  double count(Child child) const;

  /// All of the process, or of the backend, begin at zero; those that appear with first use are
  /// gone.
  enum class Owner { kProcess, kBackend };
  void reset(Owner owner);

  /// A hidden child goes on counting, but is not exposed; in force from the next settle() on.
  void hide(Child child, bool hidden) { metrics_[child].hidden = hidden; }
  void settle();

  const std::vector<FamilyInfo>& families() const { return infos_; }
  const std::vector<Labels>& series() const { return series_; }
  /// As of the last settle() where children are hidden.
  const std::vector<double>& values() const { return hiding_ ? exposed_ : values_; }
  std::vector<metrics::FamilySamples> by_family() const;

 private:
  struct Family {
    MetricType type = MetricType::kGauge;
    Owner owner = Owner::kProcess;
    std::string sample_name;
    std::vector<double> buckets;
    std::vector<double> quantiles;
    std::map<Labels, Child> children;
    std::vector<Child> in_order;  ///< of first appearance
  };
  struct Metric {
    std::size_t family = 0;
    Labels labels;
    Appearance appearance = Appearance::kAtOnce;
    bool bound = false;  ///< has its place in series_
    bool shown = false;
    bool hidden = false;
    std::size_t first = 0;  ///< in series_ and values_
  };

  std::size_t width(const Metric& metric) const;
  std::vector<Labels> labels_of(const Metric& metric) const;
  /// Where the child's values begin; shows it.
  double* use(Child child);

  std::vector<FamilyInfo> infos_;
  std::vector<Family> families_;
  std::vector<Metric> metrics_;
  std::vector<Labels> series_;
  std::vector<double> values_;
  std::vector<double> exposed_;  ///< without what is hidden
  bool hiding_ = false;
};

}  // namespace tocsin::fakes
