// What Prometheus' own promtool says to the pages and files that this folder writes. Skipped where
// it is not installed.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/line_parser.h"
#include "harness/metrics/lint.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/metrics/scrape_parser.h"

namespace tocsin::metrics {
namespace {

const std::string kTestdata = TOCSIN_SOURCE_DIR "/harness/metrics/testdata/";

class Promtool : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("promtool --version >/dev/null 2>&1") != 0)
      GTEST_SKIP() << "promtool is not installed";
  }

  /// Exit code, and what was printed to both streams.
  std::pair<int, std::string> run(const std::string& command, const std::string& input = "") {
    const std::string file = folder_.path("stdin");
    write_file_atomically(file, input).value();
    std::FILE* pipe = ::popen(("( " + command + " ) <" + file + " 2>&1").c_str(), "r");
    std::string output;
    char buffer[4096];
    while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe))
      output.append(buffer, got);
    return {WEXITSTATUS(::pclose(pipe)), output};
  }

  ScratchFolder folder_;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + '\n';
  return text;
}

std::vector<FamilySamples> text_families(const std::string& page) {
  return parse_families(page, ExpositionFormat::kText).value();
}

ExpositionSample sample(std::string_view name, std::vector<LabelView> labels, double value) {
  labels.push_back({kMetricName, name});
  return {Labels::from(std::move(labels)), value};
}

/// Every type, in names that follow the conventions.
std::vector<FamilySamples> every_type() {
  return {
      {{"http_requests", MetricType::kCounter, "Requests \\ by \"code\"\nand path.", ""},
       {sample("http_requests_total", {{"code", "200"}, {"path", "/a\"b\\c\nd"}}, 12),
        sample("http_requests_created", {{"code", "200"}, {"path", "/a\"b\\c\nd"}}, 1.7e9)}},
      {{"jobs_done_total", MetricType::kCounter, "Jobs.", ""},
       {sample("jobs_done_total", {}, 1e9)}},
      {{"temperature_celsius", MetricType::kGauge, "Now.", "celsius"},
       {sample("temperature_celsius", {}, -1.5e-7)}},
      {{"latency_seconds", MetricType::kHistogram, "Latency.", "seconds"},
       {sample("latency_seconds_bucket", {{"le", "0.005"}}, 1),
        sample("latency_seconds_bucket", {{"le", "+Inf"}}, 2),
        sample("latency_seconds_sum", {}, 0.25), sample("latency_seconds_count", {}, 2)}},
      {{"payload_bytes", MetricType::kSummary, "Sizes.", "bytes"},
       {sample("payload_bytes", {{"quantile", "0.5"}}, 10), sample("payload_bytes_sum", {}, 30),
        sample("payload_bytes_count", {}, 3)}},
      {{"build", MetricType::kInfo, "Version.", ""},
       {sample("build_info", {{"version", "1.2"}}, 1)}},
      {{"mode", MetricType::kStateSet, "Mode.", ""},
       {sample("mode", {{"mode", "on"}}, 1), sample("mode", {{"mode", "off"}}, 0)}},
      {{"anything", MetricType::kUnknown, "Anything.", ""}, {sample("anything", {}, 1)}},
  };
}

TEST_F(Promtool, FindsNothingInOurPages) {
  const std::string page = write_exposition(every_type(), ExpositionFormat::kText);
  const auto [code, output] = run("promtool check metrics", page);
  EXPECT_EQ(code, 0) << page;
  EXPECT_EQ(output, "") << page;
  EXPECT_EQ(joined(lint(text_families(page))), "");
  EXPECT_EQ(joined(lint(every_type())), "");
}

TEST_F(Promtool, FindsWhatWeFind) {
  for (const char* name : {"lint.txt", "node_exporter.txt"}) {
    const std::string page = read_file(kTestdata + name).value();
    EXPECT_EQ(joined(lint(text_families(page))), run("promtool check metrics", page).second);
  }
}

/// Without promtool: as it was when the case was written.
TEST(Lint, FindsWhatPromtoolFound) {
  const std::string page = read_file(kTestdata + "lint.txt").value();
  EXPECT_EQ(joined(lint(text_families(page))), read_file(kTestdata + "lint.expected").value());
}

/// "{__name__="a", job="b"} 1 1700000000000", the lines of `promtool tsdb dump`.
std::multiset<std::string> dump_of(const Store& store) {
  std::multiset<std::string> lines;
  for (const SeriesView& view : store.select({}, {})) {
    std::string labels;
    for (const LabelView label : view.labels) {
      labels += labels.empty() ? "{" : ", ";
      labels += std::string(label.name) + '=' + quote_label_value(label.value);
    }
    for (std::size_t i = 0; i < view.values.size(); ++i) {
      lines.insert(labels + "} " + format_value(view.values[i]) + ' ' +
                   std::to_string(view.timestamps[i]));
    }
  }
  return lines;
}

TEST_F(Promtool, MakesABlockOfOurFileAndReadsTheSameFromIt) {
  Store store;
  ScrapeParser parser(store, {.target = Labels{{"job", "node"}, {"instance", "a:9100"}}});
  ScrapeWriter writer(store);
  const std::string page = read_file(kTestdata + "node_exporter.txt").value();
  const std::string other = write_exposition(every_type(), ExpositionFormat::kText);
  // Times whose seconds, as a double, times 1000 fall just short of the millisecond, and others.
  for (int scrape = 0; scrape < 40; ++scrape) {
    writer.begin(from_ms(1'700'000'000'000 + scrape * 15'003));
    parser.parse(scrape % 10 == 3 ? other : page, ExpositionFormat::kText, writer).value();
    writer.finish();
  }
  export_openmetrics(store, folder_.path("run.om")).value();
  const auto [code, output] = run("promtool tsdb create-blocks-from openmetrics " +
                                  folder_.path("run.om ") + folder_.path("blocks"));
  ASSERT_EQ(code, 0) << output;
  std::filesystem::create_directory(folder_.path("blocks/wal"));  // the dump wants one
  const auto [dumped, text] = run("promtool tsdb dump " + folder_.path("blocks"));
  ASSERT_EQ(dumped, 0) << text;
  std::multiset<std::string> lines;
  for_each_line(text, [&](std::string_view line) {
    if (line.starts_with('{')) lines.emplace(line);
    return true;
  });
  EXPECT_EQ(lines.size(), store.size());
  EXPECT_TRUE(lines == dump_of(store));
}

}  // namespace
}  // namespace tocsin::metrics
