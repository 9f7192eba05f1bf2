// Aggregations: series are put into groups once, then folded column by column.

#include <algorithm>
#include <cmath>
#include <limits>

#include "harness/base/check.h"
#include "harness/promql/aggregator.h"
#include "harness/promql/window.h"

namespace tocsin::promql {
namespace {

constexpr std::size_t kRowBlock = Presence::kBits;

template <bool largest>
class ExtremeAggregator final : public Aggregator {
 public:
  explicit ExtremeAggregator(const AggregateContext& context)
      : values_(context.timeline.steps()), present_(context.timeline.steps()) {}

  void add(Row& row) override {
    const std::span<const std::uint64_t> words = std::as_const(row.present).words();
    const std::span<std::uint64_t> known = present_.words();
    for (std::size_t w = 0; w < words.size(); ++w) {
      const double* from = row.values.data() + w * kRowBlock;
      double* to = values_.data() + w * kRowBlock;
      if ((words[w] & known[w]) == ~std::uint64_t{0}) {
        for (std::size_t j = 0; j < kRowBlock; ++j)
          to[j] = better(from[j], to[j]) ? from[j] : to[j];
        continue;
      }
      for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
        const auto j = static_cast<std::size_t>(std::countr_zero(rest));
        const bool first = (known[w] >> j & 1) == 0;
        if (first || better(from[j], to[j])) to[j] = from[j];
      }
      known[w] |= words[w];
    }
  }

  void finish(Row& out) override {
    out.values = std::move(values_);
    out.present = std::move(present_);
  }

 private:
  static bool better(double candidate, double kept) {
    return (largest ? candidate > kept : candidate < kept) || kept != kept;
  }

  std::vector<double> values_;
  Presence present_;
};

class CountAggregator final : public Aggregator {
 public:
  explicit CountAggregator(const AggregateContext& context)
      : counts_(context.timeline.steps()), present_(context.timeline.steps()) {}

  void add(Row& row) override {
    const std::span<const std::uint64_t> words = std::as_const(row.present).words();
    for (std::size_t w = 0; w < words.size(); ++w) {
      double* to = counts_.data() + w * kRowBlock;
      if (words[w] == ~std::uint64_t{0}) {
        for (std::size_t j = 0; j < kRowBlock; ++j) to[j] += 1;
      } else {
        for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
          to[std::countr_zero(rest)] += 1;
        }
      }
    }
    present_ |= row.present;
  }

  void finish(Row& out) override {
    out.values = std::move(counts_);
    out.present = std::move(present_);
  }

 private:
  std::vector<double> counts_;
  Presence present_;
};

class GroupAggregator final : public Aggregator {
 public:
  explicit GroupAggregator(const AggregateContext& context) : present_(context.timeline.steps()) {}

  void add(Row& row) override { present_ |= row.present; }
  void finish(Row& out) override {
    std::fill(out.values.begin(), out.values.end(), 1.0);
    out.present = std::move(present_);
  }

 private:
  Presence present_;
};

/// Variance by Welford's method.
template <bool root>
class VarianceAggregator final : public Aggregator {
 public:
  /// One value that is not finite has no variance; in Prometheus 2 it was zero.
  explicit VarianceAggregator(const AggregateContext& context)
      : moments_(context.timeline.steps()),
        alone_(context.evaluation.options.version_2 ? 0
                                                    : std::numeric_limits<double>::quiet_NaN()) {}

  void add(Row& row) override {
    row.present.for_each([&](std::size_t i) {
      Moments& m = moments_[i];
      const double value = row.values[i];
      m.count += 1;
      if (m.count == 1) {
        m.mean = value;
        m.squares = std::isfinite(value) ? 0 : alone_;
        return;
      }
      const double delta = value - m.mean;
      m.mean += delta / m.count;
      m.squares += delta * (value - m.mean);
    });
  }

  void finish(Row& out) override {
    for (std::size_t i = 0; i < moments_.size(); ++i) {
      const Moments& m = moments_[i];
      if (m.count == 0) continue;
      const double variance = m.squares / m.count;
      out.set(i, root ? std::sqrt(variance) : variance);
    }
  }

 private:
  struct Moments {
    double count = 0;
    double mean = 0;
    double squares = 0;
  };
  std::vector<Moments> moments_;
  double alone_;
};

class QuantileAggregator final : public Aggregator {
 public:
  explicit QuantileAggregator(const AggregateContext& context) : context_(context) {}

  void add(Row& row) override {
    context_.evaluation.charge(row.steps());
    rows_.push_back(std::move(row));
  }

  void finish(Row& out) override {
    std::vector<double> values;
    for (std::size_t i = 0; i < out.steps(); ++i) {
      values.clear();
      context_.evaluation.work(rows_.size());
      for (const Row& row : rows_) {
        if (row.present[i]) values.push_back(row.values[i]);
      }
      if (!values.empty()) out.set(i, quantile_of(context_.parameter[i], values));
    }
  }

