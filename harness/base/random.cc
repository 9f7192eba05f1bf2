#include "harness/base/random.h"

#include <cmath>
#include <limits>

#include <boost/random/binomial_distribution.hpp>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/poisson_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>

namespace tocsin {
namespace {

/// FNV-1a, then a finaliser that spreads neighbouring seeds apart (splitmix64's constants).
std::uint64_t derive(std::uint64_t seed, std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ seed;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  hash += 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ULL;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebULL;
  return hash ^ (hash >> 31);
}

}  // namespace

struct Random::Impl {
  boost::random::mt19937_64 engine;
};

Random::Random(std::uint64_t seed) : impl_(std::make_unique<Impl>()) {
  impl_->engine.seed(seed);
}
Random::Random(std::uint64_t seed, std::string_view name) : Random(derive(seed, name)) {}
Random::Random(Random&&) noexcept = default;
Random& Random::operator=(Random&&) noexcept = default;
Random::~Random() = default;

std::uint64_t Random::bits() {
  return impl_->engine();
}

double Random::uniform() {
  return boost::random::uniform_01<double>()(impl_->engine);
}

std::uint64_t Random::below(std::uint64_t n) {
  return boost::random::uniform_int_distribution<std::uint64_t>(0, n - 1)(impl_->engine);
}

double Random::normal(double mean, double standard_deviation) {
  if (!(standard_deviation > 0)) return mean;
  return boost::random::normal_distribution<double>(mean, standard_deviation)(impl_->engine);
}

double Random::exponential(double mean) {
  return boost::random::exponential_distribution<double>(1.0 / mean)(impl_->engine);
}

std::int64_t Random::poisson(double mean) {
  if (!(mean > 0)) return 0;
  // Boost's algorithm counts in its result type; past 1e9 the normal limit is exact enough (1e-5).
  if (mean > 1e9) return std::llround(normal(mean, std::sqrt(mean)));
  return boost::random::poisson_distribution<std::int64_t, double>(mean)(impl_->engine);
}

std::int64_t Random::binomial(std::int64_t n, double p) {
  if (n <= 0 || !(p > 0)) return 0;
  if (p >= 1) return n;
  // Boost's algorithm counts trials in an int; past that the normal limit is exact enough.
  if (n > std::numeric_limits<int>::max() / 2) {
    const double mean = static_cast<double>(n) * p;
    const double drawn = normal(mean, std::sqrt(mean * (1 - p)));
    return std::min(n, std::max<std::int64_t>(0, std::llround(drawn)));
  }
  return boost::random::binomial_distribution<int, double>(static_cast<int>(n), p)(impl_->engine);
}

}  // namespace tocsin
