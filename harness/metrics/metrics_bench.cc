// Speed and memory on a captured node-exporter page. Run: metrics_bench
// --benchmark_counters_tabular

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "harness/base/file.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/scrape_parser.h"

namespace tocsin::metrics {
namespace {

const std::string& captured_page() {
  static const std::string page =
      read_file(TOCSIN_SOURCE_DIR "/harness/metrics/testdata/node_exporter.txt").value();
  return page;
}

/// The page with a digit of each value moved on, as the next scrape would bring it.
std::string next_page(std::string page, int scrape) {
  for (std::size_t line = 0; line < page.size(); line = page.find('\n', line) + 1) {
    const std::size_t last = page.find('\n', line) - 1;
    if (page[line] != '#' && page[last] >= '0' && page[last] <= '9')
      page[last] = static_cast<char>('0' + (page[last] - '0' + scrape) % 10);
  }
  return page;
}

void report(benchmark::State& state, std::size_t bytes, std::size_t series) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(series));
}

void BM_ParseExposition(benchmark::State& state) {
  struct Counter final : ExpositionHandler {
    void on_sample(const ParsedSample& sample) override {
      ++samples;
      benchmark::DoNotOptimize(sample.value);
    }
    std::size_t samples = 0;
  };
  std::size_t samples = 0;
  for (auto _ : state) {
    Counter counter;
    parse_exposition(captured_page(), ExpositionFormat::kText, counter).value();
    samples = counter.samples;
  }
  report(state, captured_page().size(), samples);
}
BENCHMARK(BM_ParseExposition);

void BM_FirstScrape(benchmark::State& state) {
  std::size_t series = 0;
  for (auto _ : state) {
    Store store;
    ScrapeParser parser(store, {.target = Labels{{"job", "node"}, {"instance", "a:9100"}}});
    ScrapeWriter writer(store);
    writer.begin(from_ms(0));
    parser.parse(captured_page(), ExpositionFormat::kText, writer).value();
    series = writer.finish().samples;
  }
  report(state, captured_page().size(), series);
}
BENCHMARK(BM_FirstScrape);

/// Scrapes of a known target; with range(0) they are written to the store, too.
void BM_RepeatedScrape(benchmark::State& state) {
  std::vector<std::string> pages;
  for (int scrape = 0; scrape < 10; ++scrape) pages.push_back(next_page(captured_page(), scrape));
  Store store;
  ScrapeParser parser(store, {.target = Labels{{"job", "node"}, {"instance", "a:9100"}}});
  ScrapeWriter writer(store);
  std::int64_t at = 0;
  std::size_t series = 0;
  const bool write = state.range(0) != 0;
  for (auto _ : state) {
    const std::string& page = pages[static_cast<std::size_t>(at) % pages.size()];
    at += 1;
    writer.begin(from_ms(at * 15'000));
    series = parser.parse(page, ExpositionFormat::kText, writer).value().samples;
    if (write) writer.finish();
  }
  report(state, captured_page().size(), series);
  if (!write) return;
  state.counters["bytes/sample"] =
      static_cast<double>(store.bytes().samples) / static_cast<double>(store.size());
}
BENCHMARK(BM_RepeatedScrape)->ArgName("write")->Arg(0)->Arg(1);

void BM_WriteExposition(benchmark::State& state) {
  const auto families = parse_families(captured_page(), ExpositionFormat::kText).value();
  std::size_t samples = 0;
  for (const FamilySamples& family : families) samples += family.samples.size();
  std::size_t bytes = 0;
  for (auto _ : state) bytes = write_exposition(families, ExpositionFormat::kText).size();
  report(state, bytes, samples);
}
BENCHMARK(BM_WriteExposition);

constexpr std::size_t kSeries = 1000;
constexpr std::int64_t kScrapes = 5760;  // a day at 15 s

std::vector<SeriesId> intern_series(Store& store) {
  std::vector<SeriesId> ids;
  for (std::size_t i = 0; i < kSeries; ++i) {
    ids.push_back(store.intern(Labels{{kMetricName, "http_requests_total"},
                                      {"job", "api"},
                                      {"instance", "host" + std::to_string(i % 10)},
                                      {"path", "/" + std::to_string(i / 10)}}));
  }
  return ids;
}

void fill_a_day(Store& store) {
  const std::vector<SeriesId> ids = intern_series(store);
  ScrapeWriter writer(store);
  for (std::int64_t scrape = 0; scrape < kScrapes; ++scrape) {
    writer.begin(from_ms(scrape * 15'000));
    for (const SeriesId id : ids) writer.add(id, static_cast<double>(scrape));
    writer.finish();
  }
}

void BM_StoreADay(benchmark::State& state) {
  StoreBytes bytes;
  for (auto _ : state) {
    Store store;
    fill_a_day(store);
    bytes = store.bytes();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kSeries) * kScrapes);
  const double samples = static_cast<double>(kSeries * kScrapes);
  state.counters["bytes/sample"] = static_cast<double>(bytes.samples) / samples;
  state.counters["all_bytes/sample"] = static_cast<double>(bytes.total()) / samples;
}
BENCHMARK(BM_StoreADay)->Unit(benchmark::kMillisecond);

void BM_Select(benchmark::State& state) {
  Store store;
  fill_a_day(store);
  const Matcher all[] = {Matcher::equal("__name__", "http_requests_total")};
  const Matcher few[] = {
      Matcher::equal("__name__", "http_requests_total"),
      Matcher::make(MatchOp::kRegex, "instance", "host[1-3]").value(),
      Matcher::make(MatchOp::kNotEqual, "path", "/7").value(),
  };
  const std::span<const Matcher> matchers =
      state.range(0) != 0 ? std::span<const Matcher>(few) : all;
  const TimeRange hour{from_ms(3'600'000), from_ms(7'200'000)};
  std::size_t series = 0;
  for (auto _ : state) series = store.select(matchers, hour).size();
  report(state, 0, series);
}
BENCHMARK(BM_Select)->ArgName("few")->Arg(0)->Arg(1);

std::string samples_file() {
  Store store;
  fill_a_day(store);
  std::string file;
  write_openmetrics(store, [&](std::string_view piece) -> Result<void> {
    if (file.size() < 64'000'000) file += piece;
    return {};
  }).value();
  return file.substr(0, file.rfind('\n') + 1);
}

void BM_ExportFile(benchmark::State& state) {
  Store store;
  fill_a_day(store);
  std::size_t bytes = 0;
  for (auto _ : state) {
    bytes = 0;
    write_openmetrics(store, [&](std::string_view piece) -> Result<void> {
      bytes += piece.size();
      return {};
    }).value();
  }
  report(state, bytes, kSeries * kScrapes);
}
BENCHMARK(BM_ExportFile)->Unit(benchmark::kMillisecond);

void BM_ImportFile(benchmark::State& state) {
  const std::string file = samples_file();
  std::size_t samples = 0;
  for (auto _ : state) {
    Store store;
    OpenMetricsImporter importer(store, "file");
    for (std::size_t at = 0; at < file.size(); at += 1 << 18)
      importer.feed(std::string_view(file).substr(at, 1 << 18)).value();
    importer.feed("# EOF\n").value();
    samples = importer.finish().value().samples;
  }
  report(state, file.size(), samples);
}
BENCHMARK(BM_ImportFile)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::metrics
