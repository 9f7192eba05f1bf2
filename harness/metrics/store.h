#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/base/time.h"
#include "harness/metrics/postings.h"
#include "harness/metrics/timeline.h"
#include "harness/model/labels.h"
#include "harness/model/series.h"

namespace tocsin::metrics {

/// What became of a sample.
enum class Appended {
  kYes,
  kAlreadyThere,  ///< same time, same value
  kOutOfOrder,    ///< refused: older than the series' last sample
  kDuplicate,     ///< refused: the same time as the last sample, another value
};

struct RefusedSamples {
  std::uint64_t out_of_order = 0;
  std::uint64_t duplicate = 0;
};

/// Memory in use, with what the containers hold in reserve.
struct StoreBytes {
  std::size_t samples = 0;  ///< values, timestamps, runs; without the histograms themselves
  std::size_t series = 0;   ///< label sets and bookkeeping
  std::size_t index = 0;    ///< postings
  std::size_t total() const { return samples + series + index; }
};

/// Series in memory. A label set is kept once; every series has one column of values, and shares
/// its timestamps with the series that are scraped together (see timeline.h), so that a regular
/// scrape costs at most 9 bytes a sample. Series are never removed.
///
/// One thread writes; while nobody writes, any number may read.
class Store final : public SeriesSource, public SampleSink {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The series with these labels, made if there is none. Ids count up from 0.
  SeriesId intern(const Labels& labels);
  std::optional<SeriesId> find(const Labels& labels) const;
  const Labels& labels(SeriesId id) const { return at(id).labels; }

  /// False when the sample was refused (and counted in refused()); the same time and value again is
  /// taken as done.
  bool append(SeriesId id, Timestamp at, double value);
  bool append(const Labels& labels, Timestamp at, double value) override;
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override;
  /// `histogram` is not null. The value column holds 0 at its place.
  bool append_histogram(SeriesId id, Timestamp at, NativeHistogramPtr histogram);
  /// Appends samples from the first on, as long as each is later than the one before and none needs
  /// more care than that; returns how many, perhaps none.
  std::size_t append_following(SeriesId id, std::span<const std::int64_t> times_ms,
                               std::span<const double> values);
  Appended try_append(SeriesId id, Timestamp at, double value);
  /// Whether a sample at `at` would be refused for being out of order.
  bool has_later(SeriesId id, Timestamp at) const {
    const Series& series = this->at(id);
    return !series.values.empty() && to_ms(at) < series.times.back();
  }
  /// Samples that may be older than the series' last one take their places among its samples; of
  /// two at one time the first stays. Costs as much as writing the series anew. Returns how many
  /// were refused: another value was there.
  std::size_t insert(SeriesId id, std::vector<std::pair<Timestamp, double>> samples);
  /// Samples appended from now on have this start timestamp (OpenMetrics' _created).
  void set_start_timestamp(SeriesId id, Timestamp start);
  /// Makes room for so many samples in all, exactly; for callers who know how many will come.
  void reserve(SeriesId id, std::size_t samples);
  /// Gives back what the columns hold in reserve.
  void shrink_to_fit();

  /// Replaces what was known about the family of that name.
  void set_family(FamilyInfo info);
  /// By name.
  std::vector<FamilyInfo> families() const;

  /// Borrows the columns; copies timestamps only of series that had gaps within the range.
  std::vector<SeriesView> select(std::span<const Matcher> matchers, TimeRange range) const override;
  const FamilyInfo* family(std::string_view name) const override;
  /// All samples of one series.
  SeriesView view(SeriesId id, TimeRange range = {}) const;

  std::size_t series_count() const { return series_.size(); }
  /// Samples, stale markers included.
  std::size_t size() const { return size_; }
  /// First and last timestamp; nullopt when empty.
  std::optional<TimeRange> time_range() const;
  const RefusedSamples& refused() const { return refused_; }
  StoreBytes bytes() const;

 private:
  friend class ScrapeWriter;

