#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace tocsin::alerting {

/// A time zone of the computer's IANA database. Immutable and cheap to copy; the default is UTC.
class TimeZone {
 public:
  TimeZone() = default;
  /// As Go's time.LoadLocation: "" and "UTC" are UTC, "Local" is the computer's own zone, else a
  /// file of the database ($ZONEINFO, /usr/share/zoneinfo and its usual other places).
  static Result<TimeZone> load(std::string_view name);
  /// From the bytes of such a file.
  static Result<TimeZone> parse(std::string name, std::string_view tzif);

  const std::string& name() const;
  struct Offset {
    std::chrono::seconds from_utc{0};
    std::string abbreviation = "UTC";
  };
  Offset offset_at(Timestamp at) const;
  /// The time that a clock there shows, as if it were UTC.
  Timestamp local(Timestamp at) const { return at + offset_at(at).from_utc; }

 private:
  struct Data;
  std::shared_ptr<const Data> data_;
};

}  // namespace tocsin::alerting
