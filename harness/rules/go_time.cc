#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "harness/rules/go_text.h"

namespace tocsin::rules {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

/// A point in time taken apart, in a zone.
struct Fields {
  int year;
  unsigned month;
  unsigned day;
  unsigned weekday;
  int year_day;
  int hour;
  int minute;
  int second;
  int millisecond;
  GoZone zone;
};

Fields fields_of(Timestamp utc, const GoZone& zone) {
  const Timestamp at = utc + zone.offset;
  const auto midnight = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss<Duration> time(at - midnight);
  const auto new_year = std::chrono::sys_days(date.year() / 1 / 1);
  return {static_cast<int>(date.year()),
          static_cast<unsigned>(date.month()),
          static_cast<unsigned>(date.day()),
          std::chrono::weekday(midnight).c_encoding(),
          static_cast<int>((midnight - new_year).count()) + 1,
          static_cast<int>(time.hours().count()),
          static_cast<int>(time.minutes().count()),
          static_cast<int>(time.seconds().count()),
          static_cast<int>(time.subseconds().count()),
          zone};
}

using Render = std::string (*)(const Fields&);

/// The parts of a layout, longer ones before those they begin with.
struct LayoutPart {
  std::string_view text;
  Render render;
};
constexpr int kHalfDay = 12;

/// "+01:00": hours, and minutes behind `separator` when they are wanted.
std::string offset_text(const Fields& f, std::string_view separator, bool minutes) {
  const auto seconds = f.zone.offset.count();
  const auto magnitude = std::abs(seconds) / 60;
  std::string text = fmt::format("{}{:02}", seconds < 0 ? '-' : '+', magnitude / 60);
  if (minutes) text += fmt::format("{}{:02}", separator, magnitude % 60);
  return text;
}
std::string offset_or_z(const Fields& f, std::string_view separator, bool minutes) {
  return f.zone.offset.count() == 0 ? "Z" : offset_text(f, separator, minutes);
}

int hour_of_twelve(const Fields& f) {
  return f.hour % kHalfDay == 0 ? kHalfDay : f.hour % kHalfDay;
}

const std::array<LayoutPart, 31> kLayout = {{
    {"January", [](const Fields& f) { return std::string(kMonths[f.month - 1]); }},
    {"Jan", [](const Fields& f) { return std::string(kMonths[f.month - 1].substr(0, 3)); }},
    {"Monday", [](const Fields& f) { return std::string(kDays[f.weekday]); }},
    {"Mon", [](const Fields& f) { return std::string(kDays[f.weekday].substr(0, 3)); }},
    {"MST", [](const Fields& f) { return std::string(f.zone.name); }},
    {"2006", [](const Fields& f) { return fmt::format("{:04}", f.year); }},
    {"01", [](const Fields& f) { return fmt::format("{:02}", f.month); }},
    {"002", [](const Fields& f) { return fmt::format("{:03}", f.year_day); }},
    {"02", [](const Fields& f) { return fmt::format("{:02}", f.day); }},
    {"03", [](const Fields& f) { return fmt::format("{:02}", hour_of_twelve(f)); }},
    {"04", [](const Fields& f) { return fmt::format("{:02}", f.minute); }},
    {"05", [](const Fields& f) { return fmt::format("{:02}", f.second); }},
    {"06", [](const Fields& f) { return fmt::format("{:02}", f.year % 100); }},
    {"15", [](const Fields& f) { return fmt::format("{:02}", f.hour); }},
    {"1", [](const Fields& f) { return fmt::format("{}", f.month); }},
    {"__2", [](const Fields& f) { return fmt::format("{:>3}", f.year_day); }},
    {"_2", [](const Fields& f) { return fmt::format("{:>2}", f.day); }},
    {"2", [](const Fields& f) { return fmt::format("{}", f.day); }},
    {"3", [](const Fields& f) { return fmt::format("{}", hour_of_twelve(f)); }},
    {"4", [](const Fields& f) { return fmt::format("{}", f.minute); }},
    {"5", [](const Fields& f) { return fmt::format("{}", f.second); }},
    {"PM", [](const Fields& f) { return std::string(f.hour < kHalfDay ? "AM" : "PM"); }},
    {"pm", [](const Fields& f) { return std::string(f.hour < kHalfDay ? "am" : "pm"); }},
    {"-07:00", [](const Fields& f) { return offset_text(f, ":", true); }},
    {"-0700", [](const Fields& f) { return offset_text(f, "", true); }},
    {"-07", [](const Fields& f) { return offset_text(f, "", false); }},
    {"Z07:00", [](const Fields& f) { return offset_or_z(f, ":", true); }},
    {"Z0700", [](const Fields& f) { return offset_or_z(f, "", true); }},
    {"Z07", [](const Fields& f) { return offset_or_z(f, "", false); }},
    {".000", [](const Fields& f) { return fmt::format(".{:03}", f.millisecond); }},
    {",000", [](const Fields& f) { return fmt::format(",{:03}", f.millisecond); }},
}};

const LayoutPart* part_at(std::string_view layout) {
  for (const LayoutPart& part : kLayout) {
    if (layout.starts_with(part.text)) return &part;
  }
  return nullptr;
}

/// ".999": the fraction without trailing zeros, nothing when it is zero.
std::string trimmed_fraction(int millisecond) {
  if (millisecond == 0) return {};
  std::string text = fmt::format(".{:03}", millisecond);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

/// A number of `unit`s in `ns` with its fraction, trailing zeros removed.
std::string with_fraction(std::uint64_t ns, std::uint64_t unit, int digits) {
  std::string text = fmt::format("{}", ns / unit);
  if (ns % unit == 0) return text;
  text += fmt::format(".{:0{}}", ns % unit, digits);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

}  // namespace

std::string go_time(Timestamp at, const GoZone& zone) {
  return go_time_format(at, "2006-01-02 15:04:05.999 -0700 MST", zone);
}

std::string go_time_format(Timestamp at, std::string_view layout, const GoZone& zone) {
  const Fields fields = fields_of(at, zone);
  std::string text;
  while (!layout.empty()) {
    const std::size_t nines = layout.find_first_not_of('9', 1);
    if (layout.front() == '.' && nines != 1 && layout.size() > 1) {
      text += trimmed_fraction(fields.millisecond);
      layout.remove_prefix(std::min(nines, layout.size()));
    } else if (const LayoutPart* part = part_at(layout)) {
      text += part->render(fields);
      layout.remove_prefix(part->text.size());
    } else {
      text += layout.front();
      layout.remove_prefix(1);
    }
  }
  return text;
}

std::string go_duration(std::chrono::nanoseconds length) {
  constexpr std::uint64_t kMicrosecond = 1'000;
  constexpr std::uint64_t kMillisecond = 1'000'000;
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (length.count() == 0) return "0s";
  const std::string sign = length.count() < 0 ? "-" : "";
  const auto ns = static_cast<std::uint64_t>(std::abs(length.count()));
  if (ns < kMicrosecond) return fmt::format("{}{}ns", sign, ns);
  if (ns < kMillisecond) return sign + with_fraction(ns, kMicrosecond, 3) + "µs";
  if (ns < kSecond) return sign + with_fraction(ns, kMillisecond, 6) + "ms";
  const std::uint64_t minutes = ns / (60 * kSecond);
  const std::string seconds = with_fraction(ns % (60 * kSecond), kSecond, 9) + 's';
  if (minutes == 0) return sign + seconds;
  if (minutes < 60) return fmt::format("{}{}m{}", sign, minutes, seconds);
  return fmt::format("{}{}h{}m{}", sign, minutes / 60, minutes % 60, seconds);
}

}  // namespace tocsin::rules
