#include "harness/run/scraper.h"

#include <algorithm>

#include "harness/http/client.h"
#include "harness/metrics/gzip.h"
#include "harness/metrics/lint.h"
#include "harness/metrics/scrape_parser.h"
#include "harness/net/timer.h"
#include "harness/run/scrape_series.h"
#include "harness/run/stack.h"

namespace tocsin::run {
namespace {

/// Larger than any honest page; a target that sends more is down for the scraper.
constexpr std::size_t kPageLimit = 64 << 20;
constexpr Nanos kLeastScrapeTimeout = std::chrono::milliseconds(100);
constexpr Nanos kTolerance = std::chrono::milliseconds(2);
/// Faults come into force up to a millisecond late. A scrape that is due at the same moment shall
/// see them, as in a simulated run.
constexpr Nanos kAfterFaults = std::chrono::milliseconds(3);

metrics::ScrapeOptions parse_options(const scenario::Target& target) {
  metrics::ScrapeOptions options;
  options.target = target_labels(target);
  options.conflict = target.honor_labels ? metrics::LabelConflict::kHonorExposed
                                         : metrics::LabelConflict::kRenameExposed;
  return options;
}

}  // namespace

struct Scraper::Impl {
  Impl(net::Loop& event_loop, const scenario::Target& scraped, http::Url metrics_url,
       net::TlsContextPtr tls_context, const LiveClock& live_clock, metrics::Store& store,
       Evidence& run_evidence)
      : loop(event_loop),
        target(scraped),
        url(std::move(metrics_url)),
        tls(std::move(tls_context)),
        clock(live_clock),
        evidence(run_evidence),
        parser(store, parse_options(scraped)),
        writer(store),
        series(store, target_labels(scraped)) {}

  Nanos timeout() const { return scrape_timeout(target, clock); }

  /// As Prometheus does: a scrape that began hardly late counts as in time.
  Timestamp timestamp(Nanos due, Nanos began) const {
    const Nanos tolerance = std::min<Nanos>(kTolerance, clock.real(target.scrape_interval) / 100);
    return clock.wall(began - due <= tolerance ? due : began);
  }

  net::Task<void> scrape(Nanos due) {
    const Nanos began = clock.now();
    const Timestamp at = timestamp(due, began);
    http::FetchOptions options;
    options.headers.add("Accept", std::string(metrics::accept_header()));
    options.headers.add("Accept-Encoding", "gzip");
    options.headers.add("User-Agent", "tocsin");
    options.headers.add("X-Prometheus-Scrape-Timeout-Seconds",
                        std::to_string(to_seconds(timeout())));
    options.timeout = timeout();
    options.limits.body_bytes = kPageLimit;
    options.tls = tls;
    http::Url page = url;
    net::Outcome<http::Response> answer =
        co_await http::fetch(loop, std::move(page), std::move(options));
    const bool cancelled = answer.has_error() && answer.error().kind == net::NetFailure::kCancelled;
    if (!cancelled) take(answer, at, clock.now() - began);
  }

  void take(const net::Outcome<http::Response>& answer, Timestamp at, Nanos duration) {
    ScrapeRecord record{target.name, at, false, duration, 0, {}};
    Result<metrics::ScrapedPage> page =
        answer.has_error() ? Result<metrics::ScrapedPage>(io_error(net::to_string(answer.error())))
                           : read_page(*answer, at);
    if (page.has_error()) {
      record.error = to_string(page.error());
      writer.fail(at);
      series.write_failed(at, duration);
    } else {
      record.ok = true;
      record.samples = static_cast<std::uint32_t>(page->samples);
      series.write(at, duration, page->samples, page->new_series);
    }
    evidence.scrapes.push_back(std::move(record));
  }

  Result<metrics::ScrapedPage> read_page(const http::Response& answer, Timestamp at) {
    if (answer.status != 200) {
      return io_error("server returned HTTP status " + std::to_string(answer.status) + ' ' +
                      std::string(http::reason_phrase(answer.status)));
    }
    std::string body = answer.body;
    if (answer.headers.has_token("Content-Encoding", "gzip")) {
      TRY(body, metrics::gzip_decompress(answer.body, kPageLimit));
    }
    const auto format = metrics::format_of_content_type(answer.headers.get("Content-Type"));
    writer.begin(at);
    auto page = parser.parse(body, format, writer);
    if (page.has_error()) return page;
    writer.finish();
    last_page = std::move(body);
    last_format = format;
    return page;
  }

  net::Loop& loop;
  const scenario::Target& target;
  http::Url url;
  net::TlsContextPtr tls;
  const LiveClock& clock;
  Evidence& evidence;
  metrics::ScrapeParser parser;
  metrics::ScrapeWriter writer;
  ScrapeSeries series;
  std::string last_page;
  metrics::ExpositionFormat last_format = metrics::ExpositionFormat::kText;
};

Scraper::Scraper(net::Loop& loop, const scenario::Target& target, http::Url url,
                 net::TlsContextPtr tls, const LiveClock& clock, metrics::Store& store,
                 Evidence& evidence)
    : impl_(std::make_unique<Impl>(loop, target, std::move(url), std::move(tls), clock, store,
                                   evidence)) {}
Scraper::~Scraper() = default;

Nanos scrape_timeout(const scenario::Target& target, const LiveClock& clock) {
  const Nanos least = std::min<Nanos>(kLeastScrapeTimeout, clock.real(target.scrape_interval));
  return std::max(least, clock.real(target.scrape_timeout));
}

net::Task<void> Scraper::look() {
  co_await impl_->scrape(impl_->clock.now());
}

net::Task<void> Scraper::run(Duration end) {
  for (Duration at{0}; at <= end; at += impl_->target.scrape_interval) {
    const Nanos due = impl_->clock.when(at) + kAfterFaults;
    const bool slept = co_await net::sleep_until(due);
    if (!slept) co_return;
    co_await impl_->scrape(due);
    // A scrape that took longer than its interval skips the ones it ran over.
    while (impl_->clock.when(at + impl_->target.scrape_interval) < impl_->clock.now()) {
      at += impl_->target.scrape_interval;
    }
  }
}

TargetFamilies Scraper::exported() const {
  TargetFamilies exported;
  exported.target = impl_->target.name;
  exported.labels = target_labels(impl_->target);
  auto families = metrics::parse_families(impl_->last_page, impl_->last_format);
  if (impl_->last_page.empty() || families.has_error()) return exported;
  for (metrics::FamilySamples& family : *families) {
    // OpenMetrics leaves _total off a counter family's name; the text format's name is the known
    // one.
    const bool counter = family.info.type == MetricType::kCounter;
    if (counter && impl_->last_format == metrics::ExpositionFormat::kOpenMetrics) {
      family.info.name += "_total";
    }
    exported.families.push_back(family.info);
  }
  exported.lint = metrics::lint(*families);
  return exported;
}

}  // namespace tocsin::run
