#pragma once

#include <memory>
#include <string>

#include "harness/http/url.h"
#include "harness/metrics/store.h"
#include "harness/model/evidence.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/live_clock.h"
#include "harness/scenario/system.h"

namespace tocsin::run {

/// How long a scrape may take: scaled like all else, but a real page needs some real time, and a
/// scrape never overlaps the next.
Nanos scrape_timeout(const scenario::Target& target, const LiveClock& clock);

/// Scrapes one target over HTTP into a store, as Prometheus does: at fixed intervals, with a
/// timeout, gzip, both text formats, up and the other scrape_* series, stale markers for what
/// disappears.
class Scraper {
 public:
  /// `url` is the metrics page. Everything given must outlive the scraper.
  Scraper(net::Loop& loop, const scenario::Target& target, http::Url url, net::TlsContextPtr tls,
          const LiveClock& clock, metrics::Store& store, Evidence& evidence);
  ~Scraper();

  /// Until the scenario reaches `end`, or cancelled. Adds a record to the evidence for each scrape.
  net::Task<void> run(Duration end);

  /// One scrape, now.
  net::Task<void> look();

  /// What the last good page exported; nothing when there was none.
  TargetFamilies exported() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::run
