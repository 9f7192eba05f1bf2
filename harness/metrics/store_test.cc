#include "harness/metrics/store.h"

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace tocsin::metrics {
namespace {

const double kStale = stale_marker();

Labels named(std::string_view name) {
  return Labels{{kMetricName, name}};
}

/// "10:1 20:stale", for messages.
std::string describe(const SeriesView& view) {
  std::string text;
  for (std::size_t i = 0; i < view.values.size(); ++i) {
    if (i > 0) text += ' ';
    text += std::to_string(view.timestamps[i]) + ':';
    text += is_stale(view.values[i]) ? "stale" : std::to_string(std::llround(view.values[i]));
  }
  return text;
}

std::string describe(const Store& store, const Labels& labels, TimeRange range = {}) {
  const auto id = store.find(labels);
  return id ? describe(store.view(*id, range)) : "none";
}

TEST(Store, KeepsALabelSetOnce) {
  Store store;
  const SeriesId a = store.intern(Labels{{kMetricName, "a"}, {"b", "c"}});
  EXPECT_EQ(store.intern(Labels{{"b", "c"}, {kMetricName, "a"}}), a);
  EXPECT_NE(store.intern(named("a")), a);
  EXPECT_EQ(store.series_count(), 2u);
  EXPECT_EQ(store.find(named("b")), std::nullopt);
  EXPECT_EQ(store.labels(a).to_string(), "a{b=\"c\"}");
}

TEST(Store, InsertsAmongHistogramsAndStartTimestamps) {
  Store store;
  const SeriesId a = store.intern(named("a"));
  const auto histogram = std::make_shared<const NativeHistogram>();
  store.append(a, from_ms(10), 1);
  store.set_start_timestamp(a, from_ms(5));
  store.append_histogram(a, from_ms(20), histogram);
  store.append(a, from_ms(30), 3);
  EXPECT_TRUE(store.has_later(a, from_ms(29)));
  EXPECT_FALSE(store.has_later(a, from_ms(30)));
  EXPECT_EQ(
      store.insert(a, {{from_ms(25), 2.5}, {from_ms(1), 0}, {from_ms(20), 9}, {from_ms(30), 3}}),
      1u);
  const SeriesView view = store.view(a);
  EXPECT_EQ(std::vector<std::int64_t>(view.timestamps.begin(), view.timestamps.end()),
            (std::vector<std::int64_t>{1, 10, 20, 25, 30}));
  EXPECT_EQ(view.histograms[2], histogram);
  EXPECT_EQ(view.values[3], 2.5);
  EXPECT_EQ(view.start_timestamps[1], 0);
  EXPECT_EQ(view.start_timestamps[2], 5);
  EXPECT_EQ(store.size(), 5u);
}

TEST(Store, RefusesWhatComesTooLate) {
  Store store;
  const SeriesId a = store.intern(named("a"));
  EXPECT_EQ(store.try_append(a, from_ms(10), 1), Appended::kYes);
  EXPECT_EQ(store.try_append(a, from_ms(20), 2), Appended::kYes);
  EXPECT_EQ(store.try_append(a, from_ms(20), 2), Appended::kAlreadyThere);
  EXPECT_EQ(store.try_append(a, from_ms(20), 3), Appended::kDuplicate);
  EXPECT_EQ(store.try_append(a, from_ms(10), 1), Appended::kOutOfOrder);
  EXPECT_FALSE(store.append(named("a"), from_ms(19), 1));
  EXPECT_TRUE(store.append(named("a"), from_ms(20), 2));
  EXPECT_EQ(store.refused().duplicate, 1u);
  EXPECT_EQ(store.refused().out_of_order, 2u);
  EXPECT_EQ(store.size(), 2u);
  EXPECT_EQ(describe(store, named("a")), "10:1 20:2");
}

TEST(Store, TellsNaNsApartByTheirBits) {
  Store store;
  const SeriesId a = store.intern(named("a"));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(store.try_append(a, from_ms(10), nan), Appended::kYes);
  EXPECT_EQ(store.try_append(a, from_ms(10), nan), Appended::kAlreadyThere);
  EXPECT_EQ(store.try_append(a, from_ms(10), kStale), Appended::kDuplicate);
}

TEST(Store, ShowsRangesWithBothEnds) {
  Store store;
  for (std::int64_t t = 10; t <= 50; t += 10)
    store.append(named("a"), from_ms(t), static_cast<double>(t));
  EXPECT_EQ(describe(store, named("a"), {from_ms(20), from_ms(40)}), "20:20 30:30 40:40");
  EXPECT_EQ(describe(store, named("a"), {from_ms(21), from_ms(39)}), "30:30");
  EXPECT_EQ(describe(store, named("a"), {from_ms(31), from_ms(39)}), "");
  EXPECT_EQ(describe(store, named("a"), {from_ms(50), Timestamp::max()}), "50:50");
  EXPECT_EQ(describe(store, named("a"), {Timestamp::min(), from_ms(9)}), "");
  EXPECT_EQ(describe(store, named("a"), {from_ms(40), from_ms(20)}), "");
  const Matcher a[] = {Matcher::equal("__name__", "a")};
  EXPECT_TRUE(store.select(a, {from_ms(51), from_ms(60)}).empty());
  EXPECT_EQ(store.time_range()->from, from_ms(10));
  EXPECT_EQ(store.time_range()->to, from_ms(50));
  EXPECT_EQ(Store().time_range(), std::nullopt);
}

TEST(Store, RegularSeriesAreBorrowedWhole) {
  Store store;
  for (std::int64_t t = 0; t < 100; ++t) {
    store.append(named("a"), from_ms(t), 1);
    store.append(named("b"), from_ms(t), 2);
  }
  const SeriesView a = store.view(*store.find(named("a")));
  const SeriesView b = store.view(*store.find(named("b")), {from_ms(10), from_ms(19)});
  EXPECT_EQ(a.keepalive, nullptr);
  EXPECT_EQ(b.timestamps.data(), a.timestamps.data() + 10) << "one column of timestamps for both";
  EXPECT_EQ(b.timestamps.size(), 10u);
}

TEST(Store, GapsAreFilledInOnlyWhereTheyMatter) {
  Store store;
  for (std::int64_t t = 0; t < 10; ++t) {
    store.append(named("a"), from_ms(t), 1);
    if (t != 4) store.append(named("b"), from_ms(t), static_cast<double>(t));
  }
  const SeriesId b = *store.find(named("b"));
  EXPECT_EQ(describe(store.view(b)), "0:0 1:1 2:2 3:3 5:5 6:6 7:7 8:8 9:9");
  EXPECT_NE(store.view(b).keepalive, nullptr);
  EXPECT_EQ(store.view(b, {from_ms(5), from_ms(8)}).keepalive, nullptr);
  EXPECT_EQ(describe(store.view(b, {from_ms(3), from_ms(5)})), "3:3 5:5");
}

TEST(Store, HoldsHistogramsBesideFloats) {
  Store store;
  const SeriesId a = store.intern(named("a"));
  NativeHistogram seven;
  seven.count = 7;
  const auto histogram = std::make_shared<const NativeHistogram>(seven);
  const auto equal = std::make_shared<const NativeHistogram>(seven);
  store.append(a, from_ms(10), 1);
  EXPECT_TRUE(store.append_histogram(a, from_ms(20), histogram));
  EXPECT_TRUE(store.append_histogram(a, from_ms(20), equal));
  EXPECT_FALSE(store.append(a, from_ms(20), 0));
  store.append(a, from_ms(30), 3);
  const SeriesView all = store.view(a);
  ASSERT_EQ(all.histograms.size(), 3u);
  EXPECT_EQ(all.histograms[0], nullptr);
  EXPECT_EQ(all.histograms[1], histogram);
  EXPECT_EQ(all.histograms[2], nullptr);
  EXPECT_EQ(store.view(a, {from_ms(20), from_ms(20)}).histograms.front(), histogram);
  EXPECT_EQ(store.refused().duplicate, 1u);
}

TEST(Store, HoldsStartTimestamps) {
  Store store;
  const SeriesId a = store.intern(named("a"));
  store.append(a, from_ms(10), 1);
  EXPECT_TRUE(store.view(a).start_timestamps.empty());
  store.set_start_timestamp(a, from_ms(5));
  store.append(a, from_ms(20), 2);
  const SeriesView all = store.view(a);
  ASSERT_EQ(all.start_timestamps.size(), 2u);
  EXPECT_EQ(all.start_timestamps[0], 0);
  EXPECT_EQ(all.start_timestamps[1], 5);
}

TEST(Store, KnowsFamilies) {
  Store store;
  EXPECT_EQ(store.family("a"), nullptr);
  store.set_family({"b", MetricType::kGauge, "B.", ""});
  store.set_family({"a", MetricType::kGauge, "A.", ""});
  store.set_family({"a", MetricType::kCounter, "Better.", ""});
  EXPECT_EQ(store.family("a")->help, "Better.");
  ASSERT_EQ(store.families().size(), 2u);
  EXPECT_EQ(store.families()[0].name, "a");
}

TEST(Store, NineBytesASampleAreEnough) {
  // Lengths at which the columns have just grown, and others.
  for (const int scrapes : {500, 1000, 1441, 5760}) {
    Store store;
    ScrapeWriter writer(store);
    std::vector<SeriesId> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(store.intern(named("a" + std::to_string(i))));
    for (int scrape = 0; scrape < scrapes; ++scrape) {
      writer.begin(from_ms(scrape * 15'000));
      for (const SeriesId id : ids) writer.add(id, scrape);
      writer.finish();
    }
    EXPECT_LE(static_cast<double>(store.bytes().samples), 9.0 * static_cast<double>(store.size()))
        << scrapes;
    store.shrink_to_fit();
    EXPECT_LE(static_cast<double>(store.bytes().samples), 8.2 * static_cast<double>(store.size()));
  }
}

// --- matchers -------------------------------------------------------------------------------

class Matching : public testing::Test {
 protected:
  Matching() {
    for (const std::string_view name : {"up", "down"}) {
      for (const std::string_view job : {"api", "db", ""}) {
        for (const std::string_view zone : {"a", "b", "", "a\nb"}) {
          store_.append(Labels{{kMetricName, name}, {"job", job}, {"zone", zone}}, from_ms(1), 1);
        }
      }
    }
  }

  std::size_t count(std::vector<Matcher> matchers) const {
    const auto views = store_.select(matchers, {});
    EXPECT_TRUE(std::is_sorted(views.begin(), views.end(),
                               [](const auto& a, const auto& b) { return a.labels < b.labels; }));
    // As slowly as it is surely right.
    std::size_t expected = 0;
    for (std::uint32_t i = 0; i < store_.series_count(); ++i) {
      const Labels& labels = store_.labels(static_cast<SeriesId>(i));
      expected += std::all_of(matchers.begin(), matchers.end(),
                              [&](const Matcher& matcher) { return matcher.matches(labels); });
    }
    EXPECT_EQ(views.size(), expected);
    return views.size();
  }

  static Matcher make(MatchOp op, std::string name, std::string value) {
    return Matcher::make(op, std::move(name), std::move(value)).value();
  }

  Store store_;
};

TEST_F(Matching, TakesAnAbsentLabelForAnEmptyOne) {
  using enum MatchOp;
  EXPECT_EQ(count({}), 24u);
  EXPECT_EQ(count({make(kEqual, "job", "api")}), 8u);
  EXPECT_EQ(count({make(kEqual, "job", "")}), 8u);
  EXPECT_EQ(count({make(kNotEqual, "job", "")}), 16u);
  EXPECT_EQ(count({make(kNotEqual, "job", "api")}), 16u);
  EXPECT_EQ(count({make(kRegex, "job", "api|")}), 16u);
  EXPECT_EQ(count({make(kRegex, "job", ".*")}), 24u);
  EXPECT_EQ(count({make(kRegex, "job", ".+")}), 16u);
  EXPECT_EQ(count({make(kNotRegex, "job", ".+")}), 8u);
  EXPECT_EQ(count({make(kNotRegex, "job", "api|")}), 8u);
  EXPECT_EQ(count({make(kEqual, "absent", "")}), 24u);
  EXPECT_EQ(count({make(kEqual, "absent", "x")}), 0u);
  EXPECT_EQ(count({make(kNotEqual, "absent", "x")}), 24u);
  EXPECT_EQ(count({make(kNotEqual, "absent", "")}), 0u);
  EXPECT_EQ(count({make(kRegex, "absent", "x?")}), 24u);
}

TEST_F(Matching, AnchorsExpressionsAndLetsTheDotMatchLineBreaks) {
  using enum MatchOp;
  EXPECT_EQ(count({make(kRegex, "job", "ap")}), 0u);
  EXPECT_EQ(count({make(kRegex, "zone", "a.b")}), 6u);
  EXPECT_EQ(count({make(kRegex, "zone", "a")}), 6u);
}

TEST_F(Matching, CombinesMatchers) {
  using enum MatchOp;
  const std::vector<Matcher> pool = {
      make(kEqual, "__name__", "up"), make(kRegex, "__name__", "u.|do.*"),
      make(kEqual, "job", "api"),     make(kNotEqual, "job", "api"),
      make(kEqual, "job", ""),        make(kRegex, "zone", "a|b"),
      make(kNotRegex, "zone", "b|"),  make(kNotEqual, "zone", ""),
      make(kEqual, "zone", "a"),      make(kRegex, "absent", ".*")};
  for (const Matcher& a : pool) {
    for (const Matcher& b : pool) {
      count({a, b});
      for (const Matcher& c : pool) count({a, b, c});
    }
  }
}

// --- scrapes --------------------------------------------------------------------------------

TEST(ScrapeWriter, EndsSeriesThatAreGone) {
  Store store;
  ScrapeWriter writer(store);
  const SeriesId a = store.intern(named("a"));
  const SeriesId b = store.intern(named("b"));
  const auto scrape = [&](std::int64_t at, std::vector<SeriesId> ids) {
    writer.begin(from_ms(at));
    for (const SeriesId id : ids) writer.add(id, static_cast<double>(at));
    return writer.finish();
  };
  EXPECT_EQ(scrape(10, {a, b}).samples, 2u);
  EXPECT_EQ(scrape(20, {b}).stale, 1u);
  EXPECT_EQ(scrape(30, {b}).stale, 0u) << "once is enough";
  EXPECT_EQ(scrape(40, {b, a}).stale, 0u);
  EXPECT_EQ(describe(store, named("a")), "10:10 20:stale 40:40");
  EXPECT_EQ(describe(store, named("b")), "10:10 20:20 30:30 40:40");
  EXPECT_EQ(store.refused().out_of_order + store.refused().duplicate, 0u);
}

TEST(ScrapeWriter, AFailedScrapeEndsAllAndLeavesNothingElse) {
  Store store;
  ScrapeWriter writer(store);
  const SeriesId a = store.intern(named("a"));
  const SeriesId b = store.intern(named("b"));
  writer.begin(from_ms(10));
  writer.add(a, 1);
  writer.finish();
  writer.begin(from_ms(20));
  writer.add(a, 2);
  writer.add(b, 2);
  EXPECT_EQ(writer.fail(from_ms(20)).stale, 1u);
  EXPECT_EQ(writer.fail(from_ms(30)).stale, 0u);
  writer.begin(from_ms(40));
  writer.add(a, 4);
  writer.finish();
  EXPECT_EQ(describe(store, named("a")), "10:1 20:stale 40:4");
  EXPECT_EQ(describe(store, named("b")), "");
}

TEST(ScrapeWriter, ASeriesTwiceInOnePage) {
  Store store;
  ScrapeWriter writer(store);
  const SeriesId a = store.intern(named("a"));
  writer.begin(from_ms(10));
  writer.add(a, 1);
  writer.add(a, 1);
  writer.add(a, 2);
  const ScrapeOutcome outcome = writer.finish();
  EXPECT_EQ(outcome.refused, 1u);
  EXPECT_EQ(writer.fail(from_ms(20)).stale, 1u);
  EXPECT_EQ(describe(store, named("a")), "10:1 20:stale");
}

TEST(ScrapeWriter, OwnTimestampsAreNeverEnded) {
  Store store;
  ScrapeWriter writer(store);
  const SeriesId a = store.intern(named("a"));
  writer.begin(from_ms(10));
  writer.add_at(a, from_ms(7), 1);
  EXPECT_EQ(writer.finish().samples, 1u);
  EXPECT_EQ(writer.fail(from_ms(20)).stale, 0u);
  EXPECT_EQ(describe(store, named("a")), "7:1");
}

TEST(ScrapeWriter, HistogramsEndLikeFloats) {
  Store store;
  ScrapeWriter writer(store);
  const SeriesId a = store.intern(named("a"));
  writer.begin(from_ms(10));
  writer.add_histogram(a, std::make_shared<const NativeHistogram>());
  writer.finish();
  writer.begin(from_ms(20));
  EXPECT_EQ(writer.finish().stale, 1u);
  EXPECT_EQ(describe(store, named("a")), "10:0 20:stale");
  EXPECT_EQ(store.view(a).histograms[1], nullptr);
}

TEST(ScrapeWriter, TwoTargetsWithOneSeries) {
  Store store;
  ScrapeWriter one(store);
  ScrapeWriter two(store);
  const SeriesId a = store.intern(named("a"));
  one.begin(from_ms(10));
  two.begin(from_ms(12));
  one.add(a, 1);
  two.add(a, 2);
  one.finish();
  two.finish();
  EXPECT_EQ(one.fail(from_ms(11)).stale, 0u) << "two goes on";
  EXPECT_EQ(two.fail(from_ms(22)).stale, 1u);
  EXPECT_EQ(describe(store, named("a")), "10:1 12:2 22:stale");
}

/// Random writers of many kinds against a plain map.
TEST(Store, SaysWhatAPlainMapSays) {
  for (unsigned seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    const unsigned regularity = 1 + seed % 5;
    Store store;
    std::map<std::string, std::map<std::int64_t, double>> expected;
    for (std::int64_t step = 0; step < 300; ++step) {
      for (int series = 0; series < 8; ++series) {
        if (random() % regularity > 1) continue;
        const std::int64_t late = random() % 20 == 0 ? -static_cast<int>(random() % 30) : 0;
        const std::int64_t phase = series >= 6 ? static_cast<int>(random() % 10) : series % 2;
        const std::int64_t at = step * 10 + phase + late;
        const std::string name = "s" + std::to_string(series);
        auto& samples = expected[name];
        const bool fits = samples.empty() || samples.rbegin()->first < at;
        EXPECT_EQ(store.append(named(name), from_ms(at), static_cast<double>(step)),
                  fits || (samples.rbegin()->first == at &&
                           samples.rbegin()->second == static_cast<double>(step)));
        if (fits) samples[at] = static_cast<double>(step);
      }
    }
    for (const auto& [name, samples] : expected) {
      for (int round = 0; round < 20; ++round) {
        TimeRange range;
        if (round > 0) {
          range.from = from_ms(static_cast<int>(random() % 3100) - 50);
          range.to = range.from + Duration(random() % 1000);
        }
        std::string text;
        for (const auto& [at, value] : samples) {
          if (from_ms(at) < range.from || from_ms(at) > range.to) continue;
          if (!text.empty()) text += ' ';
          text += std::to_string(at) + ':' + std::to_string(std::llround(value));
        }
        EXPECT_EQ(describe(store, named(name), range), text) << name << " seed " << seed;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::metrics
