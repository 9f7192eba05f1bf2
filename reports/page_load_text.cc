#include "reports/page_load_text.h"

#include <fmt/format.h>

#include "harness/base/units.h"

namespace tocsin::reports {
namespace {

/// Of live runs nobody wants to know milliseconds.
std::string time_text(Duration time) {
  constexpr Duration kShort = std::chrono::seconds(10);
  return format_duration(time < kShort ? time : std::chrono::round<std::chrono::seconds>(time));
}

void append(std::string& text, std::size_t count, std::string_view one, std::string_view many) {
  if (count == 0) return;
  text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, count == 1 ? one : many);
}

}  // namespace

std::string pages_text(const PageCounts& counts) {
  if (counts.pages() == 0) return "none";
  std::string parts;
  append(parts, counts.first, "first", "first");
  append(parts, counts.updates, "update", "updates");
  append(parts, counts.repeats, "repeat", "repeats");
  return fmt::format("{} ({})", counts.pages(), parts);
}

std::string other_notifications_text(const PageCounts& counts) {
  std::string text;
  append(text, counts.resolved, "resolved", "resolved");
  append(text, counts.failed, "not delivered", "not delivered");
  return text;
}

std::string busiest_text(const BusiestHour& busiest) {
  return fmt::format("{}, from {}", busiest.pages, time_text(busiest.from));
}

std::string slowest_text(const SlowestPage& slowest) {
  return fmt::format("{} for {} to {}", time_text(slowest.took), slowest.alert, slowest.receiver);
}

std::string rates_text(const PageTotals& totals) {
  return fmt::format("notifications an alert: {}, pages an hour: {}",
                     format_number(totals.notifications_per_alert(), 3),
                     format_number(totals.pages_per_hour(), 3));
}

}  // namespace tocsin::reports
