#include "harness/base/time.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace tocsin {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};

constexpr std::array<Unit, 7> kUnits = {{{"y", 365LL * 86'400'000},
                                         {"w", 7LL * 86'400'000},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1'000},
                                         {"ms", 1}}};

/// As many whole milliseconds as nanoseconds can count in 63 bits: 292 years.
constexpr double kLongestMs = 9'223'372'036'854;

Error bad_duration(std::string_view text, std::string_view why) {
  Error error = input_error({}, fmt::format("\"{}\" is not a duration: {}", text, why));
  error.hints.emplace_back("durations are written like 500ms, 30s, 5m or 1h30m");
  return error;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return bad_duration(text, "it is empty");
  if (text == "0") return Duration(0);
  std::string_view rest = text;
  double total_ms = 0;
  std::size_t next_unit = 0;
  int parts = 0;
  bool fraction = false;
  while (!rest.empty()) {
    double number = 0;
    const auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (error != std::errc() || !is_digit(rest.front())) {
      return bad_duration(text, fmt::format("expected a number at \"{}\"", rest));
    }
    const std::string_view digits(rest.data(), static_cast<std::size_t>(end - rest.data()));
    fraction = fraction || digits.find('.') != std::string_view::npos;
    rest.remove_prefix(digits.size());
    std::size_t letters = 0;
    while (letters < rest.size() && !is_digit(rest[letters])) ++letters;
    const std::string_view name = rest.substr(0, letters);
    if (name.empty()) return bad_duration(text, fmt::format("{} has no unit", digits));
    std::size_t unit = 0;
    while (unit < kUnits.size() && kUnits[unit].name != name) ++unit;
    if (unit == kUnits.size()) return bad_duration(text, fmt::format("unknown unit \"{}\"", name));
    if (unit < next_unit) {
      return bad_duration(text, "units go from large to small, each at most once");
    }
    next_unit = unit + 1;
    total_ms += number * static_cast<double>(kUnits[unit].ms);
    if (total_ms > kLongestMs) return bad_duration(text, "it is longer than 292 years");
    rest.remove_prefix(letters);
    ++parts;
  }
  if (fraction && parts > 1) return bad_duration(text, "a fraction goes with one unit only");
  return Duration(static_cast<std::int64_t>(std::llround(total_ms)));
}

std::string format_duration(Duration d) {
  if (d.count() == 0) return "0s";
  std::string text = d.count() < 0 ? "-" : "";
  std::int64_t rest = std::abs(d.count());
  for (const Unit& unit : kUnits) {
    // Weeks and years only when they are whole, as people write them.
    const bool calendar = unit.name == "y" || unit.name == "w";
    if (rest < unit.ms || (calendar && rest % unit.ms != 0)) continue;
    text += fmt::format("{}{}", rest / unit.ms, unit.name);
    rest %= unit.ms;
  }
  return text;
}

std::string format_latency(Nanos d) {
  const double ns = static_cast<double>(d.count());
  const double magnitude = std::abs(ns);
  if (magnitude < 1e3) return fmt::format("{}ns", d.count());
  if (magnitude < 1e6) return fmt::format("{:.3g}us", ns / 1e3);
  if (magnitude < 1e9) return fmt::format("{:.3g}ms", ns / 1e6);
  return fmt::format("{:.3g}s", ns / 1e9);
}

std::string format_rfc3339(Timestamp t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> time(t - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (time.subseconds().count() != 0) text += fmt::format(".{:03}", time.subseconds().count());
  return text + 'Z';
}

namespace {

/// Takes `digits` decimal digits off the front; -1 when they are not there.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<Timestamp> parse_rfc3339(std::string_view text) {
  const auto bad = [&] {
    Error error = input_error({}, fmt::format("\"{}\" is not a point in time", text));
    error.hints.emplace_back("write it like 2026-01-28T09:00:00Z");
    return error;
  };
  std::string_view rest = text;
  const int year = take_number(rest, 4);
  if (!take_char(rest, "-")) return bad();
  const int month = take_number(rest, 2);
  if (!take_char(rest, "-")) return bad();
  const int day = take_number(rest, 2);
  const std::chrono::year_month_day date(std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (year < 0 || month < 0 || day < 0 || !date.ok()) return bad();
  Timestamp t = std::chrono::sys_days(date);
  if (rest.empty()) return t;
  if (!take_char(rest, "Tt ")) return bad();
  const int hour = take_number(rest, 2);
  if (!take_char(rest, ":")) return bad();
  const int minute = take_number(rest, 2);
  if (!take_char(rest, ":")) return bad();
  const int second = take_number(rest, 2);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return bad();
  t += std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  if (take_char(rest, ".")) {
    int scale = 100;
    if (rest.empty() || !is_digit(rest.front())) return bad();
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1), scale /= 10) {
      t += Duration((rest.front() - '0') * scale);
    }
  }
  if (take_char(rest, "Zz")) return rest.empty() ? Result<Timestamp>(t) : bad();
  const int sign = rest.empty() ? 0 : (rest.front() == '+' ? 1 : (rest.front() == '-' ? -1 : 0));
  if (sign == 0) return bad();
  rest.remove_prefix(1);
  const int offset_hours = take_number(rest, 2);
  if (!take_char(rest, ":")) return bad();
  const int offset_minutes = take_number(rest, 2);
  if (offset_hours < 0 || offset_minutes < 0 || !rest.empty()) return bad();
  return t - sign * (std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes));
}

}  // namespace tocsin
