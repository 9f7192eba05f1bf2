#include "harness/metrics/openmetrics_file.h"

#include <bit>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/gzip.h"

namespace tocsin::metrics {
namespace {

std::string exported(const SeriesSource& source, StaleMarkers stale = StaleMarkers::kAsNan) {
  std::string file;
  const auto stats = write_openmetrics(
      source,
      [&](std::string_view piece) -> Result<void> {
        file += piece;
        return {};
      },
      stale);
  EXPECT_TRUE(stats.has_value());
  return file;
}

/// In pieces of that size; "" or the error.
std::string import(Store& store, std::string_view file, std::size_t piece_bytes) {
  OpenMetricsImporter importer(store, "run.om");
  for (std::size_t at = 0; at < file.size(); at += piece_bytes) {
    const auto fed = importer.feed(file.substr(at, piece_bytes));
    if (fed.has_error()) return to_string(fed.error());
  }
  const auto finished = importer.finish();
  return finished.has_error() ? to_string(finished.error()) : "";
}

/// A histogram with a gap, counters of both kinds, a gauge beside a counter of its name, a summary,
/// strange names, stale markers, NaNs and odd times.
void fill(Store& store) {
  store.set_family({"latency_seconds", MetricType::kHistogram, "How \"long\"\nit took.", ""});
  store.set_family({"requests_total", MetricType::kCounter, "Requests.", ""});
  store.set_family({"requests", MetricType::kGauge, "Now.", ""});
  store.set_family({"odd_counter", MetricType::kCounter, "No suffix.", ""});
  store.set_family({"size_bytes", MetricType::kSummary, "", "bytes"});
  store.set_family({"my.metric", MetricType::kGauge, "", ""});
  const auto series = [&](std::string_view name, std::vector<LabelView> labels = {}) {
    labels.push_back({kMetricName, name});
    labels.push_back({"job", "a"});
    return store.intern(Labels::from(std::move(labels)));
  };
  for (std::int64_t i = 0; i < 4; ++i) {
    const Timestamp at = from_ms(1'700'000'000'001 + i * 15'001);
    const auto value = static_cast<double>(i);
    for (const char* le : {"+Inf", "0.5", "10", "2.5"}) {
      if (i != 2) store.append(series("latency_seconds_bucket", {{"le", le}}), at, value);
    }
    store.append(series("latency_seconds_sum"), at, value / 3);
    store.append(series("latency_seconds_count"), at, value);
    store.append(series("requests_total", {{"code", "200"}}), at, value);
    store.append(series("requests"), at, value);
    store.append(series("odd_counter"), at, value);
    store.append(series("size_bytes", {{"quantile", "0.5"}}), at, value);
    store.append(series("size_bytes_count"), at, value);
    store.append(series("my.metric", {{"my label", "a\"b\\c\nd"}}), at, value);
    store.append(series("bare"), at,
                 i == 1   ? stale_marker()
                 : i == 2 ? std::numeric_limits<double>::quiet_NaN()
                          : -1e-300);
  }
  store.append(series("before"), from_ms(-1'500), 1);
}

void expect_same(const Store& a, const Store& b) {
  const auto left = a.select({}, {});
  const auto right = b.select({}, {});
  ASSERT_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    EXPECT_EQ(left[i].labels.to_string(), right[i].labels.to_string());
    ASSERT_EQ(left[i].values.size(), right[i].values.size()) << left[i].labels.to_string();
    for (std::size_t j = 0; j < left[i].values.size(); ++j) {
      EXPECT_EQ(left[i].timestamps[j], right[i].timestamps[j]);
      const double one = left[i].values[j];
      const double two = right[i].values[j];
      EXPECT_EQ(is_stale(one), is_stale(two));
      if (!std::isnan(one)) {
        EXPECT_EQ(one, two);
      }
      EXPECT_EQ(std::isnan(one), std::isnan(two));
    }
  }
}

TEST(OpenMetricsFile, ReadsBackWhatItWrote) {
  Store store;
  fill(store);
  const std::string file = exported(store);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{64}, file.size()}) {
    Store again;
    ASSERT_EQ(import(again, file, piece), "");
    expect_same(store, again);
    EXPECT_EQ(exported(again), file) << "and writes the same again";
  }
}

TEST(OpenMetricsFile, GroupsByFamilyMetricAndPoint) {
  Store store;
  fill(store);
  const std::string file = exported(store);
  const std::string_view points =
      "# TYPE latency_seconds histogram\n"
      "# HELP latency_seconds How \\\"long\\\"\\nit took.\n"
      "latency_seconds_bucket{job=\"a\",le=\"0.5\"} 0 1700000000.001\n"
      "latency_seconds_bucket{job=\"a\",le=\"2.5\"} 0 1700000000.001\n"
      "latency_seconds_bucket{job=\"a\",le=\"10\"} 0 1700000000.001\n"
      "latency_seconds_bucket{job=\"a\",le=\"+Inf\"} 0 1700000000.001\n"
      "latency_seconds_count{job=\"a\"} 0 1700000000.001\n"
      "latency_seconds_sum{job=\"a\"} 0 1700000000.001\n"
      "latency_seconds_bucket{job=\"a\",le=\"0.5\"} 1 1700000015.002\n"
      "latency_seconds_bucket{job=\"a\",le=\"2.5\"} 1 1700000015.002\n"
      "latency_seconds_bucket{job=\"a\",le=\"10\"} 1 1700000015.002\n"
      "latency_seconds_bucket{job=\"a\",le=\"+Inf\"} 1 1700000015.002\n"
      "latency_seconds_count{job=\"a\"} 1 1700000015.002\n"
      "latency_seconds_sum{job=\"a\"} 0.3333333333333333 1700000015.002\n"
      "latency_seconds_count{job=\"a\"} 2 1700000030.003\n";
  EXPECT_NE(file.find(points), std::string::npos) << file;
  // A counter's family leaves out "_total"; as a gauge has that name already, the counter becomes a
  // family of unknown type. A counter without the suffix cannot be one in OpenMetrics.
  EXPECT_NE(file.find("# TYPE requests gauge\n"), std::string::npos) << file;
  EXPECT_NE(file.find("# TYPE requests_total unknown\n"), std::string::npos);
  EXPECT_NE(file.find("# TYPE odd_counter unknown\n"), std::string::npos);
  EXPECT_NE(file.find("# TYPE size_bytes summary\n# UNIT size_bytes bytes\n"), std::string::npos);
  EXPECT_NE(file.find("\nbare{job=\"a\"} nan 1700000015.002\nbare{job=\"a\"} NaN 1700000030.003\n"),
            std::string::npos);
  EXPECT_NE(file.find("\nbefore{job=\"a\"} 1 -1.500\n"), std::string::npos);
  EXPECT_TRUE(file.ends_with("\n# EOF\n"));
  EXPECT_EQ(exported(store, StaleMarkers::kLeaveOut).find("nan"), std::string::npos);
  EXPECT_TRUE(parse_families(file, ExpositionFormat::kOpenMetrics).has_value());
}

TEST(OpenMetricsFile, AnEmptyStoreIsAnEmptyFile) {
  EXPECT_EQ(exported(Store()), "# EOF\n");
  Store store;
  EXPECT_EQ(import(store, "# EOF\n", 100), "");
  EXPECT_EQ(store.series_count(), 0u);
}

TEST(OpenMetricsFile, LeavesNativeHistogramsOut) {
  Store store;
  const SeriesId a = store.intern(Labels{{kMetricName, "a"}});
  store.append(a, from_ms(1000), 1);
  store.append_histogram(a, from_ms(2000), std::make_shared<const NativeHistogram>());
  std::string file;
  const auto stats = write_openmetrics(store, [&](std::string_view piece) -> Result<void> {
                       file += piece;
                       return {};
                     }).value();
  EXPECT_EQ(file, "# TYPE a unknown\na 1 1\n# EOF\n");
  EXPECT_EQ(stats.samples, 1u);
  EXPECT_EQ(stats.histograms_left_out, 1u);
}

TEST(OpenMetricsFile, SaysWhereAFileIsBad) {
  const auto error = [](std::string_view file) {
    std::string first;
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{1000}}) {
      Store store;
      const std::string got = import(store, file, piece);
      if (first.empty()) first = got;
      EXPECT_EQ(got, first) << "in pieces of " << piece;
    }
    return first;
  };
  EXPECT_EQ(error("a 1 1\na 2\n# EOF\n"),
            "run.om:2:4: expected a timestamp: a file of samples gives each its time");
  EXPECT_EQ(error("a 1 1\na x 2\n# EOF\n"), "run.om:2:3: expected a number as value, got \"x\"");
  EXPECT_EQ(error("a 1 1\na 2 2\na 3 3z\n# EOF\n"),
            "run.om:3:5: expected a timestamp in seconds, got \"3z\"");
  EXPECT_EQ(error("a 1 1\na 2 2\n"), "run.om:3:1: expected \"# EOF\" as the last line");
  EXPECT_EQ(error("a 1 1\n# EOF\na 2 2\n"), "run.om:3:1: expected nothing after \"# EOF\"");
  EXPECT_EQ(error(""), "run.om:1:1: expected \"# EOF\" as the last line");
  EXPECT_EQ(error("a 1 1\na 1 1e300\n# EOF"),
            "run.om:2:5: expected a timestamp in seconds, got \"1e300\"");
}

