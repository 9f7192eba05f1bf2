#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/model/labels.h"
#include "harness/scenario/read.h"
#include "harness/scenario/read_series.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

using Binding = InstrumentSeries::Binding;

/// Those of Prometheus' client libraries.
constexpr std::array<double, 11> kDefaultBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                    0.5,   1,    2.5,   5,    10};
constexpr std::array<double, 3> kDefaultQuantiles = {0.5, 0.9, 0.99};

MetricType type_of(std::string_view word) {
  for (const MetricType type : {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram,
                                MetricType::kSummary, MetricType::kInfo}) {
    if (to_string(type) == word) return type;
  }
  return MetricType::kUnknown;
}

class InstrumentReader {
 public:
  InstrumentReader(const yaml::Node::Entry& entry, const Target& target, Problems& problems)
      : key_(*entry.key), node_(*entry.value), target_(target), problems_(problems) {}

  Instrument read() {
    out_.family.name = key_.text;
    out_.family.type = type_of(text_of(node_.find("type")));
    out_.family.help = text_of(node_.find("help"));
    out_.family.unit = text_of(node_.find("unit"));
    out_.pos = key_.pos();
    if (!is_legacy_metric_name(key_.text)) {
      problems_.add(key_, fmt::format("\"{}\" is no metric name", key_.text),
                    "metric names are letters, digits, \"_\" and \":\", and do not begin with a "
                    "digit");
    }
    check_unit();
    read_bindings();
    read_buckets();
    read_quantiles();
    return std::move(out_);
  }

 private:
  void check_unit() {
    const std::string& unit = out_.family.unit;
    if (unit.empty()) return;
    std::string_view name = out_.family.name;
    if (name.ends_with("_total")) name.remove_suffix(6);
    if (!name.ends_with("_" + unit)) {
      problems_.add(*node_.find("unit"),
                    fmt::format("OpenMetrics wants the unit in the name: …_{}", unit));
    }
  }

  void add_series(const yaml::Node& node) {
    InstrumentSeries series = read_series(node_, node, out_.family.type, target_, problems_);
    const auto labels = constant_labels(series);
    // Two with the same labels may take turns.
    if (series.when || (labels && constants_.insert(*labels).second && others_ == 0)) {
      out_.series.push_back(std::move(series));
      return;
    }
    if (!labels) ++others_;
    for (const InstrumentSeries& other : out_.series) {
      if (!may_share_labels(series, other, target_)) continue;
      problems_.add(node, fmt::format("the metric is bound twice: these labels are those of the "
                                      "series in line {} too",
                                      other.pos.line));
      break;
    }
    out_.series.push_back(std::move(series));
  }

  void read_bindings() {
    const yaml::Node* list = node_.find("series");
    if (list == nullptr) {
      add_series(node_);
      return;
    }
    for (const std::string_view key : {"counts", "observes", "value", "rate", "per_request"}) {
      if (const yaml::Node* node = node_.find(key)) {
        problems_.add(*node,
                      fmt::format("the metric is bound twice: by \"{}\" and by \"series\"", key));
      }
    }
    if (list->is_list() && list->items.empty()) {
      problems_.add(*list, "expected at least one series");
    }
    // Each is compared with all others.
    constexpr std::size_t kMostSeries = 500;
    if (list->items.size() > kMostSeries && !all_constant(*list)) {
      problems_.add(*list, fmt::format("more than {} series", kMostSeries));
      return;
    }
    for (const yaml::NodePtr& item : list->items) {
      if (item->is_map()) add_series(*item);
    }
  }

  static std::optional<std::vector<std::string>> constant_labels(const InstrumentSeries& series) {
    std::vector<std::string> labels;
    for (const InstrumentLabel& label : series.labels) {
      if (label.kind != InstrumentLabel::Kind::kConstant) return std::nullopt;
      labels.push_back(label.name + '=' + label.constant);
    }
    std::sort(labels.begin(), labels.end());
    return labels;
  }

  /// No label of these series is a property of requests or a split.
  bool all_constant(const yaml::Node& list) const {
    const auto constant = [](const yaml::Node* labels) {
      return labels == nullptr ||
             std::all_of(labels->entries.begin(), labels->entries.end(), [](const auto& entry) {
               return entry.value->is_scalar() && !entry.value->text.starts_with('$');
             });
    };
    return constant(node_.find("labels")) &&
           std::all_of(list.items.begin(), list.items.end(),
                       [&](const yaml::NodePtr& item) { return constant(item->find("labels")); });
  }

