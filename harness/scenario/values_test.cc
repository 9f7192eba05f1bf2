#include "harness/scenario/values.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "harness/scenario/run_times.h"
#include "harness/scenario/signal_change.h"

namespace tocsin::scenario {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

ValueClaim claim(std::string_view text, std::optional<Dimension> dimension = std::nullopt) {
  const auto parsed = parse_claim(text, dimension);
  EXPECT_TRUE(parsed.has_value()) << text << ": " << to_string(parsed.error());
  return parsed.has_value() ? *parsed : ValueClaim{};
}

std::string claim_error(std::string_view text, std::optional<Dimension> dimension = std::nullopt) {
  const auto parsed = parse_claim(text, dimension);
  return parsed.has_value() ? "none" : parsed.error().message;
}

TEST(ValueClaim, Near) {
  for (const char* text : {"1", "1 ± 1", "0..5", "< 5", "at most 5"}) {
    EXPECT_FALSE(claim(text).holds(std::numeric_limits<double>::infinity())) << text;
  }
  EXPECT_TRUE(claim("8% ± 1%").holds(0.09));
  EXPECT_FALSE(claim("8% ± 1%").holds(0.0901));
  EXPECT_TRUE(claim("8% +- 1%").holds(0.07));
  EXPECT_TRUE(claim("-8 +/- 1").holds(-7));
  // Of another thing than a percentage, a percentage is relative.
  EXPECT_TRUE(claim("200 ± 10%").holds(220));
  EXPECT_FALSE(claim("200 ± 10%").holds(221));
  EXPECT_TRUE(claim("8% ± 10% of it").holds(0.088));
  EXPECT_FALSE(claim("8% ± 10% of it").holds(0.0881));
  EXPECT_TRUE(claim("2s ± 500ms", Dimension::kTime).holds(1.5));
}

TEST(ValueClaim, RangesAndComparisons) {
  EXPECT_TRUE(claim("5%..7%").holds(0.05));
  EXPECT_FALSE(claim("5%..7%").holds(0.0701));
  EXPECT_TRUE(claim("5..7%").holds(0.06));
  EXPECT_TRUE(claim("0.5..0.7").holds(0.6));
  EXPECT_TRUE(claim("-3..-1").holds(-2));
  EXPECT_TRUE(claim("< 2s").holds(1.9));
  EXPECT_FALSE(claim("<2s").holds(2));
  EXPECT_TRUE(claim("<= 2s").holds(2));
  EXPECT_TRUE(claim("above 0").holds(1));
  EXPECT_FALSE(claim("at most 64KB").holds(64001));
  EXPECT_TRUE(claim("!= 0").holds(1));
  EXPECT_TRUE(claim("not 0").holds(1));
  EXPECT_EQ(claim("< 2s").dimension, Dimension::kTime);
}

TEST(ValueClaim, EqualityAllowsForRounding) {
  EXPECT_TRUE(claim("0.3").holds(0.1 + 0.2));
  EXPECT_FALSE(claim("0.3").holds(0.3001));
  EXPECT_TRUE(claim("0").holds(0));
  EXPECT_FALSE(claim("0").holds(1e-12));
}

TEST(ValueClaim, NothingIsClaimedOfNaN) {
  const double nan = std::nan("");
  for (const char* text : {"0", "!= 0", "< 1", "> 1", "0 ± 1", "0..1"}) {
    EXPECT_FALSE(claim(text).holds(nan)) << text;
  }
  EXPECT_TRUE(claim("> 1").holds(std::numeric_limits<double>::infinity()));
}

TEST(ValueClaim, Refuses) {
  EXPECT_EQ(claim_error("7%..5%"), "\"7%..5%\" is empty: it begins above its end");
  EXPECT_EQ(claim_error("5 ± -1"), "a tolerance cannot be negative");
  EXPECT_EQ(claim_error("5 ± 1 of it"), "what is \"of it\" is a percentage, like 8% ± 10% of it");
  EXPECT_EQ(claim_error("< 5%", Dimension::kTime),
            "expected a duration like 500ms or 5m, not \"5%\"");
  EXPECT_EQ(claim_error("8", Dimension::kRatio), "expected a percentage like 8%, not \"8\"");
  EXPECT_EQ(claim_error("5% ± 1s"), "expected a percentage like 8%, not \"1s\"");
  EXPECT_EQ(claim_error("quick"),
            "\"quick\" is not a number with a unit: it does not begin with a number");
}

TEST(Values, Lengths) {
  EXPECT_EQ(*parse_length("366d"), std::chrono::days(366));
  EXPECT_EQ(parse_length("367d").error().message,
            "367d is too long; a scenario may last 366d at most");
}

TEST(Values, OfOneDimension) {
  EXPECT_DOUBLE_EQ(*parse_value("0", Dimension::kRate), 0);
  EXPECT_DOUBLE_EQ(*parse_value("0.08", Dimension::kRatio), 0.08);
  EXPECT_DOUBLE_EQ(*parse_value("300/m", Dimension::kRate), 5);
  EXPECT_EQ(parse_value("5m", Dimension::kRate).error().message,
            "expected a rate like 50/s, not \"5m\"");
  EXPECT_EQ(parse_value("5%", Dimension::kNumber).error().message,
            "expected a plain number like 45.2, not \"5%\"");
  EXPECT_DOUBLE_EQ(*parse_bandwidth("10KB/s"), 1e4);
  EXPECT_TRUE(parse_bandwidth("10KB").has_error());
  EXPECT_TRUE(parse_share("101%").has_error());
}

std::string change(std::string_view text, Dimension dimension) {
  const auto parsed = parse_change(text, dimension);
  if (parsed.has_error()) return parsed.error().message;
  const char* kKinds[] = {"set", "factor", "offset"};
  std::string shown = kKinds[static_cast<int>(parsed->kind)];
  if (parsed->from) shown += " from " + format_number(*parsed->from);
  shown += " " + format_number(parsed->value);
  if (parsed->over != Duration(0)) shown += " over " + format_duration(parsed->over);
  return shown;
}

TEST(SignalChange, Kinds) {
  EXPECT_EQ(change("8%", Dimension::kRatio), "set 0.08");
  EXPECT_EQ(change("x3", Dimension::kTime), "factor 3");
  EXPECT_EQ(change("× 0.5", Dimension::kTime), "factor 0.5");
  EXPECT_EQ(change("+500ms", Dimension::kTime), "offset 0.5");
  EXPECT_EQ(change("-2KB", Dimension::kBytes), "offset -2000");
  EXPECT_EQ(change("=-5", Dimension::kNumber), "set -5");
  EXPECT_EQ(change("40..95 over 10m", Dimension::kNumber), "set from 40 95 over 10m");
  EXPECT_EQ(change("x1..x3", Dimension::kTime), "factor from 1 3");
  EXPECT_EQ(change("+0..-500ms", Dimension::kTime), "offset from 0 -0.5");
}

TEST(SignalChange, Refuses) {
  EXPECT_EQ(change("5m", Dimension::kRatio), "expected a percentage like 8%, not \"5m\"");
  EXPECT_EQ(change("xx3", Dimension::kTime), "expected a factor like x3, not \"xx3\"");
  EXPECT_EQ(change("x-3", Dimension::kTime), "expected a factor like x3, not \"x-3\"");
  EXPECT_EQ(change("5 over 1m", Dimension::kNumber),
            "what goes over a time is a ramp, like 40..95 over 10m");
  EXPECT_EQ(change("1..x3", Dimension::kNumber),
            "both ends of a ramp are values (40..95), factors (x1..x3) or offsets (+0ms..+500ms)");
  EXPECT_EQ(change("", Dimension::kNumber),
            "\"\" is not a number with a unit: it does not begin with a number");
}

/// Traffic until 25m with a phase, a fault and a repeated one.
RunTimes example_times() {
  RunTimes times;
  times.add(RunTimes::Kind::kPhase, "ramp", {{minutes(2), minutes(5)}});
  times.add(RunTimes::Kind::kTraffic, "traffic", {{minutes(0), minutes(25)}});
  times.add(RunTimes::Kind::kFault, "fault", {{minutes(5), minutes(15)}});
  times.add(RunTimes::Kind::kFault, "db outage",
            {{minutes(6), minutes(7)}, {minutes(10), minutes(11)}, {minutes(14), minutes(15)}});
  times.add(RunTimes::Kind::kFault, "fault 3", {{minutes(20), minutes(21)}});
  return times;
}

std::string window(std::string_view text) {
  const auto parsed = example_times().window(text);
  if (parsed.has_error()) return parsed.error().message;
  return format_duration(parsed->from) + " " + format_duration(parsed->to);
}

TEST(RunTimes, Points) {
  const RunTimes times = example_times();
  EXPECT_EQ(times.point("14m")->offset, minutes(14));
  EXPECT_EQ(times.point("0")->offset, minutes(0));
  EXPECT_EQ(times.point("5m after fault")->offset, minutes(10));
  EXPECT_EQ(times.point("5m after the fault start")->offset, minutes(10));
  EXPECT_EQ(times.point("30s before fault end")->offset, minutes(15) - seconds(30));
  EXPECT_EQ(times.point("6m before traffic end")->offset, minutes(19));
  EXPECT_EQ(times.point("1m after start")->offset, minutes(1));
  EXPECT_EQ(times.point("ramp end")->offset, minutes(5));
  EXPECT_EQ(times.point("fault 3")->offset, minutes(20));
  EXPECT_EQ(times.point("1m after fault 3 end")->offset, minutes(22));
  EXPECT_EQ(times.point("at db outage")->offset, minutes(6));
  EXPECT_EQ(times.point("db outage end")->offset, minutes(15));
  EXPECT_EQ(times.point("second db outage")->offset, minutes(10));
  EXPECT_EQ(times.point("2nd db outage end")->offset, minutes(11));
  EXPECT_EQ(times.point("1m after last db outage")->offset, minutes(15));
  EXPECT_EQ(times.point("5m after fault")->text, "5m after fault");
}

TEST(RunTimes, Windows) {
  EXPECT_EQ(window("5m..7m after fault"), "10m 12m");
  EXPECT_EQ(window("7m..5m before traffic end"), "18m 20m");
  EXPECT_EQ(window("5m..7m before traffic end"), "18m 20m");
  EXPECT_EQ(window("2m after fault..fault end"), "7m 15m");
  EXPECT_EQ(window("1m..fault"), "1m 5m");
  EXPECT_EQ(window("1m .. 3m"), "1m 3m");
  EXPECT_EQ(window("from 5m to fault end"), "5m 15m");
  EXPECT_EQ(window("within 6m of fault end"), "15m 21m");
  EXPECT_EQ(window("during db outage"), "6m 15m");
  EXPECT_EQ(window("during third db outage"), "14m 15m");
  EXPECT_EQ(window("at 12m ± 30s"), "11m30s 12m30s");
  EXPECT_EQ(window("12m +- 30s"), "11m30s 12m30s");
  EXPECT_EQ(window("7m ± 30s after fault"), "11m30s 12m30s");
  EXPECT_EQ(window("10s ± 30s"), "0s 40s");
  EXPECT_EQ(window("fault"), "5m 5m");
}

TEST(RunTimes, OneFaultIsTheFault) {
  RunTimes times;
  times.add(RunTimes::Kind::kFault, "outage", {{minutes(5), minutes(6)}});
  EXPECT_EQ(times.point("fault end")->offset, minutes(6));
  times.add(RunTimes::Kind::kFault, "other", {{minutes(7), minutes(8)}});
  EXPECT_TRUE(times.point("fault end").has_error());
  EXPECT_FALSE(times.add(RunTimes::Kind::kPhase, "other", {{minutes(7), minutes(8)}}));
}

TEST(RunTimes, Refuses) {
  EXPECT_EQ(window("5m after falt"), "the scenario has no event \"falt\"");
  EXPECT_EQ(window("6m before fault"), "\"6m before fault\" is 1m before the run starts");
  EXPECT_EQ(window("366d after fault"),
            "\"366d after fault\" is too late; a scenario may last 366d at most");
  EXPECT_EQ(window("7m..5m after fault"), "this window ends (10m) before it begins (12m)");
  EXPECT_EQ(window("within 6m"), "within 6m of what? Write it like \"within 6m of fault end\"");
  EXPECT_EQ(window("from 5m"), "expected \" to \", as in \"from 5m to fault end\"");
  EXPECT_EQ(window("5x after fault"), "\"5x\" is not a duration: unknown unit \"x\"");
  EXPECT_EQ(window("5"), "\"5\" is not a duration: 5 has no unit");
  EXPECT_EQ(window("fourth db outage"),
            "\"db outage\" happens 3 times, so there is no \"fourth db outage\"");
  EXPECT_EQ(window(""), "the scenario has no event \"\"");
  const auto third = example_times().point("3rd fault");
  ASSERT_TRUE(third.has_error());
  EXPECT_EQ(third.error().hints, std::vector<std::string>{"did you mean \"fault 3\"?"});
}

TEST(RunTimes, NamesDoNotReadAsTimes) {
  EXPECT_FALSE(check_event_name("db-outage 2"));
  EXPECT_FALSE(check_event_name("Störung"));
  for (const char* name :
       {"", "2nd", "fault end", "traffic", "after", "a..b", " x", "before noon"}) {
    EXPECT_TRUE(check_event_name(name)) << name;
  }
}

}  // namespace
}  // namespace tocsin::scenario