  /// Columns that few series have; as long as the values.
  struct Extras {
    std::vector<NativeHistogramPtr> histograms;
    std::vector<std::int64_t> start_timestamps;
    std::int64_t start = 0;  ///< of samples to come
  };
  struct Series {
    Labels labels;
    TimelineUse times;
    std::vector<double> values;
    std::unique_ptr<Extras> extras;
    std::uint64_t scrape = 0;  ///< the last scrape that brought it; see ScrapeWriter
  };

  Series& at(SeriesId id) { return series_[static_cast<std::size_t>(id)]; }
  const Series& at(SeriesId id) const { return series_[static_cast<std::size_t>(id)]; }
  Appended push(Series& series, std::int64_t at, double value, NativeHistogramPtr histogram,
                Timeline* preferred);
  void note(Appended outcome);
  /// Takes all samples out of a series.
  Series emptied(Series& series);
  Timeline* timeline_for(std::int64_t first, Timeline* preferred);
  static SeriesView view_of(const Series& series, std::int64_t from, std::int64_t to);

  std::vector<Series> series_;
  std::unordered_map<Labels, SeriesId> by_labels_;
  Postings postings_;
  std::vector<std::unique_ptr<Timeline>> timelines_;
  /// Where a new series looks for company: timelines by their first timestamp, and the last used.
  std::unordered_map<std::int64_t, Timeline*> timeline_by_start_;
  Timeline* last_timeline_ = nullptr;
  std::unordered_map<std::string, FamilyInfo> families_;
  std::size_t size_ = 0;
  std::uint64_t scrapes_ = 0;
  RefusedSamples refused_;
};

/// What one scrape left in the store.
struct ScrapeOutcome {
  std::size_t samples = 0;  ///< taken
  std::size_t refused = 0;
  std::size_t stale = 0;  ///< series that ended with this scrape
};

/// Writes the scrapes of one target, all samples of a scrape with one timestamp, and ends series as
/// Prometheus does: a series of the last scrape that is missing from this one gets a stale marker.
/// Nothing reaches the store before finish(), so a page that turns out bad half way leaves no trace
/// but the stale markers of fail().
///
///     writer.begin(at);
///     for (…) writer.add(id, value);
///     page_was_good ? writer.finish() : writer.fail(at);
///
/// Series which the scraper itself makes (up, scrape_*) are not the target's: append them to the
/// store. Several writers may be open at a time.
class ScrapeWriter {
 public:
  explicit ScrapeWriter(Store& store) : store_(&store) {}

  /// Starts a scrape; what an unfinished one added is dropped.
  void begin(Timestamp at);
  void add(SeriesId id, double value) { pending_.push_back({id, value}); }
  /// A sample with a timestamp of its own: kept as is, never ended by a stale marker.
  void add_at(SeriesId id, Timestamp at, double value);
  void add_histogram(SeriesId id, NativeHistogramPtr histogram);
  ScrapeOutcome finish();
  /// A scrape at `at` failed, or the target went away: all its series end.
  ScrapeOutcome fail(Timestamp at);

 private:
  struct Pending {
    SeriesId id;
    double value;
  };
  struct PendingAt {
    SeriesId id;
    Timestamp at;
    double value;
  };
  struct PendingHistogram {
    SeriesId id;
    NativeHistogramPtr histogram;
  };

  void write(SeriesId id, double value, NativeHistogramPtr histogram, ScrapeOutcome& outcome);
  /// Stale markers for the series of the last scrape that the current one did not bring.
  void end_missing(ScrapeOutcome& outcome);
  void drop_pending();

  Store* store_;
  Timestamp at_{};
  Timeline* timeline_ = nullptr;
  std::vector<Pending> pending_;
  std::vector<PendingAt> pending_at_;
  std::vector<PendingHistogram> pending_histograms_;
  std::vector<SeriesId> previous_;  ///< the series of the last good scrape
  std::vector<SeriesId> current_;
};

}  // namespace tocsin::metrics
