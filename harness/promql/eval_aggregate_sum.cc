// sum and avg.

#include <bit>
#include <cmath>

#include "harness/promql/aggregate_histograms.h"
#include "harness/promql/aggregator.h"
#include "harness/promql/compensated_sum.h"

namespace tocsin::promql {
namespace {

constexpr std::size_t kSumBlock = Presence::kBits;

/// Compensated sums of many columns (compensated_sum.h), a block at a time where all its steps have
/// values. The loops have no branches, so that they become vector instructions.
class ColumnSums {
 public:
  explicit ColumnSums(std::size_t steps) : sums_(steps), errors_(steps) {}

  void add_block(std::size_t base, const double* values) {
    double* sum = sums_.data() + base;
    double* error = errors_.data() + base;
#pragma GCC ivdep
    for (std::size_t j = 0; j < kSumBlock; ++j) {
      const double next = sum[j] + values[j];
      const double part = next - sum[j];
      const double lost = (sum[j] - (next - part)) + (values[j] - part);
      sum[j] = next;
      error[j] = std::abs(next) <= CompensatedSum::kLargest ? error[j] + lost : 0;
    }
  }
  /// Without compensation.
  void add_block_plainly(std::size_t base, const double* values) {
    double* sum = sums_.data() + base;
#pragma GCC ivdep
    for (std::size_t j = 0; j < kSumBlock; ++j) sum[j] += values[j];
  }
  void add(std::size_t i, double value) {
    CompensatedSum total{sums_[i], errors_[i]};
    total.add(value);
    sums_[i] = total.sum;
    errors_[i] = total.error;
  }
  CompensatedSum at(std::size_t i) const {
    return {sums_[i], errors_[i]};
  }
  void put(std::size_t i, const CompensatedSum& total) {
    sums_[i] = total.sum;
    errors_[i] = total.error;
  }
  /// Whether adding the block would reach infinity anywhere.
  bool overflows(std::size_t base, const double* values) const {
    bool found = false;
    for (std::size_t j = 0; j < kSumBlock; ++j) {
      found |= std::abs(sums_[base + j] + values[j]) > CompensatedSum::kLargest;
    }
    return found;
  }

 private:
  std::vector<double> sums_;
  std::vector<double> errors_;
};

/// Floats of sum and avg; histograms go to a fold of their own.
template <bool mean>
class SumAggregator final : public Aggregator {
 public:
  explicit SumAggregator(const AggregateContext& context)
      : context_(context),
        sums_(context.timeline.steps()),
        counts_(mean ? context.timeline.steps() : 0),
        plainly_(context.evaluation.options.version_2),
        present_(context.timeline.steps()) {}

  void add(Row& row) override {
    if (row.has_histograms()) {
      if (!histograms_) histograms_ = make_histogram_sums(context_, mean);
      histograms_->add(row, present_);
      row.keep_floats();
    }
    if (histograms_ && !histograms_->ended().empty()) row.present -= histograms_->ended();
    const std::span<const std::uint64_t> words = std::as_const(row.present).words();
    for (std::size_t w = 0; w < words.size(); ++w) {
      const std::size_t base = w * kSumBlock;
      const double* values = row.values.data() + base;
      const bool full = words[w] == ~std::uint64_t{0};
      if (full && plainly_ && !mean) {
        sums_.add_block_plainly(base, values);
        continue;
      }
      if (full && !plainly_ && !needs_care(base, values)) {
        sums_.add_block(base, values);
        if (mean) {
          for (std::size_t j = 0; j < kSumBlock; ++j) counts_[base + j] += 1;
        }
        continue;
      }
      for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
        const auto i = base + static_cast<std::size_t>(std::countr_zero(rest));
        if (plainly_) {
          add_plainly(i, row.values[i]);
        } else {
          add_value(i, row.values[i]);
        }
      }
    }
    present_ |= row.present;
  }

  void finish(Row& out) override {
    if (histograms_) {
      histograms_->finish(present_, out);
      present_ -= out.present;
      present_ -= histograms_->spoiled();
    }
    present_.for_each([&](std::size_t i) { out.set(i, value(i)); });
  }

 private:
  bool needs_care(std::size_t base, const double* values) const {
    return mean && (!overflown_.empty() || sums_.overflows(base, values));
  }

  void add_value(std::size_t i, double value) {
    if (!mean) return sums_.add(i, value);
    counts_[i] += 1;
    if (overflown_.empty() || !overflown_[i]) {
      CompensatedSum next = sums_.at(i);
      next.add(value);
      if (!std::isinf(next.sum)) return sums_.put(i, next);
      // The sum overflows where the mean need not: from here on keep the mean itself.
      if (overflown_.empty()) overflown_.assign(present_.size(), false);
      overflown_.set(i);
      const CompensatedSum total = sums_.at(i);
      const double before = counts_[i] - 1;
      if (before > 0) sums_.put(i, {total.sum / before, total.error / before});
    }
    const double share = (counts_[i] - 1) / counts_[i];
    const CompensatedSum old = sums_.at(i);
    CompensatedSum next{old.sum * share, old.error * share};
    next.add(value / counts_[i]);
    sums_.put(i, next);
  }

  /// As Prometheus 2 did: no compensation, and the mean from value to value.
  void add_plainly(std::size_t i, double value) {
    const double old = sums_.at(i).sum;
    if (!mean) return sums_.put(i, {old + value, 0});
    counts_[i] += 1;
    const bool same_infinity = std::isinf(value) && (old > 0) == (value > 0);
    if (std::isinf(old) && (same_infinity || std::isfinite(value))) return;
    sums_.put(i, {old + value / counts_[i] - old / counts_[i], 0});
  }

  double value(std::size_t i) const {
    const CompensatedSum total = sums_.at(i);
    if (plainly_) return total.sum;
    if (!mean) return total.value();
    if (!overflown_.empty() && overflown_[i]) return total.sum + total.error;
    return total.sum / counts_[i] + total.error / counts_[i];
  }

  const AggregateContext& context_;
  ColumnSums sums_;
  std::vector<double> counts_;
  bool plainly_;
  Presence present_;
  Presence overflown_;  ///< empty until it happens
  std::unique_ptr<HistogramSums> histograms_;
};

}  // namespace

std::unique_ptr<Aggregator> make_sum_aggregator(const AggregateContext& context) {
  return std::make_unique<SumAggregator<false>>(context);
}

std::unique_ptr<Aggregator> make_avg_aggregator(const AggregateContext& context) {
  return std::make_unique<SumAggregator<true>>(context);
}

}  // namespace tocsin::promql