TEST(OpenMetricsFile, RefusesEndlessLines) {
  Store store;
  const std::string got = import(store, "a{b=\"" + std::string(3 << 20, 'x'), 1 << 16);
  EXPECT_EQ(got, "run.om:1:1: the line is longer than 1048576 bytes");
}

TEST(OpenMetricsFile, PutsEverySampleInItsPlace) {
  Store store;
  OpenMetricsImporter importer(store, "run.om");
  importer.feed("a 1 10\na 1 10\na 2 10\na 3 9\nb 1 1\na 5 12\na 4 11\na 6 9\n# EOF\n").value();
  const ImportStats stats = importer.finish().value();
  EXPECT_EQ(stats.series, 2u);
  EXPECT_EQ(stats.samples, 6u);
  EXPECT_EQ(stats.refused, 2u);
  EXPECT_EQ(exported(store),
            "# TYPE a unknown\na 3 9\na 1 10\na 4 11\na 5 12\n# TYPE b unknown\nb 1 1\n# EOF\n");
}

TEST(OpenMetricsFile, TakesFilesInAnyOrder) {
  Store forwards;
  Store backwards;
  const std::vector<std::string> files = {"a 1 1\na 2 2\nb 5 1\n# EOF\n", "a 3 3\nb 6 3\n# EOF\n",
                                          "a 2 2\na 4 4\n# EOF\n"};
  for (std::size_t i = 0; i < files.size(); ++i) {
    EXPECT_EQ(import(forwards, files[i], 3), "");
    EXPECT_EQ(import(backwards, files[files.size() - 1 - i], 3), "");
  }
  EXPECT_EQ(exported(forwards), exported(backwards));
  EXPECT_EQ(forwards.size(), 6u);
}

