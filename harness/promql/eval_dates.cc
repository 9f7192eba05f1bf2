// Functions of a point in time, given in seconds since 1970, UTC.

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

/// A point in time as Go has it: seconds, unsigned and modulo 2^64, since the first of March of a
/// year so early that all of int64 comes later. Any number, however far off, has a date.
class GoTime {
 public:
  explicit GoTime(std::int64_t unix_seconds)
      : seconds_(static_cast<std::uint64_t>(unix_seconds) + kUnixEpoch) {
    // Civil dates by Howard Hinnant's method: eras of 400 years, years that begin in March.
    const std::uint64_t days = seconds_ / kDay;
    const std::uint64_t era = days / kDaysOfEra;
    const std::uint64_t day_of_era = days % kDaysOfEra;
    const std::uint64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const std::uint64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::uint64_t month = (5 * day_of_year + 2) / 153;  // 0 is March
    day_ = static_cast<int>(day_of_year - (153 * month + 2) / 5) + 1;
    month_ = static_cast<int>(month < 10 ? month + 3 : month - 9);
    year_ = static_cast<std::int64_t>(era * 400 + year_of_era) - kFirstYear + (month_ <= 2 ? 1 : 0);
  }

  double year() const { return static_cast<double>(year_); }
  double month() const { return month_; }
  double day() const { return day_; }
  double day_of_year() const {
    constexpr std::array<int, 12> kBefore = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    return kBefore[static_cast<std::size_t>(month_ - 1)] + day_ + (month_ > 2 && leap() ? 1 : 0);
  }
  double days_in_month() const {
    if (month_ == 2) return leap() ? 29 : 28;
    return month_ == 4 || month_ == 6 || month_ == 9 || month_ == 11 ? 30 : 31;
  }
  /// The epoch's first day was a Wednesday.
  double weekday() const { return static_cast<double>((seconds_ / kDay + 3) % 7); }
  double hour() const { return static_cast<double>(seconds_ % kDay / 3600); }
  double minute() const { return static_cast<double>(seconds_ % 3600 / 60); }

 private:
  static constexpr std::uint64_t kDay = 86'400;
  static constexpr std::uint64_t kDaysOfEra = 146'097;
  static constexpr std::int64_t kFirstYear = 292'277'022'400;  // before Christ
  /// From the first of March of that year to 1970.
  static constexpr std::uint64_t kUnixEpoch = 9'223'372'028'741'760'000U;

  bool leap() const { return year_ % 4 == 0 && (year_ % 100 != 0 || year_ % 400 == 0); }

  std::uint64_t seconds_;
  std::int64_t year_ = 0;
  int month_ = 0;
  int day_ = 0;
};

double day_of_month(GoTime t) {
  return t.day();
}
double day_of_week(GoTime t) {
  return t.weekday();
}
double day_of_year(GoTime t) {
  return t.day_of_year();
}
double days_in_month(GoTime t) {
  return t.days_in_month();
}
double hour(GoTime t) {
  return t.hour();
}
double minute(GoTime t) {
  return t.minute();
}
double month(GoTime t) {
  return t.month();
}
double year(GoTime t) {
  return t.year();
}

/// What does not fit becomes the lowest number, as on the machines that Prometheus runs on.
GoTime to_time(double seconds) {
  constexpr double kEnd = 9223372036854775808.0;  // 2^63
  const bool fits = seconds >= -kEnd && seconds < kEnd;
  return GoTime(fits ? static_cast<std::int64_t>(seconds)
                     : std::numeric_limits<std::int64_t>::min());
}

std::int64_t whole_seconds(Timestamp t) {
  return to_ms(t) / 1000;
}

template <double (*f)(GoTime)>
void of_date(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  if (call.arguments.empty()) {
    Row row;
    row.clear(timeline.steps());
    for (std::size_t i = 0; i < row.steps(); ++i) {
      row.set(i, f(GoTime(whole_seconds(timeline.at(i)))));
    }
    return sink(row);
  }
  NameDropper names(evaluation, *call.arguments.front(), call.range);
  evaluation.rows(*call.arguments.front(), timeline, [&](Row& row) {
    row.keep_floats();
    if (row.present.none()) return;
    row.present.for_each([&](std::size_t i) { row.values[i] = f(to_time(row.values[i])); });
    names.drop(row);
    sink(row);
  });
}

}  // namespace

std::span<const FunctionEvaluator> date_functions() {
  static const FunctionEvaluator kFunctions[] = {
      {"day_of_month", of_date<day_of_month>},
      {"day_of_week", of_date<day_of_week>},
      {"day_of_year", of_date<day_of_year>},
      {"days_in_month", of_date<days_in_month>},
      {"hour", of_date<hour>},
      {"minute", of_date<minute>},
      {"month", of_date<month>},
      {"year", of_date<year>},
  };
  return kFunctions;
}

}  // namespace tocsin::promql