  /// Of what is observed.
  Dimension observed() const {
    if (out_.series.empty()) return Dimension::kNumber;
    const InstrumentSeries& series = out_.series.front();
    if (series.binding == Binding::kRequestLatency) return Dimension::kTime;
    if (series.distribution.empty()) return Dimension::kBytes;
    const auto signal = find_signal(target_, series.distribution);
    return signal ? signal->dimension : Dimension::kNumber;
  }

  void read_buckets() {
    const yaml::Node* node = node_.find("buckets");
    const bool histogram = out_.family.type == MetricType::kHistogram;
    if (node == nullptr) {
      if (!histogram) return;
      if (observed() == Dimension::kTime) {
        out_.buckets.assign(kDefaultBuckets.begin(), kDefaultBuckets.end());
      } else {
        problems_.add(key_, "this histogram needs the key \"buckets\"");
      }
      return;
    }
    if (!histogram) problems_.add(*node, "only histograms have buckets");
    if (node->is_list() && node->items.empty()) {
      problems_.add(*node, "expected at least one bucket");
    }
    for (const yaml::NodePtr& item : node->items) {
      const auto bound = parse_quantity(item->text);
      if (bound.has_error()) continue;
      if (bound->dimension != Dimension::kNumber && bound->dimension != observed()) {
        problems_.add(*item,
                      fmt::format("expected {}, not \"{}\"", example_of(observed()), item->text));
      } else if (!out_.buckets.empty() && bound->value <= out_.buckets.back()) {
        problems_.add(*item, "buckets ascend, each above the one before");
      } else {
        out_.buckets.push_back(bound->value);
      }
    }
  }

  void read_quantiles() {
    const yaml::Node* node = node_.find("quantiles");
    const bool summary = out_.family.type == MetricType::kSummary;
    if (node == nullptr) {
      if (summary) out_.quantiles.assign(kDefaultQuantiles.begin(), kDefaultQuantiles.end());
      return;
    }
    if (!summary) problems_.add(*node, "only summaries have quantiles");
    for (const yaml::NodePtr& item : node->items) {
      const auto quantile = parse_number(item->text);
      if (quantile.has_error()) continue;
      // As Redis' exporter labels them: 50, 99, 99.9.
      const bool percentages = (out_.quantiles.empty() ? *quantile : out_.quantiles.front()) > 1;
      if (*quantile < 0 || *quantile > (percentages ? 100 : 1)) {
        problems_.add(*item,
                      percentages ? "a percentage is from 0 to 100" : "a quantile is from 0 to 1");
      } else if (!out_.quantiles.empty() && *quantile <= out_.quantiles.back()) {
        problems_.add(*item, "quantiles ascend, each above the one before");
      } else {
        out_.quantiles.push_back(*quantile);
      }
    }
  }

  const yaml::Node& key_;
  const yaml::Node& node_;
  const Target& target_;
  Problems& problems_;
  Instrument out_;
  std::set<std::vector<std::string>> constants_;  ///< labels of series that have no others
  std::size_t others_ = 0;                        ///< series with labels of other kinds
};

/// Names of the samples that a family exports.
std::vector<std::string> sample_names(const FamilyInfo& family) {
  std::vector<std::string> names = {family.name};
  if (observes(family.type)) {
    names.push_back(family.name + "_count");
    names.push_back(family.name + "_sum");
  }
  if (family.type == MetricType::kHistogram) names.push_back(family.name + "_bucket");
  return names;
}

}  // namespace

void read_instruments(const yaml::Node& node, Target& target, InstrumentsOf whose,
                      Problems& problems) {
  std::map<std::string, std::string> owners;
  for (const Instrument& known : target.instruments) {
    for (const std::string& name : sample_names(known.family)) {
      owners.emplace(name, known.family.name);
    }
  }
  std::vector<Instrument> instruments;
  for (const yaml::Node::Entry& entry : node.entries) {
    if (!entry.value->is_map()) continue;
    Instrument instrument = InstrumentReader(entry, target, problems).read();
    for (const std::string& name : sample_names(instrument.family)) {
      const auto [owner, fresh] = owners.emplace(name, instrument.family.name);
      if (fresh) continue;
      problems.add(*entry.key,
                   fmt::format("the metric is bound twice: \"{}\" comes from \"{}\" too", name,
                               owner->second));
    }
    instrument.of_backend = whose == InstrumentsOf::kBackend;
    instruments.push_back(std::move(instrument));
  }
  std::move(instruments.begin(), instruments.end(), std::back_inserter(target.instruments));
}

}  // namespace tocsin::scenario
