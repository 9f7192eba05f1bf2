#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "assertions/notification_log.h"
#include "harness/model/evidence.h"

/// How much the people at the receivers are bothered. A page is a notification of something that
/// fires, delivered to one integration of a receiver: one group told by Slack and by e-mail is two.

namespace tocsin::reports {

struct PageCounts {
  std::size_t first = 0;     ///< pages of groups that were quiet
  std::size_t updates = 0;   ///< pages since alerts came or went
  std::size_t repeats = 0;   ///< pages with nothing new
  std::size_t resolved = 0;  ///< notifications that nothing fires any more: no pages
  std::size_t failed = 0;    ///< notifications that were never delivered

  std::size_t pages() const { return first + updates + repeats; }
  PageCounts& operator+=(const PageCounts& other);
};

struct ReceiverLoad {
  std::string receiver;
  std::string integration;
  PageCounts counts;
};

/// Any sixty minutes of scenario time, not a clock's hour.
struct BusiestHour {
  Duration from{0};  ///< of its first page
  std::size_t pages = 0;
};

/// The alert that waited longest from firing to its first page, but for the time in which
/// inhibition, silence or calendar kept it back: that is no slowness.
struct SlowestPage {
  std::string alert;
  std::string receiver;  ///< "on-call by slack"
  Duration fired{0};     ///< since the scenario's start
  Duration took{0};
};

struct PageTotals {
  PageCounts counts;
  Duration length{0};     ///< of the run, in scenario time
  std::size_t fired = 0;  ///< alerts that fired, each firing counted
  std::size_t told = 0;   ///< of them, those that a page tells of

  double pages_per_hour() const;
  /// Pages and notifications of ends, for each alert that fired.
  double notifications_per_alert() const;
  PageTotals& operator+=(const PageTotals& other);
};

struct PageLoad {
  PageTotals total;
  std::vector<ReceiverLoad> receivers;  ///< by name; those who were told nothing are left out
  std::vector<std::size_t> by_hour;  ///< pages of each hour since the start, to the last with any
  std::optional<BusiestHour> busiest;
  std::optional<SlowestPage> slowest;
};

PageLoad page_load(const Evidence& evidence, const assertions::NotificationLog& log);

}  // namespace tocsin::reports
