#include "harness/alerting/time_zone.h"

#include <gtest/gtest.h>

namespace tocsin::alerting {
namespace {

/// The wall clock's time and the zone's abbreviation.
std::string shown(const TimeZone& zone, std::string_view utc) {
  const Timestamp at = *parse_rfc3339(utc);
  return format_rfc3339(zone.local(at)) + ' ' + zone.offset_at(at).abbreviation;
}

TEST(TimeZone, UtcNeedsNoDatabase) {
  for (const char* name : {"", "UTC"}) {
    const TimeZone zone = *TimeZone::load(name);
    EXPECT_EQ(shown(zone, "2026-07-01T12:00:00Z"), "2026-07-01T12:00:00Z UTC");
  }
}

TEST(TimeZone, RefusesWhatIsNoZone) {
  EXPECT_EQ(TimeZone::load("Mars/Olympus").error().message, "unknown time zone Mars/Olympus");
  EXPECT_EQ(TimeZone::load("../passwd").error().message, "time: invalid location name");
  EXPECT_TRUE(TimeZone::parse("x", "TZif").has_error());
  EXPECT_TRUE(TimeZone::parse("x", std::string(44, '\xff')).has_error());
}

// Expected values from Python's zoneinfo; 2040 is beyond the database's list of transitions.
TEST(TimeZone, FollowsTheDatabase) {
  struct Case {
    const char* zone;
    const char* utc;
    const char* local;
  };
  const Case cases[] = {
      {"Europe/Berlin", "2026-01-28T09:00:00Z", "2026-01-28T10:00:00Z CET"},
      {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59Z CET"},
      {"Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z CEST"},
      {"Europe/Berlin", "2040-07-01T12:00:00Z", "2040-07-01T14:00:00Z CEST"},
      {"Europe/Berlin", "2040-12-01T12:00:00Z", "2040-12-01T13:00:00Z CET"},
      {"Australia/Sydney", "2021-01-01T00:00:00Z", "2021-01-01T11:00:00Z AEDT"},
      {"Australia/Sydney", "2041-07-01T00:00:00Z", "2041-07-01T10:00:00Z AEST"},
      {"Asia/Kolkata", "2026-06-01T00:00:00Z", "2026-06-01T05:30:00Z IST"},
  };
  if (TimeZone::load("Europe/Berlin").has_error()) GTEST_SKIP() << "no time zone database here";
  for (const Case& one : cases) {
    const Result<TimeZone> zone = TimeZone::load(one.zone);
    ASSERT_TRUE(zone.has_value()) << one.zone;
    EXPECT_EQ(shown(*zone, one.utc), one.local) << one.zone << ' ' << one.utc;
  }
}

}  // namespace
}  // namespace tocsin::alerting
