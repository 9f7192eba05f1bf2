#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::promql {

/// Which steps of a column have a value: a bitmap, read like a vector<bool>. Bits past size() in
/// the last word are always zero, so that words can be combined and counted as they are.
class Presence {
 public:
  static constexpr std::size_t kBits = 64;

  Presence() = default;
  explicit Presence(std::size_t size, bool value = false) { assign(size, value); }

  bool operator[](std::size_t i) const { return (words_[i / kBits] >> (i % kBits) & 1) != 0; }
  void set(std::size_t i) { words_[i / kBits] |= std::uint64_t{1} << (i % kBits); }
  void reset(std::size_t i) { words_[i / kBits] &= ~(std::uint64_t{1} << (i % kBits)); }
  void set_range(std::size_t begin, std::size_t end) {
    for (; begin < end && begin % kBits != 0; ++begin) set(begin);
    for (; begin + kBits <= end; begin += kBits) words_[begin / kBits] = ~std::uint64_t{0};
    for (; begin < end; ++begin) set(begin);
  }
  void assign(std::size_t size, bool value) {
    size_ = size;
    words_.assign((size + kBits - 1) / kBits, value ? ~std::uint64_t{0} : 0);
    if (value && size % kBits != 0) words_.back() >>= kBits - size % kBits;
  }
  void push_back(bool value) {
    if (size_ % kBits == 0) words_.push_back(0);
    if (value) words_.back() |= std::uint64_t{1} << (size_ % kBits);
    ++size_;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::size_t count() const {
    std::size_t n = 0;
    for (const std::uint64_t word : words_) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }
  bool none() const {
    for (const std::uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }
  bool all() const { return count() == size_; }
  bool overlaps(const Presence& other) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      if ((words_[w] & other.words_[w]) != 0) return true;
    }
    return false;
  }

  /// In place, between presences of one size.
  Presence& operator|=(const Presence& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] |= other.words_[w];
    return *this;
  }
  Presence& operator&=(const Presence& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= other.words_[w];
    return *this;
  }
  /// Clears what `other` has.
  Presence& operator-=(const Presence& other) {
    for (std::size_t w = 0; w < words_.size(); ++w) words_[w] &= ~other.words_[w];
    return *this;
  }
  bool operator==(const Presence&) const = default;

  /// Bit i of word w is step w * 64 + i.
  std::span<const std::uint64_t> words() const { return words_; }
  std::span<std::uint64_t> words() { return words_; }

  /// Calls f(i) for each i that is set, in order.
  template <class F>
  void for_each(F&& f) const {
    for (std::size_t w = 0; w < words_.size(); ++w) {
      for (std::uint64_t word = words_[w]; word != 0; word &= word - 1) {
        f(w * kBits + static_cast<std::size_t>(std::countr_zero(word)));
      }
    }
  }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_ = 0;
};

}  // namespace tocsin::promql
