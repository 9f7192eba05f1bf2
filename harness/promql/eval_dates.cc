// Functions of a point in time, given in seconds since 1970, UTC.

#include <chrono>
#include <cmath>

#include "harness/promql/evaluation.h"
#include "harness/promql/functions.h"

namespace tocsin::promql {
namespace {

using Seconds = std::chrono::sys_seconds;

std::chrono::year_month_day date_of(Seconds t) {
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(t));
}

double day_of_month(Seconds t) {
  return static_cast<unsigned>(date_of(t).day());
}
double day_of_week(Seconds t) {
  return std::chrono::weekday(std::chrono::floor<std::chrono::days>(t)).c_encoding();
}
double day_of_year(Seconds t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::sys_days new_year = date_of(t).year() / std::chrono::January / 1;
  return static_cast<double>((day - new_year).count() + 1);
}
double days_in_month(Seconds t) {
  const auto date = date_of(t);
  return static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
}
double hour(Seconds t) {
  const auto since_midnight = t - std::chrono::floor<std::chrono::days>(t);
  return static_cast<double>(std::chrono::floor<std::chrono::hours>(since_midnight).count());
}
double minute(Seconds t) {
  const auto since_hour = t - std::chrono::floor<std::chrono::hours>(t);
  return static_cast<double>(std::chrono::floor<std::chrono::minutes>(since_hour).count());
}
double month(Seconds t) {
  return static_cast<unsigned>(date_of(t).month());
}
double year(Seconds t) {
  return static_cast<int>(date_of(t).year());
}

/// The calendar knows the years ±32767; what lies beyond is taken as its ends.
Seconds to_time(double seconds) {
  constexpr double kEnd = 9e11;
  if (std::isnan(seconds)) return Seconds(std::chrono::seconds(0));
  const double bounded = std::min(std::max(seconds, -kEnd), kEnd);
  return Seconds(std::chrono::seconds(static_cast<std::int64_t>(bounded)));
}

template <double (*f)(Seconds)>
void of_date(Evaluation& evaluation, const Call& call, const Timeline& timeline, RowSink sink) {
  if (call.arguments.empty()) {
    Row row;
    row.clear(timeline.steps());
    for (std::size_t i = 0; i < row.steps(); ++i) {
      row.set(i, f(std::chrono::floor<std::chrono::seconds>(timeline.at(i))));
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
