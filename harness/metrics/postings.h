#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/model/labels.h"
#include "harness/model/matcher.h"

namespace tocsin::metrics {

/// A series of one store; ids count up from 0.
enum class SeriesId : std::uint32_t {};

/// Which series carry which label: for each name and value an ascending list of series.
class Postings {
 public:
  /// `id` is one more than the last. Keeps a copy of `labels`, and views of its bytes.
  void add(SeriesId id, const Labels& labels);
  /// Series that match all, ascending. As in Prometheus an absent label is an empty one.
  std::vector<SeriesId> select(std::span<const Matcher> matchers) const;
  /// Distinct values of a label, in no order.
  std::vector<std::string_view> values(std::string_view name) const;
  std::size_t bytes() const;

 private:
  using ByValue = std::unordered_map<std::string_view, std::vector<SeriesId>>;

  /// Series with a value of the matcher's label for which matches() is `wanted`, ascending.
  std::vector<SeriesId> with_value(const Matcher& matcher, const ByValue& values,
                                   bool wanted) const;

  std::vector<Labels> labels_;  ///< by series; they own the bytes that the keys below view
  std::unordered_map<std::string_view, ByValue> by_name_;
};

}  // namespace tocsin::metrics
