#include "harness/alerting/time_interval.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "harness/alerting/schema.h"

namespace tocsin::alerting {
namespace {

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};
constexpr std::array<std::string_view, 12> kMonthNames = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

template <std::size_t N>
std::optional<int> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<int>(it - names.begin());
}

std::optional<int> whole(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

Error bad(std::string message) {
  return input_error({}, std::move(message));
}

using RangeMember = Result<int> (*)(std::string_view);

Result<int> weekday_member(std::string_view text) {
  if (const auto day = index_of(kWeekdays, text)) return *day;
  return bad(fmt::format("{} is not a valid weekday", text));
}
Result<int> month_member(std::string_view text) {
  if (const auto month = index_of(kMonthNames, text)) return *month + 1;
  if (const auto number = whole(text)) return *number;
  return bad(fmt::format("{} is not a valid month", text));
}
Result<int> number_member(std::string_view text) {
  if (const auto number = whole(text)) return *number;
  return bad(fmt::format("\"{}\" is not a whole number", text));
}

Result<IntervalRange> member_range(std::string_view text, RangeMember member) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t colon = lower.find(':');
  if (colon == std::string::npos) {
    TRY(const int value, member(lower));
    return IntervalRange{value, value};
  }
  if (lower.find(':', colon + 1) != std::string::npos) {
    return bad(fmt::format("couldn't parse range {}, invalid format", lower));
  }
  TRY(const int begin, member(std::string_view(lower).substr(0, colon)));
  TRY(const int end, member(std::string_view(lower).substr(colon + 1)));
  return IntervalRange{begin, end};
}

Result<IntervalRange> weekday_range(std::string_view text) {
  TRY(const IntervalRange range, member_range(text, weekday_member));
  if (range.begin > range.end) return bad("start day cannot be before end day");
  return range;
}

Result<IntervalRange> day_range(std::string_view text) {
  TRY(const IntervalRange range, member_range(text, number_member));
  for (const int day : {range.begin, range.end}) {
    if (day == 0 || day < -31 || day > 31) {
      return bad(fmt::format("{} is not a valid day of the month: out of range", day));
    }
  }
  if (range.begin < 0 && range.end > 0) {
    return bad("end day must be negative if start day is negative");
  }
  // No month is shorter than 28 days.
  const auto in_february = [](int day) { return day < 0 ? 28 + day : day; };
  if (in_february(range.begin) > in_february(range.end)) {
    return bad(fmt::format("end day {} is always before start day {}", range.end, range.begin));
  }
  return range;
}

std::string month_name(int month) {
  return month >= 1 && month <= 12 ? std::string(kMonthNames[static_cast<std::size_t>(month - 1)])
                                   : "";
}

Result<IntervalRange> month_range(std::string_view text) {
  TRY(const IntervalRange range, member_range(text, month_member));
  if (range.begin > range.end) {
    return bad(fmt::format("end month {} is before start month {}", month_name(range.end),
                           month_name(range.begin)));
  }
  return range;
}

Result<IntervalRange> year_range(std::string_view text) {
  TRY(const IntervalRange range, member_range(text, number_member));
  if (range.begin > range.end) {
    return bad(fmt::format("end year {} is before start year {}", range.end, range.begin));
  }
  return range;
}

/// "09:00" to "24:00", in minutes.
Result<int> minute_of_day(const std::string& text) {
  const bool shaped = text.size() == 5 && text[2] == ':' &&
                      text.find_first_not_of("0123456789:") == std::string::npos;
  const int hour = shaped ? whole(text.substr(0, 2)).value_or(-1) : -1;
  const int minute = shaped ? whole(text.substr(3)).value_or(-1) : -1;
  const bool fits =
      minute >= 0 && minute < 60 && hour >= 0 && (hour < 24 || (hour == 24 && minute == 0));
  if (!fits) return bad(fmt::format("couldn't parse timestamp {}, invalid format", text));
  return hour * 60 + minute;
}

