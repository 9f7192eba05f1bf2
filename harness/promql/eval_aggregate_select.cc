// topk, bottomk, limitk, limit_ratio and count_values.

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "harness/base/utf8.h"
#include "harness/promql/aggregator.h"
#include "harness/promql/label_hash.h"
#include "harness/promql/literals.h"
#include "harness/promql/native_histogram_text.h"

namespace tocsin::promql {
namespace {

struct ParameterBounds {
  double lowest = std::numeric_limits<double>::infinity();
  double highest = -std::numeric_limits<double>::infinity();
  bool any_nan = false;

  explicit ParameterBounds(const ScalarColumn& parameter) {
    for (const double value : parameter.values) {
      any_nan = any_nan || std::isnan(value);
      lowest = std::min(lowest, value);
      highest = std::max(highest, value);
    }
  }
};

/// The largest k of all steps; 0 when there is nothing to select anywhere.
std::size_t largest_k(const AggregateContext& context) {
  const ParameterBounds bounds(context.parameter);
  const TextRange range = context.node.parameter->range;
  if (bounds.any_nan) context.evaluation.fail("Parameter value is NaN", range);
  if (bounds.highest < 1) return 0;
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  if (bounds.lowest <= -kEnd) {
    context.evaluation.fail("Scalar value " + format_g(bounds.lowest) + " underflows int64", range);
  }
  if (bounds.highest >= kEnd) {
    context.evaluation.fail("Scalar value " + format_g(bounds.highest) + " overflows int64", range);
  }
  return static_cast<std::size_t>(bounds.highest);
}

/// The k best values at each step, as heaps with the worst on top, all in one array. Ties are
/// resolved as Go's container/heap does, so that the same series stay as in Prometheus.
class TopHeaps {
 public:
  struct Entry {
    double value = 0;
    std::uint32_t row = 0;
  };

  /// Prometheus 2 took the worst entry out before it put a better one in, which decides ties
  /// differently.
  TopHeaps(Evaluation& evaluation, std::size_t steps, bool largest)
      : evaluation_(&evaluation),
        sizes_(steps, 0),
        bars_(steps, std::numeric_limits<double>::quiet_NaN()),
        entries_(steps * room_),
        largest_(largest),
        pops_first_(evaluation.options.version_2) {
    evaluation.charge(entries_.size());
  }

  /// Whether offer() may take any of a block's values, a value for each step from `step` on.
  static constexpr std::size_t kBlock = 16;
  bool may_take_any(std::size_t step, const double* values) const {
    const double* bars = &bars_[step];
    return largest_ ? any_above(values, bars) : any_above(bars, values);
  }

  void offer(std::size_t step, std::size_t k, Entry entry) {
    Entry* heap = &entries_[step * room_];
    std::uint32_t& size = sizes_[step];
    if (size < k) {
      if (size == room_) {
        grow();
        heap = &entries_[step * room_];
      }
      heap[size] = entry;
      sift_up(heap, size++);
    } else if (beats(entry.value, heap[0].value)) {
      replace_top(heap, size, entry);
    }
    if (size >= k) bars_[step] = heap[0].value;
  }

  /// Best first; equal ones as Go's sort leaves them, which for a dozen or fewer is an insertion
  /// sort.
  std::span<Entry> sorted(std::size_t step) {
    Entry* heap = &entries_[step * room_];
    const std::size_t size = sizes_[step];
    if (size > kFew) {
      std::stable_sort(heap, heap + size, [this](const Entry& a, const Entry& b) {
        return worse(b, a) && !(std::isnan(a.value) && std::isnan(b.value));
      });
      return {heap, size};
    }
    for (std::size_t i = 1; i < size; ++i) {
      for (std::size_t j = i; j > 0 && worse(heap[j - 1], heap[j]); --j) {
        std::swap(heap[j - 1], heap[j]);
      }
    }
    return {heap, size};
  }

 private:
  /// Whether any of a block's values is above its neighbour's, or either is a NaN.
  static bool any_above(const double* a, const double* b) {
    double above = 0;
    for (std::size_t j = 0; j < kBlock; ++j) above += a[j] <= b[j] ? 0 : 1;
    return above != 0;
  }

