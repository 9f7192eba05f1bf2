#include "assertions/alert_background.h"

#include <algorithm>
#include <cmath>

#include "harness/promql/evaluator.h"
#include "harness/promql/time_scale.h"

namespace tocsin::assertions {
namespace {

constexpr std::size_t kSamplesShown = 9;
constexpr std::size_t kSeriesShown = 4;

struct Line {
  Duration at{0};
  std::string text;
};

/// For `value > threshold`: the left side, which has a value also while the alert is silent, and
/// the text of the comparison.
struct Watched {
  const promql::Node* node = nullptr;
  std::string threshold;
};

Watched watched_part(const promql::Node& root) {
  const promql::Node* node = &root;
  while (node->kind == promql::NodeKind::kParen) {
    node = static_cast<const promql::Paren*>(node)->inner.get();
  }
  if (node->kind == promql::NodeKind::kBinary) {
    const auto& binary = static_cast<const promql::Binary&>(*node);
    if (promql::is_comparison(binary.op) && !binary.return_bool) {
      return {binary.left.get(),
              std::string(promql::to_string(binary.op)) + ' ' + promql::print(*binary.right)};
    }
  }
  return {&root, {}};
}

/// So that about kSamplesShown samples are shown, at times at which rules are evaluated too.
Duration step_between(const promql::Timeline& timeline, const RunInfo& run) {
  const double interval = static_cast<double>(run.evaluation_interval.count()) / run.time_scale;
  const double length = static_cast<double>((timeline.end - timeline.start).count());
  const double intervals = std::ceil(length / (kSamplesShown - 1) / std::max(interval, 1.0));
  return Duration(std::llround(std::max(intervals, 1.0) * std::max(interval, 1.0)));
}

void add_samples(const Trial& trial, const AlertRuleInfo& rule, const scenario::TimeWindow& shown,
                 std::vector<Line>& lines) {
  const auto unscaled = promql::parse_expression(rule.expression);
  if (unscaled.has_error()) return;
  const auto whole = promql::scale_time(*unscaled, trial.evidence().run.time_scale);
  if (whole.has_error()) return;
  const Watched watched = watched_part(*whole->expression.root);
  const auto left = promql::parse_expression(promql::print(*watched.node));
  if (left.has_error()) return;
  promql::Timeline timeline;
  timeline.start = trial.evidence().at_offset(shown.from);
  timeline.end = std::min(trial.evidence().at_offset(shown.to), trial.evidence().run.end);
  timeline.step = step_between(timeline, trial.evidence().run);
  const auto result = promql::evaluate(*left, *trial.evidence().samples, timeline);
  if (result.has_error()) return;
  const std::string against = watched.threshold.empty() ? "" : "  (" + watched.threshold + ")";
  bool any = false;
  for (std::size_t column = 0; column < std::min(result->columns.size(), kSeriesShown); ++column) {
    const promql::Column& series = result->columns[column];
    for (std::size_t i = 0; i < series.values.size(); ++i) {
      if (!series.present[i]) continue;
      any = true;
      const bool alone = result->columns.size() == 1;
      const std::string labels = alone ? "" : series.labels.to_string() + ' ';
      lines.push_back({trial.offset(timeline.at(i)),
                       "value " + labels + format_number(series.values[i], 5) + against});
    }
  }
  if (!any) {
    lines.push_back({shown.from, "no value: " + left->text + " returned nothing in this time"});
  }
}

void add_events(const Trial& trial, const scenario::TimeWindow& shown, std::vector<Line>& lines) {
  for (const Event& event : trial.evidence().events) {
    const Duration at = trial.offset(event.at);
    if (at < shown.from || at > shown.to) continue;
    if (event.kind == EventKind::kFaultStart) {
      lines.push_back({at, event.name + " begins: " + event.description});
    } else if (event.kind == EventKind::kFaultEnd) {
      lines.push_back({at, event.name + " ends"});
    }
  }
}

void add_episodes(const Trial& trial, const std::string& alert, std::vector<Line>& lines) {
  for (const AlertEpisode& episode : trial.evidence().episodes) {
    if (episode.alert != alert) continue;
    const std::string labels = ' ' + episode.labels.to_string();
    lines.push_back({trial.offset(episode.pending_at), "pending" + labels});
    if (episode.firing_at) lines.push_back({trial.offset(*episode.firing_at), "firing" + labels});
    if (episode.resolved_at) {
      lines.push_back({trial.offset(*episode.resolved_at),
                       (episode.firing_at ? "resolved" : "inactive again") + labels});
    }
  }
}

}  // namespace

std::vector<std::string> alert_background(const Trial& trial, const std::string& alert,
                                          std::optional<scenario::TimeWindow> window) {
  scenario::TimeWindow shown{Duration(0), trial.scenario().length, {}};
  if (window) {
    const Duration margin = std::chrono::minutes(2);
    shown.from = std::max(Duration(0), window->from - margin);
    shown.to = std::min(trial.scenario().length, window->to + margin);
  }
  std::vector<Line> lines;
  add_events(trial, shown, lines);
  add_episodes(trial, alert, lines);
  bool known = false;
  for (const AlertRuleInfo& rule : trial.evidence().rules) {
    if (rule.alert != alert) continue;
    known = true;
    add_samples(trial, rule, shown, lines);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.at < b.at; });
  std::vector<std::string> texts;
  if (!known) texts.push_back("no rule file of the system has an alert of this name");
  constexpr std::size_t kLinesShown = 60;
  for (const Line& line : lines) {
    if (texts.size() == kLinesShown) {
      texts.push_back("… and " + std::to_string(lines.size() - kLinesShown) + " more lines");
      break;
    }
    texts.push_back(format_duration(line.at) + "  " + line.text);
  }
  return texts;
}

}  // namespace tocsin::assertions
