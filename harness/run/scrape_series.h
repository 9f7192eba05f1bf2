#pragma once

#include "harness/metrics/store.h"

namespace tocsin::run {

/// The series that Prometheus' scraper makes for each target: up, scrape_duration_seconds,
/// scrape_samples_scraped, scrape_samples_post_metric_relabeling, scrape_series_added.
class ScrapeSeries {
 public:
  ScrapeSeries(metrics::Store& store, const Labels& target);

  void write(Timestamp at, Nanos duration, std::size_t samples, std::size_t new_series);
  void write_failed(Timestamp at, Nanos duration);

 private:
  void put(Timestamp at, double up, Nanos duration, std::size_t samples, std::size_t new_series);

  metrics::Store& store_;
  metrics::SeriesId up_;
  metrics::SeriesId duration_;
  metrics::SeriesId samples_;
  metrics::SeriesId relabelled_;
  metrics::SeriesId added_;
};

}  // namespace tocsin::run
