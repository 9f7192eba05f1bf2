#include "harness/backtest/backtest.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "harness/backtest/overlay.h"
#include "harness/promql/evaluator.h"

namespace tocsin::backtest {
namespace {

template <class Visit>
void for_rules(std::span<const rules::RuleFile> files, Visit visit) {
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) visit(group, rule);
    }
  }
}

bool may_read(const promql::SelectorUse& use, std::string_view metric) {
  return std::all_of(use.matchers.begin(), use.matchers.end(), [&](const Matcher& matcher) {
    return matcher.name() != kMetricName || matcher.matches(metric);
  });
}

bool has_query(const std::vector<std::pair<std::string, rules::TemplateText>>& texts) {
  return std::any_of(texts.begin(), texts.end(), [](const auto& text) {
    return text.second.text.find("query") != std::string::npos;
  });
}

/// Whether any rule may look at ALERTS or ALERTS_FOR_STATE; if none does, they need not be written.
bool reads_alerts(std::span<const rules::RuleFile> files, const promql::QueryOptions& options) {
  bool found = false;
  for_rules(files, [&](const rules::RuleGroup&, const rules::Rule& rule) {
    if (found) return;
    found = has_query(rule.labels) || has_query(rule.annotations);
    for (const promql::SelectorUse& use : promql::selectors_of(*rule.expression.root, options)) {
      found = found || may_read(use, "ALERTS") || may_read(use, "ALERTS_FOR_STATE");
    }
  });
  return found;
}

std::set<std::string> recorded_names(std::span<const rules::RuleFile> files, bool with_alerts) {
  std::set<std::string> names;
  if (with_alerts) names = {"ALERTS", "ALERTS_FOR_STATE"};
  for_rules(files, [&](const rules::RuleGroup&, const rules::Rule& rule) {
    if (rule.kind == rules::Rule::Kind::kRecording) names.insert(rule.name);
  });
  return names;
}

RuleResult begin_result(const rules::RuleGroup& group, const rules::Rule& rule) {
  RuleResult result;
  result.pos = rule.pos;
  result.group = group.name;
  result.alert = rule.name;
  result.expression = promql::print(*rule.expression.root);
  result.hold = rule.hold;
  result.keep_firing_for = rule.keep_firing_for;
  std::map<std::string, std::string> labels(group.labels.begin(), group.labels.end());
  for (const auto& [name, value] : rule.labels) labels[name] = value.text;
  result.labels.assign(labels.begin(), labels.end());
  return result;
}

void count(RuleResult& rule, const Episode& episode) {
  ++rule.episodes;
  if (episode.life.firing_at) ++rule.pages;
  rule.pending += episode.pending();
  rule.firing += episode.firing();
  rule.longest = std::max(rule.longest, episode.firing());
}

/// The most episodes of each rule that fire at the same time.
void count_at_once(Backtest& backtest) {
  struct Change {
    std::size_t rule;
    Timestamp at;
    int by;  ///< an end comes before a beginning at the same time
  };
  std::vector<Change> changes;
  for (const Episode& episode : backtest.episodes) {
    if (!episode.life.firing_at) continue;
    changes.push_back({episode.rule, *episode.life.firing_at, 1});
    // One that begins to fire at the very end is there, too.
    if (episode.life.resolved_at) changes.push_back({episode.rule, episode.end, -1});
  }
  std::sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return std::tie(a.rule, a.at, a.by) < std::tie(b.rule, b.at, b.by);
  });
  std::vector<std::size_t> firing(backtest.rules.size());
  for (const Change& change : changes) {
    firing[change.rule] += static_cast<std::size_t>(change.by);
    RuleResult& rule = backtest.rules[change.rule];
    rule.at_once = std::max(rule.at_once, firing[change.rule]);
  }
}

}  // namespace

std::size_t Backtest::pages() const {
  std::size_t pages = 0;
  for (const RuleResult& rule : rules) pages += rule.pages;
  return pages;
}

double Backtest::days() const {
  const Duration length = std::max(to - from, std::max(interval, Duration(1)));
  return static_cast<double>(length.count()) / 86'400'000.0;
}

Backtest run_backtest(std::span<const rules::RuleFile> files, const SeriesSource& samples,
                      const BacktestOptions& options) {
  Backtest backtest;
  backtest.from = options.from;
  backtest.to = options.to;
  backtest.interval = options.interval;
  std::unordered_map<const rules::Rule*, std::size_t> index;
  for_rules(files, [&](const rules::RuleGroup& group, const rules::Rule& rule) {
    if (rule.kind == rules::Rule::Kind::kRecording) {
      ++backtest.recording_rules;
      return;
    }
    index.emplace(&rule, backtest.rules.size());
    backtest.rules.push_back(begin_result(group, rule));
  });

  rules::EvaluationOptions evaluation;
  evaluation.interval = options.interval;
  evaluation.query = options.query;
  evaluation.external_labels = options.external_labels;
  evaluation.external_url = options.external_url;
  evaluation.origin = options.from;
  evaluation.threads = options.threads;
  evaluation.write_alert_series = reads_alerts(files, options.query);
  Overlay overlay(samples, recorded_names(files, evaluation.write_alert_series));
  rules::EvaluationOutcome outcome =
      rules::evaluate_timeline(files, overlay, overlay, options.to, evaluation);

  for (std::size_t i = 0; i < outcome.episodes.size(); ++i) {
    Episode& episode = backtest.episodes.emplace_back();
    episode.life = std::move(outcome.episodes[i]);
    episode.rule = index.at(outcome.alerting[i]);
    episode.open_at_start = episode.life.pending_at == options.from;
    episode.end = episode.life.resolved_at.value_or(options.to);
    count(backtest.rules[episode.rule], episode);
  }
  count_at_once(backtest);
  backtest.failures = std::move(outcome.failures);
  backtest.unfinished = std::erase_if(backtest.failures, [](const rules::RuleFailure& failure) {
    return failure.error.kind == ErrorKind::kCancelled;
  });
  backtest.notes = std::move(outcome.notes);
  return backtest;
}

Reach reach_of(std::span<const rules::RuleFile> files, const promql::QueryOptions& options) {
  Reach reach;
  for_rules(files, [&](const rules::RuleGroup& group, const rules::Rule& rule) {
    for (const promql::SelectorUse& use : promql::selectors_of(*rule.expression.root, options)) {
      if (use.absolute) continue;
      reach.before = std::max(reach.before, use.before + group.query_offset);
      reach.after = std::max(reach.after, use.after - group.query_offset);
    }
  });
  return reach;
}

}  // namespace tocsin::backtest
