#include "harness/metrics/postings.h"

#include <algorithm>
#include <iterator>

namespace tocsin::metrics {

void Postings::add(SeriesId id, const Labels& labels) {
  labels_.push_back(labels);
  for (const LabelView label : labels_.back()) by_name_[label.name][label.value].push_back(id);
}

std::vector<SeriesId> Postings::with_value(const Matcher& matcher, const ByValue& values,
                                           bool wanted) const {
  if (matcher.op() == MatchOp::kEqual && wanted) {
    const auto found = values.find(matcher.value());
    return found == values.end() ? std::vector<SeriesId>() : found->second;
  }
  std::vector<SeriesId> ids;
  for (const auto& [value, series] : values) {
    if (matcher.matches(value) == wanted) ids.insert(ids.end(), series.begin(), series.end());
  }
  std::sort(ids.begin(), ids.end());  // the lists are disjoint: a series has one value a label
  return ids;
}

std::vector<SeriesId> Postings::select(std::span<const Matcher> matchers) const {
  // A matcher that does not match "" names the series to take; one that does names series to leave
  // out: those that have the label with a value it does not match.
  std::vector<const Matcher*> ordered;
  for (const Matcher& matcher : matchers) ordered.push_back(&matcher);
  const auto takes = [](const Matcher* matcher) { return !matcher->matches(std::string_view()); };
  const auto rank = [&](const Matcher* matcher) {
    if (!takes(matcher)) return 2;
    return matcher->op() == MatchOp::kEqual ? 0 : 1;
  };
  std::stable_sort(ordered.begin(), ordered.end(),
                   [&](const Matcher* a, const Matcher* b) { return rank(a) < rank(b); });

  std::vector<SeriesId> result;
  bool all = true;  // stands for every series
  const auto take_all = [&] {
    result.resize(labels_.size());
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = static_cast<SeriesId>(i);
    all = false;
  };
  for (const Matcher* matcher : ordered) {
    const auto name = by_name_.find(matcher->name());
    if (name == by_name_.end()) {  // nobody has the label
      if (takes(matcher)) return {};
      continue;
    }
    const ByValue& values = name->second;
    if (!all && (matcher->op() != MatchOp::kEqual || !takes(matcher)) &&
        result.size() <= values.size()) {
      std::erase_if(result, [&](SeriesId id) {
        return !matcher->matches(labels_[static_cast<std::size_t>(id)]);
      });
      continue;
    }
    const std::vector<SeriesId> named = with_value(*matcher, values, takes(matcher));
    if (takes(matcher) && all) {
      result = named;
      all = false;
      continue;
    }
    if (all) take_all();
    std::vector<SeriesId> rest;
    if (takes(matcher)) {
      std::set_intersection(result.begin(), result.end(), named.begin(), named.end(),
                            std::back_inserter(rest));
    } else {
      std::set_difference(result.begin(), result.end(), named.begin(), named.end(),
                          std::back_inserter(rest));
    }
    result = std::move(rest);
  }
  if (all) take_all();
  return result;
}

std::vector<std::string_view> Postings::values(std::string_view name) const {
  std::vector<std::string_view> result;
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return result;
  for (const auto& [value, series] : found->second) result.push_back(value);
  return result;
}

std::size_t Postings::bytes() const {
  // A node of a hash map holds the pair, a link and the hash; a bucket holds a pointer.
  constexpr std::size_t kNode = 2 * sizeof(void*);
  std::size_t bytes = labels_.capacity() * sizeof(Labels) + by_name_.bucket_count() * sizeof(void*);
  for (const auto& [name, values] : by_name_) {
    bytes += sizeof(name) + sizeof(values) + kNode + values.bucket_count() * sizeof(void*);
    for (const auto& [value, series] : values) {
      bytes += sizeof(value) + sizeof(series) + kNode + series.capacity() * sizeof(SeriesId);
    }
  }
  return bytes;
}

}  // namespace tocsin::metrics
