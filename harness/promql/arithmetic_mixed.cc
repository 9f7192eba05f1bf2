// Binary operators step by step, where either side may hold histograms.

#include <cmath>

#include "harness/promql/arithmetic.h"
#include "harness/promql/histogram_math.h"

namespace tocsin::promql {
namespace {

/// One operand at one step.
struct Operand {
  double value = 0;
  NativeHistogramPtr histogram;
};

/// One result: a value, or nothing when a comparison does not hold or the operands do not fit.
struct Outcome {
  double value = 0;
  NativeHistogramPtr histogram;
  bool fits = true;
  bool holds = true;
};

Outcome no_fit() {
  Outcome outcome;
  outcome.fits = outcome.holds = false;
  return outcome;
}

Outcome floats(BinaryOp op, double left, double right) {
  Outcome outcome;
  if (is_comparison(op)) {
    outcome.value = left;
    outcome.holds = apply(op, left, right) != 0;
  } else {
    outcome.value = apply(op, left, right);
  }
  return outcome;
}

template <class F>
Outcome changed(const NativeHistogram& h, bool compacted, F&& change) {
  auto copy = std::make_shared<NativeHistogram>(h);
  change(*copy);
  if (compacted) compact(*copy);
  Outcome outcome;
  outcome.histogram = std::move(copy);
  return outcome;
}

bool is_trim(BinaryOp op) {
  return op == BinaryOp::kTrimUpper || op == BinaryOp::kTrimLower;
}

class StepOperator {
 public:
  StepOperator(Evaluation& evaluation, BinaryOp op, TextRange range)
      : evaluation_(evaluation), op_(op), range_(range) {}

  Outcome apply(const Operand& left, const Operand& right) {
    if (!left.histogram && !right.histogram && !is_trim(op_)) {
      return floats(op_, left.value, right.value);
    }
    if (left.histogram && right.histogram) return histograms(left, right);
    if (right.histogram && op_ == BinaryOp::kMul) {
      return changed(*right.histogram, true, [&](NativeHistogram& h) { multiply(h, left.value); });
    }
    if (left.histogram) {
      const double by = right.value;
      switch (op_) {
        case BinaryOp::kMul:
          return changed(*left.histogram, true, [&](NativeHistogram& h) { multiply(h, by); });
        case BinaryOp::kDiv:
          return changed(*left.histogram, true, [&](NativeHistogram& h) { divide(h, by); });
        case BinaryOp::kTrimUpper:
          return changed(*left.histogram, false,
                         [&](NativeHistogram& h) { trim(h, by, TrimSide::kKeepBelow); });
        case BinaryOp::kTrimLower:
          return changed(*left.histogram, false,
                         [&](NativeHistogram& h) { trim(h, by, TrimSide::kKeepAbove); });
        default:
          break;
      }
    }
    return mismatch(left, right);
  }

 private:
  Outcome mismatch(const Operand& left, const Operand& right) {
    const auto kind = [](const Operand& operand) {
      return operand.histogram ? "histogram" : "float";
    };
    evaluation_.note(incompatible_types(kind(left), to_string(op_), kind(right), range_));
    return no_fit();
  }

  Outcome histograms(const Operand& left, const Operand& right) {
    switch (op_) {
      case BinaryOp::kAdd:
      case BinaryOp::kSub:
        return sum(*left.histogram, *right.histogram);
      case BinaryOp::kEqual:
      case BinaryOp::kNotEqual: {
        Outcome outcome;
        outcome.histogram = left.histogram;
        outcome.holds =
            equal_histograms(*left.histogram, *right.histogram) == (op_ == BinaryOp::kEqual);
        return outcome;
      }
      default:
        return mismatch(left, right);
    }
  }

  Outcome sum(const NativeHistogram& left, const NativeHistogram& right) {
    const bool addition = op_ == BinaryOp::kAdd;
    const char* const operation = addition ? "addition" : "subtraction";
    auto result = std::make_shared<NativeHistogram>(left);
    const Combined outcome = addition ? add(*result, right) : subtract(*result, right);
    if (!outcome.compatible) {
      evaluation_.note(incompatible_bucket_layout(to_string(op_), range_));
      return no_fit();
    }
    if (outcome.reset_collision) evaluation_.note(counter_reset_collision(operation, range_));
    if (outcome.bounds_reconciled) {
      evaluation_.note(mismatched_custom_buckets(operation, range_));
    }
    if (!addition) result->hint = CounterResetHint::kGauge;
    compact(*result);
    Outcome kept;
    kept.histogram = std::move(result);
    return kept;
  }

  Evaluation& evaluation_;
  BinaryOp op_;
  TextRange range_;
};

Operand operand_of(const Row* row, const ScalarColumn* scalar, std::size_t i) {
  if (scalar != nullptr) return {(*scalar)[i], nullptr};
  return {row->values[i], row->histograms.empty() ? nullptr : row->histograms[i]};
}

}  // namespace

void Elementwise::mixed(const Row* left, const ScalarColumn* left_scalar, const Row* right,
                        const ScalarColumn* right_scalar, Row& out) {
  StepOperator step(evaluation_, op_, range_);
  // A comparison with a scalar keeps the vector's sample, on whichever side it is.
  const bool keep_right = left_scalar != nullptr && is_comparison(op_);
  const Presence steps = out.present;
  steps.for_each([&](std::size_t i) {
    const Operand a = operand_of(left, left_scalar, i);
    const Operand b = operand_of(right, right_scalar, i);
    Outcome outcome = step.apply(a, b);
    if (!outcome.fits) {
      combined_.reset(i);
      out.present.reset(i);
      return;
    }
    if (keep_right) {
      outcome.value = b.value;
      outcome.histogram = b.histogram;
    }
    if (return_bool_) {
      outcome.value = outcome.holds ? 1 : 0;
      outcome.histogram = nullptr;
      outcome.holds = true;
    }
    if (!outcome.holds) return out.present.reset(i);
    if (!out.histograms.empty()) out.histograms[i] = nullptr;
    if (outcome.histogram) {
      out.set(i, std::move(outcome.histogram));
    } else {
      out.set(i, outcome.value);
    }
  });
}

void negate(Row& row) {
  for (double& value : row.values) value = -value;
  for (NativeHistogramPtr& histogram : row.histograms) {
    if (!histogram) continue;
    auto negative = std::make_shared<NativeHistogram>(*histogram);
    multiply(*negative, -1);
    histogram = std::move(negative);
  }
}

}  // namespace tocsin::promql
