#include "harness/metrics/scrape_parser.h"

#include <algorithm>
#include <bit>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/number.h"

namespace tocsin::metrics {
namespace {

const Labels kTarget{{"job", "j"}, {"instance", "i"}};

class Scraping : public testing::Test {
 protected:
  explicit Scraping(ScrapeOptions options = {.target = kTarget})
      : parser_(store_, std::move(options)), writer_(store_) {}

  /// "samples/new", or the error.
  std::string scrape(std::string_view page, ExpositionFormat format = ExpositionFormat::kText) {
    const Timestamp at = from_ms(next_ += 1000);
    writer_.begin(at);
    const auto parsed = parser_.parse(page, format, writer_);
    if (parsed.has_error()) {
      writer_.fail(at);
      return to_string(parsed.error());
    }
    writer_.finish();
    return std::to_string(parsed->samples) + '/' + std::to_string(parsed->new_series);
  }

  /// Last samples of all series: "a{…} 1 2", stale ones as "-".
  std::vector<std::string> contents() const {
    std::vector<std::string> lines;
    for (const SeriesView& view : store_.select({}, {})) {
      std::string line = view.labels.to_string();
      for (const double value : view.values)
        line += is_stale(value) ? " -" : ' ' + format_value(value);
      lines.push_back(line);
    }
    return lines;
  }