  void replace_top(Entry* heap, std::size_t size, Entry entry) const {
    if (!pops_first_) {
      heap[0] = entry;
      return sift_down(heap, size);
    }
    heap[0] = heap[size - 1];
    sift_down(heap, size - 1);
    heap[size - 1] = entry;
    sift_up(heap, size - 1);
  }
  bool beats(double value, double top) const {
    return (largest_ ? top < value : top > value) ||
           (std::isnan(top) && (pops_first_ || !std::isnan(value)));
  }
  /// A NaN is worse than all, other NaNs included: no order, but Prometheus' heaps have it so.
  bool worse(const Entry& a, const Entry& b) const {
    if (std::isnan(a.value)) return true;
    return largest_ ? a.value < b.value : a.value > b.value;
  }
  void sift_up(Entry* heap, std::size_t i) const {
    while (i > 0 && worse(heap[i], heap[(i - 1) / 2])) {
      std::swap(heap[i], heap[(i - 1) / 2]);
      i = (i - 1) / 2;
    }
  }
  void sift_down(Entry* heap, std::size_t size) const {
    for (std::size_t i = 0;;) {
      std::size_t child = 2 * i + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(heap[child + 1], heap[child])) ++child;
      if (!worse(heap[child], heap[i])) return;
      std::swap(heap[child], heap[i]);
      i = child;
    }
  }
  void grow() {
    const std::size_t room = room_ * 2;
    evaluation_->charge(sizes_.size() * room_);
    std::vector<Entry> entries(sizes_.size() * room);
    for (std::size_t s = 0; s < sizes_.size(); ++s) {
      std::copy_n(&entries_[s * room_], sizes_[s], &entries[s * room]);
    }
    entries_ = std::move(entries);
    room_ = room;
  }

  static constexpr std::size_t kFew = 12;

  Evaluation* evaluation_;
  std::size_t room_ = 4;
  std::vector<std::uint32_t> sizes_;
  std::vector<double> bars_;  ///< what a value must beat at each step; NaN: ask offer()
  std::vector<Entry> entries_;
  bool largest_;
  bool pops_first_;
};

/// The rows that were selected at some step, in order of first selection.
class SelectedRows {
 public:
  SelectedRows(std::size_t steps, const std::vector<Row>& heads)
      : steps_(steps), heads_(heads), at_(heads.size(), kNone) {}

  Row& of(std::uint32_t head) {
    if (at_[head] == kNone) {
      at_[head] = rows_.size();
      rows_.emplace_back();
      rows_.back().clear(steps_);
      rows_.back().labels = heads_[head].labels;
      rows_.back().drop_name = heads_[head].drop_name;
    }
    return rows_[at_[head]];
  }
  std::vector<Row>& all() { return rows_; }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t steps_;
  const std::vector<Row>& heads_;
  std::vector<std::size_t> at_;
  std::vector<Row> rows_;
};

bool has_histogram_sample(const Row& row) {
  return std::any_of(row.histograms.begin(), row.histograms.end(),
                     [](const NativeHistogramPtr& histogram) { return histogram != nullptr; });
}

/// Offers a row's values. Most are not among the best, which is found out a block at a time.
void offer_all(const AggregateContext& context, const Row& row, std::uint32_t head,
               TopHeaps& heaps) {
  const auto offer = [&](std::size_t i) {
    const double wanted = context.parameter[i];
    if (wanted >= 1) heaps.offer(i, static_cast<std::size_t>(wanted), {row.values[i], head});
  };
  const std::span<const std::uint64_t> words = row.present.words();
  for (std::size_t w = 0; w < words.size(); ++w) {
    const std::size_t base = w * Presence::kBits;
    context.evaluation.work(static_cast<std::size_t>(std::popcount(words[w])));
    if (words[w] == ~std::uint64_t{0}) {
      for (std::size_t i = base; i < base + Presence::kBits; i += TopHeaps::kBlock) {
        if (!heaps.may_take_any(i, &row.values[i])) continue;
        for (std::size_t j = i; j < i + TopHeaps::kBlock; ++j) offer(j);
      }
      continue;
    }
    for (std::uint64_t rest = words[w]; rest != 0; rest &= rest - 1) {
      offer(base + static_cast<std::size_t>(std::countr_zero(rest)));
    }
  }
}

}  // namespace

void evaluate_topk(AggregateContext& context, RowSink sink) {
  const std::size_t steps = context.timeline.steps();
  const std::size_t k = largest_k(context);
  const Grouping grouping(context.node);
  const bool largest = context.node.op == AggregateOp::kTopk;
  std::unordered_map<Labels, std::size_t> index;
  std::vector<TopHeaps> groups;
  std::vector<Row> heads;  // labels only
  context.evaluation.rows(*context.node.argument, context.timeline, [&](Row& row) {
    if (k == 0) return;
    if (has_histogram_sample(row)) {
      context.evaluation.note(
          histogram_ignored_in_aggregation(to_string(context.node.op), context.node.range));
      row.keep_floats();
    }
    const auto [found, is_new] = index.try_emplace(grouping.of(row.labels), groups.size());
    if (is_new) {
      groups.emplace_back(context.evaluation, steps, largest);
    }
    TopHeaps& heaps = groups[found->second];
    const auto head = static_cast<std::uint32_t>(heads.size());
    heads.emplace_back();
    heads.back().labels = row.labels;
    heads.back().drop_name = row.drop_name;
    offer_all(context, row, head, heaps);
  });
  SelectedRows selected(steps, heads);
  for (TopHeaps& heaps : groups) {
    for (std::size_t i = 0; i < steps; ++i) {
      for (const TopHeaps::Entry& entry : heaps.sorted(i)) {
        selected.of(entry.row).set(i, entry.value);
      }
    }
  }
  context.evaluation.charge(selected.all().size() * steps);
  for (Row& row : selected.all()) sink(row);
}

