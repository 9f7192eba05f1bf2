#include "harness/metrics/line_cache.h"

#include <algorithm>
#include <cstring>

namespace tocsin::metrics {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;
/// Forgetting below this size is not worth the work.
constexpr std::size_t kSpareHeads = 256;

}  // namespace

LineCache::Entry LineCache::find(std::string_view head) const {
  const auto found = by_text_.find(head);
  return found == by_text_.end() ? kNone : found->second;
}

LineCache::Entry LineCache::add(std::string_view head, SeriesId id) {
  if (const Entry known = find(head); known != kNone) return known;
  const auto entry = static_cast<Entry>(heads_.size());
  heads_.push_back({keep(head), id});
  by_text_.emplace(heads_.back().text, entry);
  return entry;
}

std::string_view LineCache::keep(std::string_view text) {
  if (block_size_ - block_used_ < text.size()) {
    block_size_ = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique<char[]>(block_size_));
    block_used_ = 0;
  }
  char* const to = blocks_.back().get() + block_used_;
  std::memcpy(to, text.data(), text.size());
  block_used_ += text.size();
  return {to, text.size()};
}

void LineCache::start_round() {
  const auto used = [&](const Head& head) { return head.used == round_; };
  const auto lately = static_cast<std::size_t>(std::count_if(heads_.begin(), heads_.end(), used));
  if (heads_.size() > 2 * lately + kSpareHeads) {
    LineCache kept;
    Entry last = kNone;
    for (const Head& head : heads_) {
      if (!used(head)) continue;
      const Entry entry = kept.add(head.text, head.id);
      if (last != kNone) kept.heads_[last].next = entry;
      kept.heads_[entry].used = round_;
      last = entry;
    }
    kept.first_ = kept.heads_.empty() ? kNone : 0;
    kept.round_ = round_;
    *this = std::move(kept);
  }
  ++round_;
  last_ = kNone;
  expected_ = first_;
}

void LineCache::clear() {
  *this = LineCache();
}

}  // namespace tocsin::metrics
