#pragma once

#include <limits>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "harness/check/subject.h"
#include "harness/promql/ast.h"

/// What the values of an expression's parts are: of which unit, within which bounds. Guessed from
/// types, units, names, help texts and values as far as these are plain; else unknown, and nothing
/// is said about it.

namespace tocsin::check {

enum class Unit {
  kUnknown,
  kRatio,    ///< 0–1
  kPercent,  ///< 0–100
  kSeconds,  ///< how long something took or is old
  kMilliseconds,
  kBytes,
  kTimestamp,  ///< seconds since 1970
  kBool,       ///< 0 or 1
  kCount,      ///< so many of something
};
/// "a ratio (0–1)", "seconds", …
std::string_view describe(Unit unit);

struct Facts {
  Unit unit = Unit::kUnknown;
  MetricType type = MetricType::kUnknown;  ///< of series as a target exports them
  bool type_is_certain = false;            ///< a target says so, not only the name
  bool per_second = false;
  bool increase = false;  ///< over a window
  bool share = false;     ///< of a whole: a ratio or percentage that cannot be more than all of it
  bool latency = false;   ///< seconds or milliseconds that a request or the like took
  bool direct = false;    ///< a metric's own values, or those of some of its series
  double lowest = -std::numeric_limits<double>::infinity();
  double highest = std::numeric_limits<double>::infinity();
  std::string metric;  ///< that it is mostly about; may be empty
  /// The range of values that targets showed, when it is a metric as such.
  std::optional<std::pair<double, double>> seen;
};

class FactFinder {
 public:
  explicit FactFinder(const Subject& subject) : subject_(subject) {}

  const Facts& of(const promql::Node& node);

 private:
  Facts compute(const promql::Node& node);
  Facts of_selector(const promql::VectorSelector& selector);
  Facts of_call(const promql::Call& call);
  Facts of_aggregate(const promql::Aggregate& aggregate);
  Facts of_binary(const promql::Binary& binary);
  Facts of_arithmetic(const promql::Binary& binary);
  Facts of_division(const promql::Binary& binary);
  Facts scaled(const promql::Node& node, double factor);

  const Subject& subject_;
  std::unordered_map<const promql::Node*, Facts> known_;
  std::set<const rules::Rule*> within_;
};

/// What a name, and what is known of it, say.
Facts facts_of_metric(std::string_view name, const ExportedMetric* metric);

/// All that is left to say of values that were mixed up: their bounds.
Facts within(double lowest, double highest);

/// A word of a snake_case name.
bool has_word(std::string_view name, std::string_view word);

}  // namespace tocsin::check
