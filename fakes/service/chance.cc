#include "fakes/service/chance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/base/check.h"

namespace tocsin::fakes {
namespace {

/// The nearest whole number to `expected` and what was left over before.
std::int64_t round_with(double expected, double& carry) {
  const double wanted = expected + carry;
  const double whole = std::floor(wanted + 0.5);
  carry = wanted - whole;
  return static_cast<std::int64_t>(whole);
}

}  // namespace

Chance::Chance(std::uint64_t seed, std::string_view name, scenario::Noise noise)
    : random_(seed, name), noise_(noise) {}

std::int64_t Chance::events(double mean, double& carry) {
  if (!(mean > 0)) return 0;
  if (exact()) return std::max<std::int64_t>(0, round_with(mean, carry));
  return random_.poisson(mean);
}

std::int64_t Chance::successes(std::int64_t n, double p, double& carry) {
  if (n <= 0 || !(p > 0)) return 0;
  if (p >= 1) return n;
  if (!exact()) return random_.binomial(n, p);
  return std::clamp<std::int64_t>(round_with(static_cast<double>(n) * p, carry), 0, n);
}

std::int64_t Chance::times(std::int64_t n, double amount, double& carry) {
  if (n <= 0 || !(amount > 0)) return 0;
  const double whole = std::floor(amount);
  return n * static_cast<std::int64_t>(whole) + successes(n, amount - whole, carry);
}

double Chance::normal(double standard_deviation) {
  return exact() ? 0 : random_.normal(0, standard_deviation);
}

double Chance::uniform() {
  if (!exact()) return random_.uniform();
  even_ += std::numbers::phi - 1;
  even_ -= std::floor(even_);
  return even_;
}

void Split::set_shares(std::span<const double> shares) {
  conditional_.resize(shares.size());
  carry_.resize(shares.size());
  double rest = 0;
  for (std::size_t i = shares.size(); i-- > 0;) {
    rest += shares[i];
    conditional_[i] = rest > 0 ? shares[i] / rest : 0;
  }
}

void Split::draw(std::int64_t n, Chance& chance, std::span<std::int64_t> counts) {
  TOCSIN_CHECK(counts.size() == conditional_.size(), "a count for each category");
  if (counts.empty()) return;
  const std::size_t last = counts.size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    counts[i] = chance.successes(n, conditional_[i], carry_[i]);
    n -= counts[i];
  }
  counts[last] = n;
}

}  // namespace tocsin::fakes
