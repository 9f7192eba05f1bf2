#pragma once

#include <memory>

#include "harness/promql/evaluation.h"

namespace tocsin::promql {

/// Which group a series belongs to.
class Grouping {
 public:
  explicit Grouping(const Aggregate& node);

  Labels of(const Labels& labels) const {
    return without_ ? labels.without(names_) : labels.only(names_);
  }
  /// The same with one more label (count_values).
  Grouping with(const std::string& name) const;

 private:
  std::vector<std::string> names_;
  bool without_ = false;
};

/// What the groups of one aggregation share.
struct AggregateContext {
  Evaluation& evaluation;
  const Aggregate& node;
  const Timeline& timeline;
  ScalarColumn parameter;  ///< empty when there is none
};

/// One group: takes its series one after another, then gives the result.
class Aggregator {
 public:
  virtual ~Aggregator() = default;
  /// May take the row's buffers.
  virtual void add(Row& row) = 0;
  /// Into an empty row.
  virtual void finish(Row& out) = 0;
};

std::unique_ptr<Aggregator> make_sum_aggregator(const AggregateContext& context);
std::unique_ptr<Aggregator> make_avg_aggregator(const AggregateContext& context);
/// min, max, count, group, stddev, stdvar, quantile.
std::unique_ptr<Aggregator> make_plain_aggregator(const AggregateContext& context);

// The aggregations that give series of their operand, or of their own making.
void evaluate_topk(AggregateContext& context, RowSink sink);
void evaluate_limitk(AggregateContext& context, RowSink sink);
void evaluate_limit_ratio(AggregateContext& context, RowSink sink);
void evaluate_count_values(AggregateContext& context, RowSink sink);

}  // namespace tocsin::promql
