#include "harness/run/scraper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/http/test_support.h"
#include "harness/metrics/gzip.h"
#include "harness/run/test_drill.h"

namespace tocsin::run {
namespace {

using http::Reply;
using http::Request;
using http::Response;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

net::Task<Reply> scraped(Reply reply) {
  co_return reply;
}

http::Handler replies(Reply reply) {
  return [reply = std::move(reply)](const Request&) { return scraped(reply); };
}

/// Each request gets the next of them; the last one stays.
http::Handler one_after_another(std::vector<Reply> all) {
  auto next = std::make_shared<std::size_t>(0);
  return [all = std::move(all), next](const Request&) {
    const std::size_t i = std::min((*next)++, all.size() - 1);
    return scraped(all[i]);
  };
}

scenario::Target target(Duration interval = seconds(10), Duration timeout = seconds(5)) {
  scenario::Target made;
  made.name = "service";
  made.job = "j";
  made.instance = "i";
  made.scrape_interval = interval;
  made.scrape_timeout = timeout;
  return made;
}

struct Scraped {
  Evidence evidence;
  TargetFamilies exported;

  const ScrapeRecord& first() const { return evidence.scrapes.at(0); }
};

/// Scrapes at 0, one interval, … up to `end`.
Scraped scrape(const http::Handler& handler, const scenario::Target& target,
               Duration end = Duration(0)) {
  Scraped scraped;
  auto store = std::make_shared<metrics::Store>();
  scraped.evidence.samples = store;
  const auto script = [&](net::Loop& loop, http::Server& server) -> net::Task<void> {
    const LiveClock clock(system_clock(), 1);
    Scraper scraper(loop, target, http::url_of(server, "/metrics"), nullptr, clock, *store,
                    scraped.evidence);
    co_await scraper.run(end);
    scraped.exported = scraper.exported();
  };
  http::with_server(handler, {}, script);
  return scraped;
}

Scraped scrape_once(Reply reply) {
  return scrape(replies(std::move(reply)), target());
}

void expect_down(const Scraped& scraped, const std::string& error) {
  EXPECT_FALSE(scraped.first().ok);
  EXPECT_THAT(scraped.first().error, HasSubstr(error));
  EXPECT_THAT(values_of(scraped.evidence, "up"), ElementsAre("0"));
  EXPECT_THAT(values_of(scraped.evidence, "scrape_samples_scraped"), ElementsAre("0"));
  EXPECT_THAT(scraped.exported.families, IsEmpty());
}

constexpr const char* kPage =
    "# HELP a_total A.\n# TYPE a_total counter\na_total{job=\"x\"} 3\nb 4 1000\n";

TEST(Scraper, WritesWhatThePageSaysAndWhatItSawItself) {
  const Scraped scraped = scrape_once(http::text_response(200, kPage));
  EXPECT_TRUE(scraped.first().ok) << scraped.first().error;
  EXPECT_EQ(scraped.first().samples, 2U);
  EXPECT_THAT(values_of(scraped.evidence, "a_total",
                        {{"job", "j"}, {"instance", "i"}, {"exported_job", "x"}}),
              ElementsAre("3"));
  EXPECT_THAT(values_of(scraped.evidence, "up", {{"job", "j"}, {"instance", "i"}}),
              ElementsAre("1"));
  EXPECT_THAT(values_of(scraped.evidence, "scrape_samples_scraped"), ElementsAre("2"));
  EXPECT_THAT(values_of(scraped.evidence, "scrape_samples_post_metric_relabeling"),
              ElementsAre("2"));
  EXPECT_THAT(values_of(scraped.evidence, "scrape_series_added"), ElementsAre("2"));
  const SeriesView b = series_of(scraped.evidence, "b{instance=\"i\", job=\"j\"}");
  EXPECT_THAT(b.timestamps, ElementsAre(1000));
  ASSERT_EQ(scraped.exported.families.size(), 2U);
  EXPECT_EQ(scraped.exported.families[0].type, MetricType::kCounter);
}

TEST(Scraper, AsksAsPrometheusDoes) {
  Request asked;
  const http::Handler handler = [&](Request request) {
    asked = std::move(request);
    return scraped(http::text_response(200, ""));
  };
  EXPECT_TRUE(scrape(handler, target()).first().ok);
  EXPECT_EQ(asked.target, "/metrics");
  EXPECT_THAT(std::string(asked.headers.get("Accept")), HasSubstr("application/openmetrics-text"));
  EXPECT_EQ(asked.headers.get("Accept-Encoding"), "gzip");
  EXPECT_EQ(std::stod(std::string(asked.headers.get("X-Prometheus-Scrape-Timeout-Seconds"))), 5);
}

TEST(Scraper, HonoursLabels) {
  scenario::Target honouring = target();
  honouring.honor_labels = true;
  const Scraped scraped = scrape(replies(http::text_response(200, kPage)), honouring);
  EXPECT_THAT(values_of(scraped.evidence, "a_total", {{"job", "x"}}), ElementsAre("3"));
}

TEST(Scraper, ReadsOpenMetricsAndGzip) {
  Response page =
      http::text_response(200, metrics::gzip_compress("# TYPE a counter\na_total 3\n# EOF\n"),
                          "application/openmetrics-text; version=1.0.0; charset=utf-8");
  page.headers.set("Content-Encoding", "gzip");
  const Scraped scraped = scrape_once(page);
  EXPECT_TRUE(scraped.first().ok) << scraped.first().error;
  EXPECT_THAT(values_of(scraped.evidence, "a_total"), ElementsAre("3"));
  EXPECT_EQ(scraped.exported.families.at(0).name, "a_total");
}

/// As Prometheus 2 does: what is not OpenMetrics is read as text.
TEST(Scraper, ReadsTextUnderAnyContentType) {
  EXPECT_TRUE(scrape_once(http::text_response(200, kPage, "text/html")).first().ok);
  EXPECT_TRUE(scrape_once(http::text_response(200, "", "image/png")).first().ok);
}

TEST(Scraper, TakesTroubleForDown) {
  expect_down(scrape_once(http::text_response(500, kPage)),
              "server returned HTTP status 500 Internal Server Error");
  expect_down(scrape_once(http::text_response(204, "")), "HTTP status 204");
  expect_down(scrape_once(http::text_response(200, "<html>\n", "text/html")), "1:");
  expect_down(scrape_once(http::text_response(200, "a 1\nb one\n")), "2:");
  expect_down(scrape_once(http::text_response(200, "a 1\n", "application/openmetrics-text")),
              "EOF");
  expect_down(scrape_once(Reply::close()), "closed");
  expect_down(scrape_once(Reply::reset()), "reset");
  expect_down(scrape_once(Reply::malformed("SSH-2.0-OpenSSH_9.2\r\n\r\n")), "");
}

TEST(Scraper, TakesLyingGzipForDown) {
  Response no_gzip = http::text_response(200, "a 1\n");
  no_gzip.headers.set("Content-Encoding", "gzip");
  expect_down(scrape_once(no_gzip), "");
  Response cut = http::text_response(200, metrics::gzip_compress(kPage).substr(0, 30));
  cut.headers.set("Content-Encoding", "gzip");
  expect_down(scrape_once(cut), "");
}

TEST(Scraper, RefusesBombsAndHugePages) {
  const std::string huge = std::string(65 << 20, '\n');
  Response bomb = http::text_response(200, metrics::gzip_compress(huge));
  ASSERT_LT(bomb.body.size(), 1U << 20);
  bomb.headers.set("Content-Encoding", "gzip");
  expect_down(scrape_once(bomb), "");
  expect_down(scrape_once(http::text_response(200, huge)), "");
}

TEST(Scraper, TimesOut) {
  const Scraped scraped =
      scrape(replies(Reply::hang()), target(milliseconds(150), milliseconds(100)));
  expect_down(scraped, "timeout");
  EXPECT_GE(scraped.first().duration, milliseconds(100));
  EXPECT_LT(scraped.first().duration, seconds(5));
}

TEST(Scraper, FindsNobodyAtHome) {
  Evidence evidence;
  auto store = std::make_shared<metrics::Store>();
  evidence.samples = store;
  const scenario::Target gone = target();
  net::Loop loop;
  http::Url url =
      http::url_of(*http::Server::open(loop, replies(http::text_response(200, ""))).value());
  const LiveClock clock(system_clock(), 1);
  Scraper scraper(loop, gone, url, nullptr, clock, *store, evidence);
  loop.run(scraper.run(Duration(0)));
  ASSERT_EQ(evidence.scrapes.size(), 1U);
  EXPECT_EQ(evidence.scrapes[0].error, "connection refused");
}

TEST(Scraper, EndsSeriesThatArePartOfThePageNoMore) {
  // A busy machine leaves out the scrapes that it ran over: the longer the interval, the fewer.
  Scraped scraped;
  for (const Duration interval : {milliseconds(20), milliseconds(200), milliseconds(1000)}) {
    scraped = scrape(one_after_another(
                         {http::text_response(200, "a 1\nb 2\n"), http::text_response(200, "a 3\n"),
                          http::text_response(503, ""), http::text_response(200, "a 4\nb 5\n")}),
                     target(interval, interval), 3 * interval);
    if (scraped.evidence.scrapes.size() == 4) break;
  }
  EXPECT_THAT(values_of(scraped.evidence, "a"), ElementsAre("1,3,stale,4"));
  EXPECT_THAT(values_of(scraped.evidence, "b"), ElementsAre("2,stale,5"));
  EXPECT_THAT(values_of(scraped.evidence, "up"), ElementsAre("1,1,0,1"));
}

/// A page that takes longer than its interval: what was missed is left out.
TEST(Scraper, NeverOverlapsItself) {
  const Scraped scraped =
      scrape(replies(Reply::hang()), target(milliseconds(20), milliseconds(20)), milliseconds(200));
  const auto& scrapes = scraped.evidence.scrapes;
  EXPECT_LE(scrapes.size(), 11U);
  for (std::size_t i = 1; i < scrapes.size(); ++i) {
    EXPECT_GE(scrapes[i].at, scrapes[i - 1].at + milliseconds(15));
  }
}

}  // namespace
}  // namespace tocsin::run
