#include "harness/metrics/store.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "harness/base/check.h"

namespace tocsin::metrics {
namespace {

bool same_value(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

bool same_histogram(const NativeHistogramPtr& a, const NativeHistogramPtr& b) {
  return a == b || (a && b && *a == *b);
}

bool by_labels(const SeriesView& a, const SeriesView& b) {
  return a.labels < b.labels;
}

}  // namespace

SeriesId Store::intern(const Labels& labels) {
  const auto [place, added] = by_labels_.try_emplace(labels, static_cast<SeriesId>(series_.size()));
  if (added) {
    series_.emplace_back().labels = labels;
    postings_.add(place->second, labels);
  }
  return place->second;
}

std::optional<SeriesId> Store::find(const Labels& labels) const {
  const auto found = by_labels_.find(labels);
  if (found == by_labels_.end()) return std::nullopt;
  return found->second;
}

Timeline* Store::timeline_for(std::int64_t first, Timeline* preferred) {
  if (preferred && (preferred->size() == 0 || first >= preferred->times().front())) {
    if (preferred->size() == 0) timeline_by_start_.try_emplace(first, preferred);
    return preferred;
  }
  const auto same_start = timeline_by_start_.find(first);
  if (same_start != timeline_by_start_.end()) return same_start->second;
  if (last_timeline_ && last_timeline_->find(first) < last_timeline_->size()) return last_timeline_;
  timelines_.push_back(std::make_unique<Timeline>());
  timeline_by_start_.emplace(first, timelines_.back().get());
  return timelines_.back().get();
}

Appended Store::push(Series& series, std::int64_t at, double value, NativeHistogramPtr histogram,
                     Timeline* preferred) {
  const std::size_t count = series.values.size();
  if (count == 0) {
    series.times.start_on(*timeline_for(at, preferred));
  } else if (at <= series.times.back()) {
    if (at < series.times.back()) return Appended::kOutOfOrder;
    const bool same_float = same_value(series.values.back(), value);
    const bool has_histograms = series.extras && !series.extras->histograms.empty();
    const NativeHistogramPtr last = has_histograms ? series.extras->histograms.back() : nullptr;
    return same_float && same_histogram(last, histogram) ? Appended::kAlreadyThere
                                                         : Appended::kDuplicate;
  }
  if (!series.times.push(at)) {
    timelines_.push_back(std::make_unique<Timeline>());
    series.times.move_to(*timelines_.back());
    TOCSIN_CHECK(series.times.push(at), "an own timeline takes every later timestamp");
  }
  last_timeline_ = series.times.timeline();
  grow(series.values);
  series.values.push_back(value);
  ++size_;
  if (histogram && !series.extras) series.extras = std::make_unique<Extras>();
  if (series.extras) {
    Extras& extras = *series.extras;
    if (histogram || !extras.histograms.empty()) {
      extras.histograms.resize(count);
      extras.histograms.push_back(std::move(histogram));
    }
    if (extras.start != 0 || !extras.start_timestamps.empty()) {
      extras.start_timestamps.resize(count);
      extras.start_timestamps.push_back(extras.start);
    }
  }
  return Appended::kYes;
}

void Store::note(Appended outcome) {
  if (outcome == Appended::kOutOfOrder) ++refused_.out_of_order;
  if (outcome == Appended::kDuplicate) ++refused_.duplicate;
}

Appended Store::try_append(SeriesId id, Timestamp at, double value) {
  const Appended outcome = push(this->at(id), to_ms(at), value, nullptr, nullptr);
  note(outcome);
  return outcome;
}

bool Store::append(SeriesId id, Timestamp at, double value) {
  const Appended outcome = try_append(id, at, value);
  return outcome == Appended::kYes || outcome == Appended::kAlreadyThere;
}

bool Store::append(const Labels& labels, Timestamp at, double value) {
  return append(intern(labels), at, value);
}

bool Store::append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) {
  return append_histogram(intern(labels), at, std::move(histogram));
}

bool Store::append_histogram(SeriesId id, Timestamp at, NativeHistogramPtr histogram) {
  TOCSIN_CHECK(histogram, "a histogram sample has a histogram");
  const Appended outcome = push(this->at(id), to_ms(at), 0, std::move(histogram), nullptr);
  note(outcome);
  return outcome == Appended::kYes || outcome == Appended::kAlreadyThere;
}

std::size_t Store::append_following(SeriesId id, std::span<const std::int64_t> times_ms,
                                    std::span<const double> values) {
  Series& series = at(id);
  if (series.values.empty() || series.extras) return 0;
  std::int64_t last = series.times.back();
  std::size_t ascending = 0;
  while (ascending < times_ms.size() && times_ms[ascending] > last) last = times_ms[ascending++];
  const std::size_t count = series.times.push_following(times_ms.first(ascending));
  last_timeline_ = series.times.timeline();
  // The others on its timeline show how many are likely to come.
  if (series.values.size() + count > series.values.capacity()) {
    series.values.reserve(last_timeline_->size() - series.times.first());
    grow(series.values, count);
  }
  series.values.insert(series.values.end(), values.begin(),
                       values.begin() + static_cast<std::ptrdiff_t>(count));
  size_ += count;
  return count;
}

Store::Series Store::emptied(Series& series) {
  Series old;
  std::swap(old, series);
  series.labels = old.labels;
  series.scrape = old.scrape;
  if (old.extras) {
    series.extras = std::make_unique<Extras>();
    series.extras->start = old.extras->start;
  }
  size_ -= old.values.size();
  return old;
}

std::size_t Store::insert(SeriesId id, std::vector<std::pair<Timestamp, double>> samples) {
  std::stable_sort(samples.begin(), samples.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  Series& series = at(id);
  const Series old = emptied(series);
  const std::int64_t start = series.extras ? series.extras->start : 0;
  const std::vector<std::int64_t> times = old.times.copy(0, old.values.size());
  series.values.reserve(old.values.size() + samples.size());
  std::size_t refused = 0;
  std::size_t i = 0;
  const auto put_back_to = [&](std::int64_t last) {
    for (; i < times.size() && times[i] <= last; ++i) {
      const bool has_histogram = old.extras && !old.extras->histograms.empty();
      const bool has_start = old.extras && !old.extras->start_timestamps.empty();
      if (series.extras) series.extras->start = has_start ? old.extras->start_timestamps[i] : 0;
      push(series, times[i], old.values[i], has_histogram ? old.extras->histograms[i] : nullptr,
           nullptr);
    }
  };
  for (const auto& [when, value] : samples) {
    put_back_to(to_ms(when));
    if (series.extras) series.extras->start = start;
    const Appended outcome = push(series, to_ms(when), value, nullptr, nullptr);
    note(outcome);
    if (outcome == Appended::kDuplicate) ++refused;
  }
  put_back_to(std::numeric_limits<std::int64_t>::max());
  if (series.extras) series.extras->start = start;
  return refused;
}

void Store::set_start_timestamp(SeriesId id, Timestamp start) {
  Series& series = at(id);
  if (!series.extras) series.extras = std::make_unique<Extras>();
  series.extras->start = to_ms(start);
}

void Store::reserve(SeriesId id, std::size_t samples) {
  at(id).values.reserve(samples);
}

void Store::shrink_to_fit() {
  for (Series& series : series_) series.values.shrink_to_fit();
  for (const auto& timeline : timelines_) timeline->shrink_to_fit();
}

void Store::set_family(FamilyInfo info) {
  std::string name = info.name;
  families_.insert_or_assign(std::move(name), std::move(info));
}

std::vector<FamilyInfo> Store::families() const {
  std::vector<FamilyInfo> families;
  for (const auto& [name, info] : families_) families.push_back(info);
  std::sort(families.begin(), families.end(),
            [](const FamilyInfo& a, const FamilyInfo& b) { return a.name < b.name; });
  return families;
}

const FamilyInfo* Store::family(std::string_view name) const {
  const auto found = families_.find(std::string(name));
  return found == families_.end() ? nullptr : &found->second;
}

SeriesView Store::view_of(const Series& series, std::int64_t from, std::int64_t to) {
  SeriesView view;
  view.labels = series.labels;
  if (from > to) return view;
  const std::size_t begin = series.times.lower_bound(from);
  const std::size_t end = to == std::numeric_limits<std::int64_t>::max()
                              ? series.times.size()
                              : series.times.lower_bound(to + 1);
  if (begin >= end) return view;
  view.values = std::span(series.values).subspan(begin, end - begin);
  if (series.extras) {
    const Extras& extras = *series.extras;
    if (!extras.histograms.empty())
      view.histograms = std::span(extras.histograms).subspan(begin, end - begin);
    if (!extras.start_timestamps.empty())
      view.start_timestamps = std::span(extras.start_timestamps).subspan(begin, end - begin);
  }
  if (series.times.contiguous(begin, end)) {
    view.timestamps = series.times.borrow(begin, end);
  } else {
    auto own = std::make_shared<const std::vector<std::int64_t>>(series.times.copy(begin, end));
    view.timestamps = *own;
    view.keepalive = std::move(own);
  }
  return view;
}

SeriesView Store::view(SeriesId id, TimeRange range) const {
  return view_of(at(id), to_ms(range.from), to_ms(range.to));
}

std::vector<SeriesView> Store::select(std::span<const Matcher> matchers, TimeRange range) const {
  std::vector<SeriesView> views;
  for (const SeriesId id : postings_.select(matchers)) {
    SeriesView view = this->view(id, range);
    if (!view.values.empty()) views.push_back(std::move(view));
  }
  std::sort(views.begin(), views.end(), by_labels);
  return views;
}

std::optional<TimeRange> Store::time_range() const {
  std::optional<TimeRange> whole;
  for (const Series& series : series_) {
    if (series.values.empty()) continue;
    const TimeRange own{from_ms(series.times[0]), from_ms(series.times.back())};
    if (!whole) whole = own;
    whole->from = std::min(whole->from, own.from);
    whole->to = std::max(whole->to, own.to);
  }
  return whole;
}

StoreBytes Store::bytes() const {
  StoreBytes bytes;
  for (const auto& timeline : timelines_) bytes.samples += timeline->bytes();
  bytes.series = series_.capacity() * sizeof(Series);
  for (const Series& series : series_) {
    bytes.samples += series.values.capacity() * sizeof(double) + series.times.bytes();
    for (const LabelView label : series.labels) {
      bytes.series += label.name.size() + label.value.size() + 2 * sizeof(std::uint32_t);
    }
    if (!series.extras) continue;
    bytes.series += sizeof(Extras);
    bytes.samples += series.extras->histograms.capacity() * sizeof(NativeHistogramPtr) +
                     series.extras->start_timestamps.capacity() * sizeof(std::int64_t);
  }
  // by_labels_: a node with the pair, a link and the hash, and a pointer to it.
  bytes.index = postings_.bytes() + by_labels_.size() * (sizeof(Labels) + 4 * sizeof(void*));
  return bytes;
}

}  // namespace tocsin::metrics