class IntervalReader {
 public:
  explicit IntervalReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  TimeInterval read(const yaml::Node& node) {
    TimeInterval interval;
    interval.times = times(node);
    interval.weekdays = ranges(node, "weekdays", weekday_range);
    interval.days_of_month = ranges(node, "days_of_month", day_range);
    interval.months = ranges(node, "months", month_range);
    interval.years = ranges(node, "years", year_range);
    if (const yaml::Node* location = find_value(node, "location");
        location != nullptr && location->is_scalar()) {
      if (auto zone = take(*location, TimeZone::load(location->text))) interval.location = *zone;
    }
    return interval;
  }

 private:
  using Ranges = std::optional<std::vector<IntervalRange>>;

  Ranges ranges(const yaml::Node& node, std::string_view name,
                Result<IntervalRange> (*range)(std::string_view)) {
    const yaml::Node* list = find_value(node, name);
    if (list == nullptr || !list->is_list()) return std::nullopt;
    std::vector<IntervalRange> read;
    for (const yaml::NodePtr& item : list->items) {
      // Alertmanager takes nothing for the zero value.
      if (item->is_null()) read.push_back({});
      if (!item->is_scalar()) continue;
      if (const auto one = take(*item, range(item->text))) read.push_back(*one);
    }
    return read;
  }

  Ranges times(const yaml::Node& node) {
    const yaml::Node* list = find_value(node, "times");
    if (list == nullptr || !list->is_list()) return std::nullopt;
    std::vector<IntervalRange> read;
    for (const yaml::NodePtr& item : list->items) {
      if (item->is_null()) read.push_back({});
      if (item->is_map()) read.push_back(time_range(*item));
    }
    return read;
  }

  IntervalRange time_range(const yaml::Node& node) {
    const yaml::Node* start = find_value(node, "start_time");
    const yaml::Node* end = find_value(node, "end_time");
    if (text_of(node, "start_time").empty() || text_of(node, "end_time").empty()) {
      diagnostics_.add(node.error("both start and end times must be provided"));
      return {};
    }
    const auto from = take(*start, minute_of_day(start->text));
    const auto to = take(*end, minute_of_day(end->text));
    if (!from || !to) return {};
    if (*from >= *to) {
      diagnostics_.add(start->error("start time cannot be equal or greater than end time"));
    }
    return {*from, *to};
  }

  template <class T>
  std::optional<T> take(const yaml::Node& node, Result<T> result) {
    if (result.has_value()) return std::move(*result);
    diagnostics_.add(node.error(result.error().message));
    return std::nullopt;
  }

  Diagnostics& diagnostics_;
};

bool within(const std::optional<std::vector<IntervalRange>>& ranges, int value) {
  return !ranges || std::any_of(ranges->begin(), ranges->end(), [&](const IntervalRange& range) {
    return value >= range.begin && value <= range.end;
  });
}

}  // namespace

bool TimeInterval::contains(Timestamp at) const {
  using namespace std::chrono;
  const Timestamp local = location.local(at);
  const sys_days date = floor<days>(local);
  const int minute = static_cast<int>(floor<minutes>(local - date).count());
  const bool in_times = !times || std::any_of(times->begin(), times->end(), [&](const auto& range) {
    return minute >= range.begin && minute < range.end;
  });
  if (!in_times) return false;
  const year_month_day day(date);
  if (days_of_month) {
    const int last = static_cast<int>(
        static_cast<unsigned>((day.year() / day.month() / std::chrono::last).day()));
    const auto from_start = [&](int number) {
      return std::clamp(number < 0 ? last + number + 1 : number, -last, last);
    };
    const int number = static_cast<int>(static_cast<unsigned>(day.day()));
    const bool in =
        std::any_of(days_of_month->begin(), days_of_month->end(), [&](const IntervalRange& range) {
          if (range.begin > last) return false;
          return number >= from_start(range.begin) && number <= from_start(range.end);
        });
    if (!in) return false;
  }
  return within(months, static_cast<int>(static_cast<unsigned>(day.month()))) &&
         within(weekdays, static_cast<int>(weekday(date).c_encoding())) &&
         within(years, static_cast<int>(day.year()));
}

TimeInterval read_time_interval(const yaml::Node& node, Diagnostics& diagnostics) {
  return node.is_map() ? IntervalReader(diagnostics).read(node) : TimeInterval();
}

}  // namespace tocsin::alerting
