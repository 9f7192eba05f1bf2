#include "harness/backtest/report_text.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/base/utf8.h"

namespace tocsin::backtest {

std::string with_commas(std::size_t n) {
  std::string digits = std::to_string(n);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string counted(std::size_t n, std::string_view what) {
  return fmt::format("{} {}{}", with_commas(n), what, n == 1 ? "" : "s");
}

std::string rate_text(double a_day) {
  if (a_day >= 100) return fmt::format("{:.0f}", a_day);
  return format_number(a_day, 2);
}

std::string rules_text(const Backtest& backtest) {
  std::string text = counted(backtest.rules.size(), "alerting rule");
  if (backtest.recording_rules > 0) {
    text += " and " + counted(backtest.recording_rules, "recording rule");
  }
  return text;
}

std::string series_labels(const Episode& episode, const RuleResult& rule) {
  std::string text;
  for (const LabelView label : episode.life.labels) {
    const bool own = std::any_of(rule.labels.begin(), rule.labels.end(), [&](const auto& set) {
      return set.first == label.name && set.second == label.value;
    });
    if (own || label.name == "alertname") continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("{}={}", label.name, quote_label_value(label.value));
  }
  return text;
}

std::string own_labels(const RuleResult& rule) {
  std::vector<LabelView> views;
  for (const auto& [name, value] : rule.labels) views.push_back({name, value});
  return views.empty() ? "" : Labels::from(std::move(views)).to_string();
}

std::string time_text(Timestamp at) {
  std::string text = format_rfc3339(at);
  if (const std::size_t t = text.find('T'); t != std::string::npos) text[t] = ' ';
  if (text.ends_with('Z')) text.pop_back();
  return text;
}

std::string begin_text(const Episode& episode) {
  return (episode.open_at_start ? "≤ " : "") + time_text(episode.life.pending_at);
}

std::string firing_text(const Episode& episode) {
  return episode.life.firing_at ? time_text(*episode.life.firing_at) : "never fired";
}

std::string end_text(const Episode& episode) {
  return episode.life.resolved_at ? time_text(*episode.life.resolved_at) : "still active";
}

std::vector<std::size_t> longest(const std::vector<Episode>& episodes, std::size_t limit) {
  std::vector<std::size_t> order(episodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (order.size() <= limit) return order;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) {
    const Episode& a = episodes[i];
    const Episode& b = episodes[j];
    if (a.firing() != b.firing()) return a.firing() > b.firing();
    return a.pending() > b.pending();
  });
  order.resize(limit);
  std::sort(order.begin(), order.end());
  return order;
}

std::size_t episodes_per_rule(const Comparison& comparison, std::size_t limit) {
  constexpr std::size_t kFew = 3;
  const auto changed =
      std::count_if(comparison.rules.begin(), comparison.rules.end(),
                    [](const RuleChange& change) { return !change.episodes.empty(); });
  if (limit <= kFew || changed == 0) return limit;
  return std::max(kFew, limit / static_cast<std::size_t>(changed));
}

std::string change_text(const std::string& before, const std::string& after) {
  return before == after ? after : before + " → " + after;
}

std::string totals_text(const RuleResult* before, const RuleResult* after, double days) {
  const RuleResult nothing;
  const RuleResult& a = before != nullptr ? *before : nothing;
  const RuleResult& b = after != nullptr ? *after : nothing;
  const auto a_day = [&](const RuleResult& rule) {
    return rate_text(static_cast<double>(rule.pages) / days);
  };
  return fmt::format("{}, {} a day, firing {}",
                     a.pages == b.pages ? counted(b.pages, "page")
                                        : with_commas(a.pages) + " → " + counted(b.pages, "page"),
                     change_text(a_day(a), a_day(b)),
                     change_text(format_duration(a.firing), format_duration(b.firing)));
}

std::vector<std::string> remarks(const Study& study) {
  std::vector<std::string> sentences;
  if (study.interrupted) {
    const std::size_t unfinished =
        study.result.unfinished + (study.old_result ? study.old_result->unfinished : 0);
    sentences.push_back(fmt::format("Interrupted: the evaluation of {} was not finished.",
                                    counted(unfinished, "rule")));
  }
  if (study.samples.without_stale_markers) {
    sentences.emplace_back(
        "The API tells no stale markers: a series that vanished counts for up to 5 minutes longer "
        "than it did in Prometheus.");
  }
  return sentences;
}

}  // namespace tocsin::backtest