  Store store_;
  ScrapeParser parser_;
  ScrapeWriter writer_;
  std::int64_t next_ = 0;
};

using Lines = std::vector<std::string>;

TEST_F(Scraping, RemembersLines) {
  EXPECT_EQ(scrape("# TYPE a counter\na{b=\"c\"} 1\nd 2\n"), "2/2");
  EXPECT_EQ(scrape("# TYPE a counter\na{b=\"c\"} 3\nd 4\n"), "2/0");
  EXPECT_EQ(scrape("# TYPE a counter\nd 6\na{b=\"c\"} 5\n"), "2/0") << "in another order";
  EXPECT_EQ(scrape("a{b=\"c\"} 7\ne 8\n"), "2/1") << "one gone, one new";
  EXPECT_EQ(scrape("a{b=\"c\"} 9\nd 10"), "2/1") << "no last line break";
  EXPECT_EQ(contents(),
            (Lines{"a{b=\"c\", instance=\"i\", job=\"j\"} 1 3 5 7 9",
                   "d{instance=\"i\", job=\"j\"} 2 4 6 - 10", "e{instance=\"i\", job=\"j\"} 8 -"}));
}

TEST_F(Scraping, TheSameSeriesInAnotherSpelling) {
  EXPECT_EQ(scrape("a{b=\"c\",d=\"e\"} 1\n"), "1/1");
  EXPECT_EQ(scrape("a{ d=\"e\", b=\"c\" }  2\n"), "1/1") << "new as a line";
  EXPECT_EQ(contents(), (Lines{"a{b=\"c\", d=\"e\", instance=\"i\", job=\"j\"} 1 2"}));
}

TEST_F(Scraping, KnownHeadsInOtherLines) {
  EXPECT_EQ(scrape("a 1\n"), "1/1");
  EXPECT_EQ(scrape("a {b=\"c\"} 2\n"), "1/1");
  EXPECT_EQ(scrape("ab 3\n"), "1/1");
  EXPECT_EQ(scrape("a\t4\n"), "1/1");
  EXPECT_EQ(scrape("a\n"), "1:2: expected \"{\" or a blank and a value, got the end of the line");
  EXPECT_EQ(scrape("a 5x\n"), "1:3: expected a number as value, got \"5x\"");
  EXPECT_EQ(scrape("a 6 7 8\n"), "1:7: expected the end of the line, got \"8\"");
}

TEST_F(Scraping, ValuesOfAllKinds) {
  scrape("a 1\n");
  for (const char* value : {"+Inf", "NaN", "1e308", "-0.5", "12345678901234567890123", "2"})
    EXPECT_EQ(scrape("a " + std::string(value) + "\n"), "1/0") << value;
  EXPECT_EQ(contents(), (Lines{"a{instance=\"i\", job=\"j\"} 1 +Inf NaN 1e+308 -0.5 "
                               "1.2345678901234568e+22 2"}));
}

TEST_F(Scraping, ErrorsKnowTheirLineAmongKnownOnes) {
  scrape("# TYPE a counter\na 1\n# HELP b B\nb 1\n");
  EXPECT_EQ(scrape("# TYPE a counter\na 1\n# HELP b B\nb one\n"),
            "4:3: expected a number as value, got \"one\"");
  EXPECT_EQ(contents(),
            (Lines{"a{instance=\"i\", job=\"j\"} 1 -", "b{instance=\"i\", job=\"j\"} 1 -"}));
}

TEST_F(Scraping, OpenMetricsKeepsItsEnd) {
  const auto om = ExpositionFormat::kOpenMetrics;
  EXPECT_EQ(scrape("a 1\n# EOF\n", om), "1/1");
  EXPECT_EQ(scrape("a 1\n# EOF\na 2\n", om), "3:1: expected nothing after \"# EOF\"");
  EXPECT_EQ(scrape("# EOF\na 2\n", om), "2:1: expected nothing after \"# EOF\"");
  EXPECT_EQ(scrape("a 1\n", om), "2:1: expected \"# EOF\" as the last line");
  EXPECT_EQ(scrape("a 1 # {t=\"x\"} 1\n# EOF\n", om), "1/0");
  EXPECT_EQ(scrape("a 1\n# remark\n", ExpositionFormat::kText), "1/1");
  EXPECT_EQ(scrape("a 1\n# remark\n# EOF\n", om).substr(0, 3), "2:3");
}

TEST_F(Scraping, HonorsTimestamps) {
  EXPECT_EQ(scrape("a 1 500\nb 1\n"), "2/2");
  EXPECT_EQ(scrape("a 2 600\nb 2\n"), "2/0");
  EXPECT_EQ(scrape("b 3\n"), "1/0");
  EXPECT_EQ(contents(),
            (Lines{"a{instance=\"i\", job=\"j\"} 1 2", "b{instance=\"i\", job=\"j\"} 1 2 3"}));
  const SeriesId a = *store_.find(Labels{{kMetricName, "a"}, {"instance", "i"}, {"job", "j"}});
  EXPECT_EQ(store_.view(a).timestamps[1], 600);
}

TEST_F(Scraping, LearnsFamilies) {
  scrape("# HELP a All.\n# TYPE a counter\na 1\n");
  ASSERT_NE(store_.family("a"), nullptr);
  EXPECT_EQ(*store_.family("a"), (FamilyInfo{"a", MetricType::kCounter, "All.", ""}));
  scrape("# HELP a Others.\n# TYPE a gauge\na 1\n");
  EXPECT_EQ(*store_.family("a"), (FamilyInfo{"a", MetricType::kGauge, "Others.", ""}));
}

TEST_F(Scraping, ForgetsSeriesThatComeAndGo) {
  for (int round = 0; round < 50; ++round) {
    std::string page = "fixed 1\n";
    for (int i = 0; i < 100; ++i) page += "pod{id=\"" + std::to_string(round * 100 + i) + "\"} 1\n";
    EXPECT_EQ(scrape(page), round == 0 ? "101/101" : "101/100");
  }
}

/// With a memory and without: the same samples, the same errors.
TEST(ScrapeMemory, ChangesNothingButTheSpeed) {
  const std::vector<std::string> heads = {
      "a",         "ab", "a{}", "a {b=\"c\"}", "a{b=\"c\"}", "b", "a{b=\"c\",d=\"e}\"}",
      "{\"x.y\"}", "c{", "9"};
  const std::vector<std::string> tails = {
      " 1", " 2.5", " -3e4", "\t4", " 5 100", " NaN", "6", " 7 # {t=\"u\"} 8", "  9", " 1x", ""};
  const std::vector<std::string> others = {
      "# TYPE a counter\n", "# HELP b Help\n", "# remark\n", "\n", "# EOF\n", "# TYPE a\n"};
  std::mt19937 random(7);
  std::size_t good = 0;
  for (const auto format : {ExpositionFormat::kText, ExpositionFormat::kOpenMetrics}) {
    Store one;
    Store two;
    ScrapeParser remembers(one, {.target = kTarget});
    ScrapeWriter to_one(one);
    ScrapeWriter to_two(two);
    std::vector<std::string> lines;
    for (int round = 0; round < 3000; ++round) {
      // A page much like the one before.
      for (int change = 0; change < 2; ++change) {
        const std::size_t at = random() % (lines.size() + 1);
        const bool rare = random() % 20 == 0;
        const std::string line = random() % 5 == 0
                                     ? others[random() % (rare ? 6 : 2)]
                                     : heads[random() % (rare ? 10 : 7)] +
                                           tails[random() % (rare ? tails.size() : 3)] + '\n';
        if (lines.size() > 6) lines.erase(lines.begin() + static_cast<long>(at % lines.size()));
        lines.insert(lines.begin() + static_cast<long>(std::min(at, lines.size())), line);
      }
      std::string page;
      for (const std::string& line : lines) page += line;
      if (format == ExpositionFormat::kOpenMetrics && random() % 10 != 0) page += "# EOF\n";

      const Timestamp at = from_ms(1000 * (round + 1));
      ScrapeParser forgets(two, {.target = kTarget});
      to_one.begin(at);
      to_two.begin(at);
      const auto first = remembers.parse(page, format, to_one);
      const auto second = forgets.parse(page, format, to_two);
      ASSERT_EQ(first.has_error(), second.has_error()) << page;
      if (first.has_error()) {
        ASSERT_EQ(to_string(first.error()), to_string(second.error())) << page;
        to_one.fail(at);
        to_two.fail(at);
        lines.clear();
        continue;
      }
      ++good;
      ASSERT_EQ(first->samples, second->samples) << page;
      ASSERT_EQ(to_one.finish().stale, to_two.finish().stale) << page;
    }
    const auto left = one.select({}, {});
    const auto right = two.select({}, {});
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      EXPECT_EQ(left[i].labels, right[i].labels);
      EXPECT_TRUE(std::ranges::equal(left[i].timestamps, right[i].timestamps));
      EXPECT_TRUE(std::ranges::equal(
          left[i].values, right[i].values, {},
          [](double v) { return std::bit_cast<std::uint64_t>(v); },
          [](double v) { return std::bit_cast<std::uint64_t>(v); }));
    }
  }
  EXPECT_GT(good, 2000u);
}

class LimitedScraping : public Scraping {
 protected:
  LimitedScraping() : Scraping({.target = kTarget, .limits = {.line_bytes = 100, .samples = 2}}) {}
};

TEST_F(LimitedScraping, HoldsForKnownLinesToo) {
  EXPECT_EQ(scrape("a 1\nb 1\n"), "2/2");
  EXPECT_EQ(scrape("a 1\nb 1\nc 1\n"), "3: more than 2 samples in one page");
  EXPECT_EQ(scrape("a 1\nb 1\nc 1\n"), "3: more than 2 samples in one page");
  EXPECT_EQ(scrape("a 1\nb 1\na 1\n"), "3: more than 2 samples in one page");
  EXPECT_EQ(scrape("a 1\nb " + std::string(99, '1') + "\n"),
            "2:1: the line is longer than 100 bytes");
}

Labels labels_for(std::string_view page, const Labels& target, LabelConflict conflict) {
  struct Take final : ExpositionHandler {
    void on_sample(const ParsedSample& sample) override {
      labels = ScrapeParser::series_labels(sample, *target, conflict);
    }
    const Labels* target = nullptr;
    LabelConflict conflict{};
    Labels labels;
  } take;
  take.target = &target;
  take.conflict = conflict;
  parse_exposition(page, ExpositionFormat::kText, take).value();
  return take.labels;
}

/// prometheus.io/docs/prometheus/latest/configuration: honor_labels.
TEST(ScrapeLabels, Conflicts) {
  const Labels target{{"job", "j"}, {"instance", "i"}};
  const auto renamed = [&](std::string_view page) {
    return labels_for(page, target, LabelConflict::kRenameExposed).to_string();
  };
  EXPECT_EQ(renamed("a{job=\"x\"} 1"), "a{exported_job=\"x\", instance=\"i\", job=\"j\"}");
  EXPECT_EQ(renamed("a{job=\"\"} 1"), "a{instance=\"i\", job=\"j\"}");
  EXPECT_EQ(renamed("a{job=\"x\",exported_job=\"y\"} 1"),
            "a{exported_exported_job=\"x\", exported_job=\"y\", instance=\"i\", job=\"j\"}");
  const auto honored = [&](std::string_view page) {
    return labels_for(page, target, LabelConflict::kHonorExposed).to_string();
  };
  EXPECT_EQ(honored("a{job=\"x\"} 1"), "a{instance=\"i\", job=\"x\"}");
  EXPECT_EQ(honored("a{job=\"\"} 1"), "a{instance=\"i\"}");
}

/// The fast reader of numbers against the standard library's.
TEST(Number, ReadsWhatItWrites) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 200'000; ++round) {
    const auto bits = random();
    double value = std::bit_cast<double>(bits);
    if (value != value) continue;
    if (round % 2 == 0)
      value = static_cast<double>(static_cast<std::int64_t>(bits % 2'000'000) - 1'000'000) / 1000;
    const std::string text = format_value(value);
    const auto read = parse_value(text);
    ASSERT_TRUE(read) << text;
    ASSERT_EQ(*read, value) << text;
    ASSERT_EQ(*read, std::strtod(text.c_str(), nullptr));
  }
}

