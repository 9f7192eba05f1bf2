#include <algorithm>
#include <cmath>

#include "harness/promql/exponential_bounds.h"
#include "harness/promql/histogram_math.h"

namespace tocsin::promql {
namespace {

/// Where a bucket of some custom bounds goes among fewer bounds.
std::int32_t index_among(std::span<const double> bounds, std::int32_t index,
                         std::span<const double> fewer) {
  const auto i = static_cast<std::size_t>(index);
  if (i >= bounds.size()) return static_cast<std::int32_t>(fewer.size());
  return static_cast<std::int32_t>(std::lower_bound(fewer.begin(), fewer.end(), bounds[i]) -
                                   fewer.begin());
}

std::vector<IndexedCount> remapped(std::span<const IndexedCount> buckets,
                                   std::span<const double> bounds, std::span<const double> fewer) {
  std::vector<IndexedCount> result;
  for (const auto& [index, count] : buckets) {
    const std::int32_t target = index_among(bounds, index, fewer);
    if (!result.empty() && result.back().index == target) {
      result.back().count += count;
    } else {
      result.push_back({target, count});
    }
  }
  return result;
}

}  // namespace

HistogramSum::HistogramSum(const NativeHistogram& first)
    : count_{first.count, 0}, sum_{first.sum, 0}, zero_{first.zero_count, 0} {
  shape_.hint = first.hint;
  shape_.schema = first.schema;
  shape_.zero_threshold = first.zero_threshold;
  shape_.custom_bounds = first.custom_bounds;
  const auto slots = [](const auto& spans, const auto& counts) {
    Slots result;
    for (const auto& [index, count] : indexed(spans, counts)) {
      result.push_back({index, {count, 0}});
    }
    return result;
  };
  positive_ = slots(first.positive_spans, first.positive_buckets);
  negative_ = slots(first.negative_spans, first.negative_buckets);
}

bool HistogramSum::merge_hint(CounterResetHint other) {
  CounterResetHint& hint = shape_.hint;
  if (other == hint || hint == CounterResetHint::kGauge) return false;
  if (other == CounterResetHint::kGauge) {
    hint = CounterResetHint::kGauge;
    return false;
  }
  const bool collision = hint != CounterResetHint::kUnknown && other != CounterResetHint::kUnknown;
  hint = CounterResetHint::kUnknown;
  return collision;
}

void HistogramSum::swallow_in_zero(Slots& slots) const {
  std::erase_if(slots, [this](const Slot& slot) {
    return exponential_bound(slot.index - 1, shape_.schema) < shape_.zero_threshold ||
           slot.total.value() == 0;
  });
}

double HistogramSum::reconciled_zero(const NativeHistogram& other) {
  const auto values = [](const Slots& slots) {
    std::vector<IndexedCount> list;
    for (const Slot& slot : slots) list.push_back({slot.index, slot.total.value()});
    return list;
  };
  WidenedZero theirs{other.zero_count, other.zero_threshold};
  while (theirs.threshold != shape_.zero_threshold) {
    if (shape_.zero_threshold > theirs.threshold) {
      theirs = widened_zero(other.zero_count, shape_.zero_threshold, other.schema,
                            indexed(other.positive_spans, other.positive_buckets),
                            indexed(other.negative_spans, other.negative_buckets));
    }
    if (theirs.threshold > shape_.zero_threshold) {
      const WidenedZero mine = widened_zero(zero_.value(), theirs.threshold, shape_.schema,
                                            values(positive_), values(negative_));
      zero_ = {mine.count, 0};
      shape_.zero_threshold = mine.threshold;
      swallow_in_zero(positive_);
      swallow_in_zero(negative_);
    }
  }
  return theirs.count;
}

void HistogramSum::coarsen(int schema) {
  const int shift = shape_.schema - schema;
  for (Slots* slots : {&positive_, &negative_}) {
    Slots result;
    for (const Slot& slot : *slots) {
      const std::int32_t target = ((slot.index - 1) >> shift) + 1;
      if (!result.empty() && result.back().index == target) {
        result.back().total.add(slot.total);
      } else {
        result.push_back({target, slot.total});
      }
    }
    *slots = std::move(result);
  }
  shape_.schema = schema;
}

void HistogramSum::intersect_bounds(std::span<const double> other_bounds) {
  std::vector<double> common;
  std::set_intersection(shape_.custom_bounds.begin(), shape_.custom_bounds.end(),
                        other_bounds.begin(), other_bounds.end(), std::back_inserter(common));
  Slots result;
  for (const Slot& slot : positive_) {
    const std::int32_t target = index_among(shape_.custom_bounds, slot.index, common);
    if (!result.empty() && result.back().index == target) {
      result.back().total.add(slot.total);
    } else {
      result.push_back({target, slot.total});
    }
  }
  positive_ = std::move(result);
  shape_.custom_bounds = std::move(common);
}

void HistogramSum::merge(Slots& slots, std::span<const IndexedCount> buckets, double sign) const {
  // Buckets that lie within the zero bucket were counted there.
  if (!has_custom_buckets(shape_)) {
    while (!buckets.empty() &&
           exponential_bound(buckets.front().index, shape_.schema) <= shape_.zero_threshold) {
      buckets = buckets.subspan(1);
    }
  }
  Slots result;
  result.reserve(slots.size() + buckets.size());
  auto slot = slots.begin();
  for (const auto& [index, count] : buckets) {
    while (slot != slots.end() && slot->index < index) result.push_back(*slot++);
    if (slot != slots.end() && slot->index == index) {
      result.push_back(*slot++);
    } else {
      result.push_back({index, {}});
    }
    result.back().total.add(sign * count);
  }
  result.insert(result.end(), slot, slots.end());
  slots = std::move(result);
}

Combined HistogramSum::combine(const NativeHistogram& other, double sign) {
  Combined outcome;
  if (has_custom_buckets(shape_) != has_custom_buckets(other)) {
    outcome.compatible = false;
    return outcome;
  }
  outcome.reset_collision = merge_hint(other.hint);
  if (!has_custom_buckets(shape_)) zero_.add(sign * reconciled_zero(other));
  count_.add(sign * other.count);
  sum_.add(sign * other.sum);
  std::vector<IndexedCount> positive = indexed(other.positive_spans, other.positive_buckets);
  if (has_custom_buckets(shape_)) {
    if (shape_.custom_bounds != other.custom_bounds) {
      outcome.bounds_reconciled = true;
      intersect_bounds(other.custom_bounds);
      positive = remapped(positive, other.custom_bounds, shape_.custom_bounds);
    }
    merge(positive_, positive, sign);
    if (outcome.bounds_reconciled) {
      std::erase_if(positive_, [](const Slot& slot) { return slot.total.value() == 0; });
    }
    return outcome;
  }
  std::vector<IndexedCount> negative = indexed(other.negative_spans, other.negative_buckets);
  if (other.schema < shape_.schema) {
    coarsen(other.schema);
  } else if (other.schema > shape_.schema) {
    positive = coarsened(positive, other.schema, shape_.schema);
    negative = coarsened(negative, other.schema, shape_.schema);
  }
  merge(positive_, positive, sign);
  merge(negative_, negative, sign);
  return outcome;
}

void HistogramSum::scale(double factor) {
  const auto by_factor = [factor](CompensatedSum& total) {
    total.sum *= factor;
    total.error *= factor;
  };
  for (CompensatedSum* total : {&count_, &sum_, &zero_}) by_factor(*total);
  for (Slot& slot : positive_) by_factor(slot.total);
  for (Slot& slot : negative_) by_factor(slot.total);
}

bool HistogramSum::overflows() const {
  const auto infinite = [](const Slot& slot) { return std::isinf(slot.total.sum); };
  return std::isinf(count_.sum) || std::isinf(sum_.sum) || std::isinf(zero_.sum) ||
         std::any_of(positive_.begin(), positive_.end(), infinite) ||
         std::any_of(negative_.begin(), negative_.end(), infinite);
}

NativeHistogram HistogramSum::value() const {
  NativeHistogram h = shape_;
  h.count = count_.value();
  h.sum = sum_.value();
  h.zero_count = zero_.value();
  const auto keep = [](const Slots& slots, auto& spans, auto& counts) {
    std::vector<IndexedCount> buckets;
    for (const Slot& slot : slots) buckets.push_back({slot.index, slot.total.value()});
    store(buckets, spans, counts);
  };
  keep(positive_, h.positive_spans, h.positive_buckets);
  keep(negative_, h.negative_spans, h.negative_buckets);
  return h;
}

Combined add(NativeHistogram& to, const NativeHistogram& other) {
  HistogramSum sum(to);
  const Combined outcome = sum.add(other);
  if (outcome.compatible) to = sum.value();
  return outcome;
}

Combined subtract(NativeHistogram& from, const NativeHistogram& other) {
  HistogramSum sum(from);
  const Combined outcome = sum.subtract(other);
  if (outcome.compatible) from = sum.value();
  return outcome;
}

}  // namespace tocsin::promql