 private:
  const AggregateContext& context_;
  std::vector<Row> rows_;
};

/// Leaves out histogram samples, which the aggregation cannot take.
void keep_floats(const AggregateContext& context, Row& row) {
  if (!row.has_histograms()) return;
  const std::size_t before = row.present.count();
  row.keep_floats();
  if (row.present.count() == before) return;
  context.evaluation.note(
      histogram_ignored_in_aggregation(to_string(context.node.op), context.node.argument->range));
}

bool takes_floats_only(AggregateOp op) {
  return op == AggregateOp::kMin || op == AggregateOp::kMax || op == AggregateOp::kStddev ||
         op == AggregateOp::kStdvar || op == AggregateOp::kQuantile;
}

std::unique_ptr<Aggregator> make_aggregator(const AggregateContext& context) {
  switch (context.node.op) {
    case AggregateOp::kSum:
      return make_sum_aggregator(context);
    case AggregateOp::kAvg:
      return make_avg_aggregator(context);
    default:
      return make_plain_aggregator(context);
  }
}

void check_quantiles(const AggregateContext& context) {
  double lowest = 0;
  double highest = 1;
  bool any_nan = false;
  for (const double q : context.parameter.values) {
    any_nan = any_nan || std::isnan(q);
    lowest = std::min(lowest, q);
    highest = std::max(highest, q);
  }
  const TextRange range = context.node.parameter->range;
  if (any_nan) {
    context.evaluation.note(invalid_quantile(std::numeric_limits<double>::quiet_NaN(), range));
  }
  if (highest > 1) context.evaluation.note(invalid_quantile(highest, range));
  if (lowest < 0) context.evaluation.note(invalid_quantile(lowest, range));
}

void evaluate_groups(const AggregateContext& context, RowSink sink) {
  struct Group {
    Labels labels;
    bool drop_name = false;
    std::unique_ptr<Aggregator> fold;
  };
  const Grouping grouping(context.node);
  const bool floats_only = takes_floats_only(context.node.op);
  std::unordered_map<Labels, std::size_t> index;
  std::vector<Group> groups;
  context.evaluation.rows(*context.node.argument, context.timeline, [&](Row& row) {
    if (floats_only) {
      keep_floats(context, row);
      if (row.present.none()) return;
    }
    const Labels labels = grouping.of(row.labels);
    const auto [found, is_new] = index.try_emplace(labels, groups.size());
    if (is_new) {
      context.evaluation.charge(context.timeline.steps());
      groups.push_back({labels, false, make_aggregator(context)});
    }
    Group& group = groups[found->second];
    group.drop_name = group.drop_name || row.drop_name;
    group.fold->add(row);
  });
  Row out;
  for (Group& group : groups) {
    out.clear(context.timeline.steps());
    group.fold->finish(out);
    group.fold.reset();
    if (out.present.none()) continue;
    out.labels = group.labels;
    out.drop_name = group.drop_name;
    sink(out);
  }
}

}  // namespace

Grouping::Grouping(const Aggregate& node) : names_(node.grouping), without_(node.without) {
  if (without_) names_.emplace_back(kMetricName);
}

Grouping Grouping::with(const std::string& name) const {
  Grouping more = *this;
  if (!without_) more.names_.push_back(name);
  return more;
}

std::unique_ptr<Aggregator> make_plain_aggregator(const AggregateContext& context) {
  switch (context.node.op) {
    case AggregateOp::kMin:
      return std::make_unique<ExtremeAggregator<false>>(context);
    case AggregateOp::kMax:
      return std::make_unique<ExtremeAggregator<true>>(context);
    case AggregateOp::kCount:
      return std::make_unique<CountAggregator>(context);
    case AggregateOp::kGroup:
      return std::make_unique<GroupAggregator>(context);
    case AggregateOp::kStddev:
      return std::make_unique<VarianceAggregator<true>>(context);
    case AggregateOp::kStdvar:
      return std::make_unique<VarianceAggregator<false>>(context);
    default:
      TOCSIN_CHECK(context.node.op == AggregateOp::kQuantile, "every fold has its aggregator");
      return std::make_unique<QuantileAggregator>(context);
  }
}

void evaluate_aggregate(Evaluation& evaluation, const Aggregate& node, const Timeline& timeline,
                        RowSink sink) {
  AggregateContext context{evaluation, node, timeline, {}};
  if (node.parameter && node.parameter->type == ValueType::kScalar) {
    context.parameter = evaluation.scalar(*node.parameter, timeline);
  }
  switch (node.op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
      return evaluate_topk(context, sink);
    case AggregateOp::kLimitk:
      return evaluate_limitk(context, sink);
    case AggregateOp::kLimitRatio:
      return evaluate_limit_ratio(context, sink);
    case AggregateOp::kCountValues:
      return evaluate_count_values(context, sink);
    case AggregateOp::kQuantile:
      check_quantiles(context);
      return evaluate_groups(context, sink);
    default:
      return evaluate_groups(context, sink);
  }
}

}  // namespace tocsin::promql
