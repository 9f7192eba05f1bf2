#include "harness/base/time.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(Duration, Parses) {
  const auto ms = [](const char* text) { return parse_duration(text).value().count(); };
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("500ms"), 500);
  EXPECT_EQ(ms("30s"), 30'000);
  EXPECT_EQ(ms("1h30m"), 5'400'000);
  EXPECT_EQ(ms("1.5s"), 1'500);
  EXPECT_EQ(ms("1y2w3d4h5m6s7ms"), 31'536'000'000 + 2 * 604'800'000LL + 3 * 86'400'000 +
                                       4 * 3'600'000 + 5 * 60'000 + 6'000 + 7);
}

TEST(Duration, RefusesWithAReason) {
  const auto why = [](const char* text) { return parse_duration(text).error().message; };
  EXPECT_EQ(why(""), "\"\" is not a duration: it is empty");
  EXPECT_EQ(why("5"), "\"5\" is not a duration: 5 has no unit");
  EXPECT_EQ(why("5x"), "\"5x\" is not a duration: unknown unit \"x\"");
  EXPECT_EQ(why("m"), "\"m\" is not a duration: expected a number at \"m\"");
  EXPECT_EQ(why("5m1h"),
            "\"5m1h\" is not a duration: units go from large to small, each at most once");
  EXPECT_EQ(why("1.5h1m"), "\"1.5h1m\" is not a duration: a fraction goes with one unit only");
  EXPECT_EQ(why("300y"), "\"300y\" is not a duration: it is longer than 292 years");
  EXPECT_EQ(why("-5m"), "\"-5m\" is not a duration: expected a number at \"-5m\"");
  EXPECT_TRUE(parse_duration("99999999999999999999y").has_error());
}

TEST(Duration, FormatsAndReadsBack) {
  EXPECT_EQ(format_duration(Duration(0)), "0s");
  EXPECT_EQ(format_duration(Duration(90'000)), "1m30s");
  EXPECT_EQ(format_duration(Duration(-1'500)), "-1s500ms");
  EXPECT_EQ(format_duration(Duration(86'400'000)), "1d");
  EXPECT_EQ(format_duration(Duration(8LL * 86'400'000)), "8d");
  EXPECT_EQ(format_duration(Duration(14LL * 86'400'000)), "2w");
  for (const std::int64_t ms :
       {1LL, 999LL, 61'001LL, 3'600'000LL, 90'061'007LL, 31'536'000'000LL}) {
    EXPECT_EQ(parse_duration(format_duration(Duration(ms))).value().count(), ms);
  }
}

TEST(Latency, HasThreeDigits) {
  EXPECT_EQ(format_latency(Nanos(0)), "0ns");
  EXPECT_EQ(format_latency(Nanos(850)), "850ns");
  EXPECT_EQ(format_latency(Nanos(12'345)), "12.3us");
  EXPECT_EQ(format_latency(Nanos(2'000'000)), "2ms");
  EXPECT_EQ(format_latency(Nanos(1'250'000'000)), "1.25s");
}

TEST(Timestamp, GoesToTextAndBack) {
  const Timestamp t = parse_rfc3339("2026-01-28T09:00:00Z").value();
  EXPECT_EQ(to_ms(t), 1'769'590'800'000);  // date -ud 2026-01-28T09:00:00Z +%s
  EXPECT_EQ(format_rfc3339(t), "2026-01-28T09:00:00Z");
  EXPECT_EQ(format_rfc3339(t + Duration(7)), "2026-01-28T09:00:00.007Z");
  EXPECT_EQ(parse_rfc3339("2026-01-28 10:30:00.25+01:30").value(), t + Duration(250));
  EXPECT_EQ(format_rfc3339(parse_rfc3339("1969-12-31").value()), "1969-12-31T00:00:00Z");
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  for (const char* text : {"", "2026", "2026-13-01", "2026-02-30", "2026-01-28T09:00", "noon",
                           "2026-01-28T09:00:00", "2026-01-28T24:00:00Z", "2026-01-28T09:00:00ZZ",
                           "2026-01-28T09:00:00.Z", "2026-01-28T09:00:00+1"}) {
    EXPECT_TRUE(parse_rfc3339(text).has_error()) << text;
  }
}

}  // namespace
}  // namespace tocsin
