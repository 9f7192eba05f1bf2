#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/metrics/postings.h"

namespace tocsin::metrics {

/// Beginnings of lines and the series they stand for. Lines come in much the same order each time:
/// every entry remembers its successor, so that the common case is one comparison of bytes.
class LineCache {
 public:
  using Entry = std::uint32_t;
  static constexpr Entry kNone = UINT32_MAX;

  /// The head that followed last time, if `rest` begins with it; else kNone.
  Entry guess(std::string_view rest) const {
    if (expected_ == kNone) return kNone;
    const Head& head = heads_[expected_];
    return rest.starts_with(head.text) ? expected_ : kNone;
  }
  Entry find(std::string_view head) const;
  /// The entry of a head, made if there is none.
  Entry add(std::string_view head, SeriesId id);
  /// Moves past an entry: it was used, and it followed the one before.
  void advance(Entry entry) {
    (last_ == kNone ? first_ : heads_[last_].next) = entry;
    Head& head = heads_[entry];
    head.used = round_;
    last_ = entry;
    expected_ = head.next;
  }

  std::string_view text(Entry entry) const { return heads_[entry].text; }
  SeriesId id(Entry entry) const { return heads_[entry].id; }
  /// Whether it was used in this round or the one before.
  bool used_lately(Entry entry) const { return heads_[entry].used + 1 >= round_; }

  /// Begins at the top again; forgets what was not used lately when that is most of it.
  void start_round();
  void clear();
  std::size_t size() const { return heads_.size(); }

 private:
  struct Head {
    std::string_view text;
    SeriesId id;
    Entry next = kNone;
    std::uint32_t used = 0;
  };
  std::string_view keep(std::string_view text);

  std::vector<Head> heads_;
  std::unordered_map<std::string_view, Entry> by_text_;
  std::vector<std::unique_ptr<char[]>> blocks_;  ///< the bytes of the heads
  std::size_t block_used_ = 0;
  std::size_t block_size_ = 0;
  Entry first_ = kNone;
  Entry last_ = kNone;
  Entry expected_ = kNone;
  std::uint32_t round_ = 1;
};

}  // namespace tocsin::metrics