TEST(Number, TakesDecimalsOnly) {
  for (const char* good : {"1", "-1", "+1", "1.", ".5", "1e5", "1E+05", "1e-5", "0e0", "inf", "Inf",
                           "+INF", "-infinity", "nan", "NaN", "1e-999", "0.0001e-400"})
    EXPECT_TRUE(parse_value(good)) << good;
  for (const char* bad : {"",
                          "-",
                          "+",
                          ".",
                          "e5",
                          "1e",
                          "1e+",
                          "0x10",
                          "1_0",
                          "++1",
                          "+-1",
                          "1 ",
                          " 1",
                          "1f",
                          "infi",
                          "+nan",
                          "1e999",
                          "-1e309",
                          "1e99999999999999999999",
                          "1.5.5",
                          "--1",
                          "in",
                          "1,5"})
    EXPECT_FALSE(parse_value(bad)) << bad;
}

/// As client_golang writes them.
TEST(Number, WritesAsPrometheusClientsDo) {
  EXPECT_EQ(format_value(0), "0");
  EXPECT_EQ(format_value(1), "1");
  EXPECT_EQ(format_value(0.005), "0.005");
  EXPECT_EQ(format_value(0.0001), "0.0001");
  EXPECT_EQ(format_value(0.00001), "1e-05");
  EXPECT_EQ(format_value(999999), "999999");
  EXPECT_EQ(format_value(1e6), "1e+06");
  EXPECT_EQ(format_value(1795416951.757), "1.795416951757e+09");
  EXPECT_EQ(format_value(1e300), "1e+300");
  EXPECT_EQ(format_value(-2.5), "-2.5");
}

}  // namespace
}  // namespace tocsin::metrics
