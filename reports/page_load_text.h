#pragma once

#include <string>

#include "reports/summary.h"

/// Page loads in words, for console, Markdown and JUnit.

namespace tocsin::reports {

/// "12 (9 first, 1 update, 2 repeats)"; "none".
std::string pages_text(const PageCounts& counts);
/// "8 resolved, 1 not delivered"; empty when there is nothing of it.
std::string other_notifications_text(const PageCounts& counts);
/// "6, from 1h5m".
std::string busiest_text(const BusiestHour& busiest);
/// "1m30s for DiskFull {instance="a"} to on-call by slack".
std::string slowest_text(const SlowestPage& slowest);
/// "notifications an alert: 1.25, pages an hour: 2.4".
std::string rates_text(const PageTotals& totals);

}  // namespace tocsin::reports
