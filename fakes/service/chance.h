#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/random.h"
#include "harness/scenario/scenario.h"

namespace tocsin::fakes {

/// One stream of whole numbers. With noise they are random draws; without, each is the expected
/// number, and what rounding leaves is carried over to the next, so that sums stay exact: `carry`
/// belongs to one quantity and begins at 0.
class Chance {
 public:
  Chance(std::uint64_t seed, std::string_view name, scenario::Noise noise);

  /// Events of which `mean` are expected (Poisson).
  std::int64_t events(double mean, double& carry);
  /// Successes of n trials (binomial).
  std::int64_t successes(std::int64_t n, double p, double& carry);
  /// A whole number whose mean is n * amount: each of n brings the whole part of `amount` and one
  /// more with the probability of its fraction.
  std::int64_t times(std::int64_t n, double amount, double& carry);
  /// 0 without noise.
  double normal(double standard_deviation);
  /// In [0, 1); without noise evenly spread (steps of the golden ratio).
  double uniform();

  bool exact() const { return noise_ == scenario::Noise::kNone; }

 private:
  Random random_;
  scenario::Noise noise_;
  double even_ = 0.5;  ///< the last uniform() without noise
};

/// Splits whole numbers over categories by shares (multinomial), one binomial draw a category.
class Split {
 public:
  Split() = default;
  explicit Split(std::span<const double> shares) { set_shares(shares); }

  /// Shares of any sum; carries are kept when the number of categories stays.
  void set_shares(std::span<const double> shares);
  std::size_t size() const { return conditional_.size(); }
  /// Fills `counts`, as many as categories; they sum to n.
  void draw(std::int64_t n, Chance& chance, std::span<std::int64_t> counts);

 private:
  /// Of what the categories before have left.
  std::vector<double> conditional_;
  std::vector<double> carry_;
};

}  // namespace tocsin::fakes
