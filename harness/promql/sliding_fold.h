#pragma once

#include <cstddef>
#include <vector>

namespace tocsin::promql {

/// Folds a window that only moves forward over a sequence, in constant amortised time a step and
/// without ever subtracting, so that a spike leaves nothing behind when it leaves the window. The
/// window is kept in two parts,
///
///     lo ────── back ──────► middle ────── front ──────► hi
///
/// back as the folds of all its suffixes, front as one running fold; when lo passes the middle, the
/// whole window becomes the back.
///
/// Fold has a State and two functions: State one(std::size_t i) for the i-th element and
/// State join(const State& left, const State& right).
template <class Fold>
class SlidingFold {
 public:
  using State = typename Fold::State;

  explicit SlidingFold(Fold fold) : fold_(fold) {}

  /// The fold of [lo, hi); neither bound ever decreases, and lo < hi.
  State slide(std::size_t lo, std::size_t hi) {
    if (lo >= middle_) {
      rebuild(lo, hi);
      return back_.front();
    }
    for (; hi_ < hi; ++hi_) {
      front_ = hi_ == middle_ ? fold_.one(hi_) : fold_.join(front_, fold_.one(hi_));
    }
    const State& suffix = back_[lo - base_];
    return hi_ == middle_ ? suffix : fold_.join(suffix, front_);
  }

 private:
  void rebuild(std::size_t lo, std::size_t hi) {
    base_ = lo;
    middle_ = hi_ = hi;
    back_.resize(hi - lo);
    back_.back() = fold_.one(hi - 1);
    for (std::size_t i = hi - 1; i-- > lo;) {
      back_[i - lo] = fold_.join(fold_.one(i), back_[i - lo + 1]);
    }
  }

  Fold fold_;
  std::vector<State> back_;
  State front_{};
  std::size_t base_ = 0;
  std::size_t middle_ = 0;
  std::size_t hi_ = 0;
};

}  // namespace tocsin::promql
