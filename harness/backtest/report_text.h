#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/backtest/report.h"

/// What the console and Markdown reports share.

namespace tocsin::backtest {

/// "1,234,567".
std::string with_commas(std::size_t n);
/// "1 page", "1,200 pages".
std::string counted(std::size_t n, std::string_view what);
/// Pages a day, as short as makes sense: "0", "0.03", "4.2", "310".
std::string rate_text(double a_day);
/// "3 alerts and 2 recording rules".
std::string rules_text(const Backtest& backtest);
/// `name="value", …` without the alert's name and the labels that the rule itself sets.
std::string series_labels(const Episode& episode, const RuleResult& rule);
/// The labels that the rule sets, in braces; "" when there are none.
std::string own_labels(const RuleResult& rule);
/// "2026-01-28 09:00:00", without the zone, which is UTC; milliseconds only when not zero.
std::string time_text(Timestamp at);
/// "12:00:00", "≤ 12:00:00" for episodes that were there from the start.
std::string begin_text(const Episode& episode);
std::string firing_text(const Episode& episode);
std::string end_text(const Episode& episode);

/// Up to `limit` of `of` episodes, in time order: those that fired longest, then those that were
/// pending longest.
std::vector<std::size_t> longest(const std::vector<Episode>& episodes, std::size_t limit);

/// How many changed episodes of each rule are shown, so that no rule takes all the room.
std::size_t episodes_per_rule(const Comparison& comparison, std::size_t limit);
/// "12 → 9" or "12" when both are the same.
std::string change_text(const std::string& before, const std::string& after);
/// The rule's line of a comparison: "12 → 9 pages, …".
std::string totals_text(const RuleResult* before, const RuleResult* after, double days);

/// Sentences on what the report cannot know; none, as a rule.
std::vector<std::string> remarks(const Study& study);

}  // namespace tocsin::backtest
