#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace tocsin {

/// One stream of random draws. The same seed gives the same draws on every platform (Boost.Random's
/// engine and distributions). Every signal has a stream of its own, derived from the scenario's
/// seed and the signal's name, so that adding one signal does not disturb another.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  /// The stream `name` of the family `seed`.
  Random(std::uint64_t seed, std::string_view name);
  Random(Random&&) noexcept;
  Random& operator=(Random&&) noexcept;
  ~Random();

  std::uint64_t bits();
  /// In [0, 1).
  double uniform();
  /// In [0, n), n > 0.
  std::uint64_t below(std::uint64_t n);
  double normal(double mean, double standard_deviation);
  /// mean > 0.
  double exponential(double mean);
  /// mean >= 0, up to 1e15.
  std::int64_t poisson(double mean);
  /// Successes of n trials; p is clamped to [0, 1].
  std::int64_t binomial(std::int64_t n, double p);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin
