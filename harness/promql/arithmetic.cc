#include "harness/promql/arithmetic.h"

#include <bit>
#include <cmath>

#include "harness/base/check.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

constexpr std::size_t kBlock = Presence::kBits;

/// Both index like arrays; the compiler sees which is which.
struct Values {
  const double* data;
  double operator[](std::size_t i) const { return data[i]; }
};
struct Constant {
  double value;
  double operator[](std::size_t) const { return value; }
};

/// out[i] = f(left[i], right[i]), in whole blocks where any step of the block has a value. `out`
/// may be one of the operands, never a shifted part of one.
template <class Left, class Right, class F>
void in_blocks(Left left, Right right, Row& out, F f) {
  double* const to = out.values.data();
  const std::span<const std::uint64_t> words = std::as_const(out.present).words();
  for (std::size_t w = 0; w < words.size(); ++w) {
    if (words[w] == 0) continue;
    const std::size_t base = w * kBlock;
    if (base + kBlock <= out.steps()) {
#pragma GCC ivdep
      for (std::size_t j = 0; j < kBlock; ++j) to[base + j] = f(left[base + j], right[base + j]);
    } else {
      for (std::size_t i = base; i < out.steps(); ++i) to[i] = f(left[i], right[i]);
    }
  }
}

/// The same one by one, for what is slow to compute.
template <class Left, class Right, class F>
void one_by_one(Left left, Right right, Row& out, F f) {
  out.present.for_each([&](std::size_t i) { out.values[i] = f(left[i], right[i]); });
}

double modulo(double a, double b) {
  return std::fmod(a, b);
}
double power(double a, double b) {
  return std::pow(a, b);
}
double arc_tangent(double a, double b) {
  return std::atan2(a, b);
}

}  // namespace

double apply(BinaryOp op, double left, double right) {
  const auto truth = [](bool holds) { return holds ? 1.0 : 0.0; };
  switch (op) {
    case BinaryOp::kAdd:
      return left + right;
    case BinaryOp::kSub:
      return left - right;
    case BinaryOp::kMul:
      return left * right;
    case BinaryOp::kDiv:
      return left / right;
    case BinaryOp::kMod:
      return modulo(left, right);
    case BinaryOp::kPow:
      return power(left, right);
    case BinaryOp::kAtan2:
      return arc_tangent(left, right);
    case BinaryOp::kEqual:
      return truth(left == right);
    case BinaryOp::kNotEqual:
      return truth(left != right);
    case BinaryOp::kGreater:
      return truth(left > right);
    case BinaryOp::kLess:
      return truth(left < right);
    case BinaryOp::kGreaterEqual:
      return truth(left >= right);
    case BinaryOp::kLessEqual:
      return truth(left <= right);
    default:
      TOCSIN_CHECK(false, "set and trim operators do not get to scalars");
  }
  return 0;
}

double go_max(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) {
    return a == kInfinity || b == kInfinity ? kInfinity : std::numeric_limits<double>::quiet_NaN();
  }
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return std::max(a, b);
}

double go_min(double a, double b) {
  return -go_max(-a, -b);
}

bool Elementwise::changes_meaning() const {
  switch (op_) {
    case BinaryOp::kAdd:
    case BinaryOp::kSub:
    case BinaryOp::kMul:
    case BinaryOp::kDiv:
    case BinaryOp::kMod:
    case BinaryOp::kPow:
      return true;
    case BinaryOp::kAtan2:
      return !evaluation_.options.version_2;
    default:
      return false;
  }
}

template <class Left, class Right, class Test>
void Elementwise::compare(Left left, Right right, Test test, const double* kept, Row& out) {
  const std::span<std::uint64_t> words = out.present.words();
  for (std::size_t w = 0; w < words.size(); ++w) {
    if (words[w] == 0) continue;
    const std::size_t base = w * kBlock;
    const std::size_t count = std::min(kBlock, out.steps() - base);
    std::uint64_t holds = 0;
    for (std::size_t j = 0; j < count; ++j) {
      holds |= std::uint64_t{test(left[base + j], right[base + j])} << j;
    }
    if (return_bool_) {
      for (std::size_t j = 0; j < count; ++j) {
        out.values[base + j] = static_cast<double>(holds >> j & 1);
      }
      continue;
    }
    words[w] &= holds;
    if (kept != out.values.data()) {
      std::copy(kept + base, kept + base + count, out.values.data() + base);
    }
  }
}

template <class Left, class Right>
void Elementwise::floats(Left left, Right right, const double* kept, Row& out) {
  switch (op_) {
    case BinaryOp::kAdd:
      return in_blocks(left, right, out, std::plus<>());
    case BinaryOp::kSub:
      return in_blocks(left, right, out, std::minus<>());
    case BinaryOp::kMul:
      return in_blocks(left, right, out, std::multiplies<>());
    case BinaryOp::kDiv:
      return in_blocks(left, right, out, std::divides<>());
    case BinaryOp::kMod:
      return one_by_one(left, right, out, modulo);
    case BinaryOp::kPow:
      return one_by_one(left, right, out, power);
    case BinaryOp::kAtan2:
      return one_by_one(left, right, out, arc_tangent);
    case BinaryOp::kEqual:
      return compare(left, right, std::equal_to<>(), kept, out);
    case BinaryOp::kNotEqual:
      return compare(left, right, std::not_equal_to<>(), kept, out);
    case BinaryOp::kGreater:
      return compare(left, right, std::greater<>(), kept, out);
    case BinaryOp::kLess:
      return compare(left, right, std::less<>(), kept, out);
    case BinaryOp::kGreaterEqual:
      return compare(left, right, std::greater_equal<>(), kept, out);
    case BinaryOp::kLessEqual:
      return compare(left, right, std::less_equal<>(), kept, out);
    default:
      // Trimming wants a histogram on the left.
      if (!out.present.none()) {
        evaluation_.note(incompatible_types("float", to_string(op_), "float", range_));
      }
      combined_.assign(out.steps(), false);
      out.present.assign(out.steps(), false);
  }
}

void Elementwise::apply(const Row& left, const Row& right, Row& out) {
  combined_ = out.present;
  if (left.has_histograms() || right.has_histograms()) {
    return mixed(&left, nullptr, &right, nullptr, out);
  }
  floats(Values{left.values.data()}, Values{right.values.data()}, left.values.data(), out);
}

void Elementwise::apply(Row& row, const ScalarColumn& scalar, bool swapped) {
  combined_ = row.present;
  if (row.has_histograms()) {
    return swapped ? mixed(nullptr, &scalar, &row, nullptr, row)
                   : mixed(&row, nullptr, nullptr, &scalar, row);
  }
  const Values values{row.values.data()};
  const double* kept = row.values.data();
  if (scalar.constant()) {
    const Constant constant{scalar.values.front()};
    return swapped ? floats(constant, values, kept, row) : floats(values, constant, kept, row);
  }
  const Values column{scalar.values.data()};
  return swapped ? floats(column, values, kept, row) : floats(values, column, kept, row);
}

}  // namespace tocsin::promql
