#include "harness/promql/aggregate_histograms.h"

#include <optional>

#include "harness/promql/histogram_math.h"

namespace tocsin::promql {
namespace {

class StepSums final : public HistogramSums {
 public:
  StepSums(const AggregateContext& context, bool mean)
      : context_(context),
        mean_(mean),
        steps_(context.timeline.steps()),
        spoiled_(context.timeline.steps()) {}

  void add(const Row& row, const Presence& floats) override {
    for (std::size_t i = 0; i < row.histograms.size(); ++i) {
      if (!row.present[i] || !row.histograms[i]) continue;
      Step& step = steps_[i];
      if (!step.sum && floats[i]) step.after_float = true;
      add(step, *row.histograms[i], row.labels);
      if (!step.incompatible) continue;
      if (ended_.empty()) ended_.assign(steps_.size(), false);
      ended_.set(i);
    }
  }

  void finish(const Presence& floats, Row& out) override {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      Step& step = steps_[i];
      if (!step.sum) continue;
      if (floats[i]) {
        spoiled_.set(i);
        context_.evaluation.note(mixed_floats_histograms_aggregation(where()));
        continue;
      }
      if (step.incompatible) continue;
      if (step.reset_seen && step.not_reset_seen) {
        context_.evaluation.note(counter_reset_collision("aggregation", where()));
      }
      if (mean_ && !step.overflown) step.sum->scale(1 / step.count);
      auto result = std::make_shared<NativeHistogram>(step.sum->value());
      compact(*result);
      out.set(i, std::move(result));
    }
  }

  const Presence& spoiled() const override { return spoiled_; }
  const Presence& ended() const override { return ended_; }

 private:
  struct Step {
    std::optional<HistogramSum> sum;
    double count = 0;
    bool overflown = false;  ///< `sum` is the mean
    bool incompatible = false;
    bool after_float = false;  ///< there will be no result, whatever comes
    bool reset_seen = false;
    bool not_reset_seen = false;
  };

  TextRange where() const { return context_.node.argument->range; }

  void add(Step& step, const NativeHistogram& h, const Labels& labels) {
    if (step.incompatible) return;
    step.reset_seen = step.reset_seen || h.hint == CounterResetHint::kReset;
    step.not_reset_seen = step.not_reset_seen || h.hint == CounterResetHint::kNotReset;
    step.count += 1;
    if (!step.sum) {
      step.sum.emplace(h);
      return;
    }
    if (step.after_float) return;
    const Combined outcome = mean_ ? add_to_mean(step, h) : step.sum->add(h);
    if (!outcome.compatible) {
      step.incompatible = true;
      context_.evaluation.note(mixed_exponential_custom(labels.metric_name(), where()));
    } else if (outcome.bounds_reconciled) {
      context_.evaluation.note(mismatched_custom_buckets("aggregation", where()));
    }
  }

  /// As long as the sum does not overflow it is kept; from then on the mean itself.
  static Combined add_to_mean(Step& step, const NativeHistogram& h) {
    if (!step.overflown) {
      HistogramSum next = *step.sum;
      const Combined outcome = next.add(h);
      if (!outcome.compatible || !next.overflows()) {
        step.sum = std::move(next);
        return outcome;
      }
      step.overflown = true;
      step.sum->scale(1 / (step.count - 1));
    }
    step.sum->scale((step.count - 1) / step.count);
    NativeHistogram share = h;
    divide(share, step.count);
    return step.sum->add(share);
  }

  const AggregateContext& context_;
  bool mean_;
  std::vector<Step> steps_;
  Presence spoiled_;
  Presence ended_;  ///< empty until it happens
};

}  // namespace

std::unique_ptr<HistogramSums> make_histogram_sums(const AggregateContext& context, bool mean) {
  return std::make_unique<StepSums>(context, mean);
}

}  // namespace tocsin::promql