class OpenMetricsOnDisk : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return folder_.path(name); }

  ScratchFolder folder_;
};

TEST_F(OpenMetricsOnDisk, PlainAndCompressed) {
  Store store;
  fill(store);
  for (const char* name : {"run.om", "run.om.gz"}) {
    const ExportStats written = export_openmetrics(store, path(name)).value();
    EXPECT_EQ(written.samples, store.size());
    EXPECT_EQ(written.series, store.series_count());
    Store again;
    EXPECT_EQ(import_openmetrics(path(name), again).value().samples, store.size());
    expect_same(store, again);
  }
  const std::string compressed = read_file(path("run.om.gz")).value();
  EXPECT_TRUE(looks_like_gzip(compressed));
  EXPECT_EQ(gzip_decompress(compressed, 1 << 20).value(), read_file(path("run.om")).value());
  write_file_atomically(path("cut.gz"), compressed.substr(0, compressed.size() - 4)).value();
  Store again;
  EXPECT_EQ(import_openmetrics(path("cut.gz"), again).error().message,
            "not a good gzip stream: it ends in the middle");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path()))
    ++files;
  EXPECT_EQ(files, 3u) << "no temporary file stays";
}

/// Runs of samples, lines that change series each time, odd values, late samples, comments.
std::string assorted_file() {
  std::string file = "# TYPE a gauge\n";
  for (int i = 0; i < 300; ++i) {
    const std::string at = " " + std::to_string(1000 + i * 15) + (i % 50 == 7 ? ".5\n" : "\n");
    file += "a{n=\"x} y\"} " + std::to_string(i) + at;
    if (i == 100) file += "# HELP a Help.\na{n=\"x} y\"} 7 3\n";
  }
  for (int i = 0; i < 200; ++i) {
    const std::string at = " " + std::to_string(1000 + i * 15) + "\n";
    file += "b{le=\"1\"} " + std::string(i % 40 == 9 ? "NaN" : i % 40 == 10 ? "nan" : "1e3") + at;
    file += "b{le=\"2\"} +2" + at + "b_count -3.25" + at;
    if (i % 60 == 5) file += "b_count 4 " + std::to_string(100 + i) + "\n";
  }
  return file + "# EOF\n";
}

