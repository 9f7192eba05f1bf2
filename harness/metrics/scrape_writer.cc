#include "harness/metrics/store.h"

namespace tocsin::metrics {

void ScrapeWriter::begin(Timestamp at) {
  drop_pending();
  at_ = at;
}

void ScrapeWriter::add_at(SeriesId id, Timestamp at, double value) {
  pending_at_.push_back({id, at, value});
}

void ScrapeWriter::add_histogram(SeriesId id, NativeHistogramPtr histogram) {
  pending_histograms_.push_back({id, std::move(histogram)});
}

void ScrapeWriter::write(SeriesId id, double value, NativeHistogramPtr histogram,
                         ScrapeOutcome& outcome) {
  Store::Series& series = store_->at(id);
  const Appended appended =
      store_->push(series, to_ms(at_), value, std::move(histogram), timeline_);
  store_->note(appended);
  if (appended == Appended::kOutOfOrder || appended == Appended::kDuplicate) {
    ++outcome.refused;
    return;
  }
  ++outcome.samples;
  if (series.scrape == store_->scrapes_) return;  // a second time in one page
  series.scrape = store_->scrapes_;
  current_.push_back(id);
}

ScrapeOutcome ScrapeWriter::finish() {
  ScrapeOutcome outcome;
  if (!timeline_) {
    store_->timelines_.push_back(std::make_unique<Timeline>());
    timeline_ = store_->timelines_.back().get();
  }
  ++store_->scrapes_;
  current_.clear();
  for (const Pending& sample : pending_) write(sample.id, sample.value, nullptr, outcome);
  for (PendingHistogram& sample : pending_histograms_)
    write(sample.id, 0, std::move(sample.histogram), outcome);
  for (const PendingAt& sample : pending_at_) {
    ++(store_->append(sample.id, sample.at, sample.value) ? outcome.samples : outcome.refused);
  }
  end_missing(outcome);
  previous_.swap(current_);
  drop_pending();
  return outcome;
}

ScrapeOutcome ScrapeWriter::fail(Timestamp at) {
  ScrapeOutcome outcome;
  drop_pending();
  at_ = at;
  ++store_->scrapes_;
  end_missing(outcome);
  previous_.clear();
  return outcome;
}

void ScrapeWriter::end_missing(ScrapeOutcome& outcome) {
  for (const SeriesId id : previous_) {
    Store::Series& series = store_->at(id);
    if (series.scrape == store_->scrapes_) continue;
    // Refused when somebody else wrote a later sample: then the series has not ended.
    const Appended appended = store_->push(series, to_ms(at_), stale_marker(), nullptr, timeline_);
    if (appended == Appended::kYes) ++outcome.stale;
  }
}

void ScrapeWriter::drop_pending() {
  pending_.clear();
  pending_at_.clear();
  pending_histograms_.clear();
}

}  // namespace tocsin::metrics
