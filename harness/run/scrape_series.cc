#include "harness/run/scrape_series.h"

namespace tocsin::run {

ScrapeSeries::ScrapeSeries(metrics::Store& store, const Labels& target)
    : store_(store),
      up_(store.intern(target.with(kMetricName, "up"))),
      duration_(store.intern(target.with(kMetricName, "scrape_duration_seconds"))),
      samples_(store.intern(target.with(kMetricName, "scrape_samples_scraped"))),
      relabelled_(store.intern(target.with(kMetricName, "scrape_samples_post_metric_relabeling"))),
      added_(store.intern(target.with(kMetricName, "scrape_series_added"))) {}

void ScrapeSeries::write(Timestamp at, Nanos duration, std::size_t samples,
                         std::size_t new_series) {
  put(at, 1, duration, samples, new_series);
}

void ScrapeSeries::write_failed(Timestamp at, Nanos duration) {
  put(at, 0, duration, 0, 0);
}

void ScrapeSeries::put(Timestamp at, double up, Nanos duration, std::size_t samples,
                       std::size_t new_series) {
  store_.append(up_, at, up);
  store_.append(duration_, at, to_seconds(duration));
  store_.append(samples_, at, static_cast<double>(samples));
  store_.append(relabelled_, at, static_cast<double>(samples));
  store_.append(added_, at, static_cast<double>(new_series));
}

}  // namespace tocsin::run