void evaluate_limitk(AggregateContext& context, RowSink sink) {
  const std::size_t k = largest_k(context);
  const Grouping grouping(context.node);
  std::unordered_map<Labels, std::vector<std::uint32_t>> taken;
  context.evaluation.rows(*context.node.argument, context.timeline, [&](Row& row) {
    if (k == 0) return;
    std::vector<std::uint32_t>& counts = taken[grouping.of(row.labels)];
    counts.resize(row.steps());
    Presence kept(row.steps());
    row.present.for_each([&](std::size_t i) {
      const double wanted = context.parameter[i];
      if (wanted < 1 || counts[i] >= static_cast<std::size_t>(wanted)) return;
      ++counts[i];
      kept.set(i);
    });
    if (kept.none()) return;
    row.present = kept;
    sink(row);
  });
}

void evaluate_limit_ratio(AggregateContext& context, RowSink sink) {
  const ParameterBounds bounds(context.parameter);
  const TextRange range = context.node.parameter->range;
  const bool nothing = bounds.highest == 0 && bounds.lowest == 0;
  if (bounds.any_nan) context.evaluation.fail("Ratio value is NaN", range);
  if (bounds.highest > 1) context.evaluation.note(invalid_ratio(bounds.highest, 1, range));
  if (bounds.lowest < -1) context.evaluation.note(invalid_ratio(bounds.lowest, -1, range));
  context.evaluation.rows(*context.node.argument, context.timeline, [&](Row& row) {
    if (nothing) return;
    const double offset = static_cast<double>(label_hash(row.labels)) /
                          static_cast<double>(std::numeric_limits<std::uint64_t>::max());
    Presence kept = row.present;
    row.present.for_each([&](std::size_t i) {
      const double ratio = std::clamp(context.parameter[i], -1.0, 1.0);
      const bool taken = ratio >= 0 ? offset < ratio : offset >= 1 + ratio;
      if (!taken) kept.reset(i);
    });
    if (kept.none()) return;
    row.present = kept;
    sink(row);
  });
}

namespace {

/// The steps at which a value was seen, once for each row that has it. Most values are seen at few
/// steps, so that a column for each would be mostly empty.
struct SeenValue {
  Labels labels;
  std::vector<std::uint32_t> steps;
};

/// What a new value costs, counted in samples.
constexpr std::size_t kCostOfAValue = 16;
/// So many steps of a SeenValue take the place of a sample.
constexpr std::size_t kStepsOfASample = 4;

}  // namespace

void evaluate_count_values(AggregateContext& context, RowSink sink) {
  const auto& literal = static_cast<const StringLiteral&>(unwrap(*context.node.parameter));
  const bool valid = context.evaluation.options.version_2
                         ? is_legacy_label_name(literal.value)
                         : !literal.value.empty() && !find_invalid_utf8(literal.value);
  if (!valid) {
    context.evaluation.fail("invalid label name " + quote(literal.value), literal.range);
  }
  const Grouping grouping = Grouping(context.node).with(literal.value);
  std::unordered_map<Labels, std::size_t> index;
  std::vector<SeenValue> seen;
  std::size_t steps = 0;
  context.evaluation.rows(*context.node.argument, context.timeline, [&](Row& row) {
    std::unordered_map<std::string, std::size_t> of_this_row;
    steps = row.steps();
    context.evaluation.charge(row.present.count() / kStepsOfASample);
    row.present.for_each([&](std::size_t i) {
      context.evaluation.work(100);
      const NativeHistogram* histogram = row.histogram(i);
      const std::string text =
          histogram != nullptr ? to_string(*histogram) : format_plain(row.values[i]);
      const auto [group, is_new] = of_this_row.try_emplace(text, 0);
      if (is_new) {
        const Labels labels = grouping.of(row.labels.with(literal.value, text));
        const auto [found, is_first] = index.try_emplace(labels, seen.size());
        group->second = found->second;
        if (is_first) {
          context.evaluation.charge(kCostOfAValue);
          seen.push_back({labels, {}});
        }
      }
      seen[group->second].steps.push_back(static_cast<std::uint32_t>(i));
    });
  });
  Row counts;
  for (SeenValue& value : seen) {
    context.evaluation.work(steps);
    counts.clear(steps);
    counts.labels = std::move(value.labels);
    for (const std::uint32_t i : value.steps) {
      counts.set(i, counts.present[i] ? counts.values[i] + 1 : 1);
    }
    sink(counts);
  }
}

}  // namespace tocsin::promql