TEST_F(OpenMetricsOnDisk, ThreadsAndPiecesMakeNoDifference) {
  const std::string good = assorted_file();
  std::string bad = good;
  const std::size_t at = bad.find("b_count -3.25 2500");
  bad.replace(at, 13, "b_count -3,25");
  std::size_t line = 1;
  for (const char c : bad.substr(0, at)) line += c == '\n' ? 1 : 0;
  write_file_atomically(path("good.om"), good).value();
  write_file_atomically(path("good.gz"), gzip_compress(good)).value();
  write_file_atomically(path("bad.om"), bad + "and more that is bad\n").value();
  Store expected;
  ASSERT_EQ(import(expected, good, 1), "");
  for (const unsigned threads : {1U, 2U, 5U}) {
    for (const std::size_t bytes : {std::size_t{10}, std::size_t{333}, std::size_t{1} << 20}) {
      for (const char* name : {"good.om", "good.gz"}) {
        Store store;
        const ImportStats stats = import_openmetrics(path(name), store, {threads, bytes}).value();
        EXPECT_EQ(stats.series, 4U);
        EXPECT_EQ(stats.samples, store.size());
        EXPECT_EQ(store.size(), expected.size());
        expect_same(store, expected);
        EXPECT_EQ(store.families(), expected.families());
      }
      Store store;
      EXPECT_EQ(to_string(import_openmetrics(path("bad.om"), store, {threads, bytes}).error()),
                path("bad.om") + ":" + std::to_string(line) +
                    ":9: expected a number as value, got \"-3,25\"");
    }
  }
}

TEST_F(OpenMetricsOnDisk, TroubleNamesTheFile) {
  Store store;
  EXPECT_EQ(to_string(import_openmetrics(path("none"), store).error()),
            "cannot open " + path("none") + ": No such file or directory");
  EXPECT_EQ(to_string(import_openmetrics(folder_.path(), store).error()),
            "cannot read " + folder_.path() + ": Is a directory");
  EXPECT_TRUE(export_openmetrics(store, path("new/folder/run.om")).has_value());
  const std::string under_a_file = path("new/folder/run.om/run.om");
  EXPECT_EQ(to_string(export_openmetrics(store, under_a_file).error()),
            "cannot write " + under_a_file + ": Not a directory");
}

TEST(Gzip, RoundTrip) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i * 7919 % 10007) + ' ';
  for (const std::string& original : {std::string(), std::string("a"), text}) {
    const std::string packed = gzip_compress(original);
    EXPECT_EQ(gzip_decompress(packed, original.size()).value(), original);
    EXPECT_EQ(gzip_decompress(packed + packed, 2 * original.size()).value(), original + original);
    std::string pieces;
    GzipReader reader;
    for (const char c : packed) {
      reader
          .feed({&c, 1},
                [&](std::string_view piece) -> Result<void> {
                  pieces += piece;
                  return {};
                })
          .value();
    }
    EXPECT_TRUE(reader.finish().has_value());
    EXPECT_EQ(pieces, original);
  }
}

TEST(Gzip, RefusesBombsAndDamage) {
  const std::string bomb = gzip_compress(std::string(50 << 20, '\0'));
  EXPECT_LT(bomb.size(), 100'000u);
  const auto refused = gzip_decompress(bomb, 1 << 20);
  EXPECT_EQ(refused.error().kind, ErrorKind::kLimit);
  EXPECT_EQ(refused.error().message, "the gzip stream holds more than 1048576 bytes");
  const std::string good = gzip_compress("hello, hello, hello");
  EXPECT_TRUE(gzip_decompress("", 100).has_error());
  EXPECT_TRUE(gzip_decompress("plain text", 100).has_error());
  EXPECT_TRUE(gzip_decompress(good + "rest", 100).has_error());
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_TRUE(gzip_decompress(good.substr(0, cut), 100).has_error()) << cut;
  std::string damaged = good;
  damaged[good.size() - 6] ^= 1;
  EXPECT_EQ(gzip_decompress(damaged, 100).error().message,
            "not a good gzip stream: incorrect data check");
}

}  // namespace
}  // namespace tocsin::metrics
