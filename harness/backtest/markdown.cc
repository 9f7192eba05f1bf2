#include "harness/base/markdown.h"

#include <algorithm>
#include <span>

#include <fmt/format.h>

#include "harness/backtest/report_text.h"

namespace tocsin::backtest {
namespace {

/// "| a | b |", from texts that are escaped already.
std::string row(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += ' ' + cell + " |";
  return text + '\n';
}

std::string introduction(const Study& study) {
  const Backtest& result = study.result;
  std::string text = fmt::format(
      "{} over {} samples of {} series from {}, {} to {} UTC ({}), every {}.\n\n",
      rules_text(result), with_commas(study.samples.samples), with_commas(study.samples.series),
      markdown_text(study.samples.source), time_text(result.from), time_text(result.to),
      format_duration(result.to - result.from), format_duration(result.interval));
  for (const std::string& sentence : remarks(study)) text += sentence + "\n\n";
  return text;
}

std::string rule_rows(const Backtest& result) {
  std::string text = row({"rule", "pages", "a day", "firing", "longest", "pending", "never fired"});
  text += "| --- | --: | --: | --: | --: | --: | --: |\n";
  for (const RuleResult& rule : result.rules) {
    text += row({markdown_text(rule.alert + ' ' + own_labels(rule)), with_commas(rule.pages),
                 rate_text(static_cast<double>(rule.pages) / result.days()),
                 format_duration(rule.firing), format_duration(rule.longest),
                 format_duration(rule.pending), with_commas(rule.episodes - rule.pages)});
  }
  return text;
}

std::string episode_rows(const Backtest& result, const ReportOptions& options) {
  if (result.episodes.empty() || options.episodes == 0) return "";
  const std::vector<std::size_t> shown = longest(result.episodes, options.episodes);
  std::string text = "\n### Episodes\n\n";
  if (shown.size() < result.episodes.size()) {
    text += fmt::format("The {} that fired longest of {}.\n\n", with_commas(shown.size()),
                        with_commas(result.episodes.size()));
  }
  text += row({"pending", "firing", "ends", "firing for", "alert", "labels"});
  text += "| --- | --- | --- | --: | --- | --- |\n";
  for (const std::size_t i : shown) {
    const Episode& episode = result.episodes[i];
    text += row({begin_text(episode), firing_text(episode), end_text(episode),
                 format_duration(episode.firing()), markdown_text(episode.life.alert),
                 markdown_text(series_labels(episode, result.rules[episode.rule]))});
  }
  return text;
}

std::string difference_cell(const Study& study, const EpisodeChange& change) {
  if (change.fate == EpisodeFate::kDiffers) {
    std::string text;
    for (const std::string& word : change.words) text += (text.empty() ? "" : ", ") + word;
    return markdown_text(text);
  }
  const Backtest& source = change.after ? study.result : *study.old_result;
  const Episode& episode = source.episodes[change.after ? *change.after : *change.before];
  return fmt::format("{}, {}", to_string(change.fate),
                     episode.life.firing_at ? "fires for " + format_duration(episode.firing())
                                            : std::string("never fires"));
}

std::string changed_rules(const Study& study) {
  std::string text = row({"rule", "fate", "change", "totals"}) + "| --- | --- | --- | --- |\n";
  std::size_t same = 0;
  for (const RuleChange& change : study.comparison->rules) {
    if (!change.is_change()) {
      ++same;
      continue;
    }
    const RuleResult* before = change.before ? &study.old_result->rules[*change.before] : nullptr;
    const RuleResult* after = change.after ? &study.result.rules[*change.after] : nullptr;
    std::string words;
    for (const std::string& word : change.words) {
      words += (words.empty() ? "" : "; ") + markdown_text(word);
    }
    text += row({markdown_text((after != nullptr ? after : before)->alert),
                 std::string(to_string(change.fate)), words,
                 totals_text(before, after, study.result.days())});
  }
  if (same == study.comparison->rules.size()) return "Every episode is as it was.\n";
  if (same > 0) text += fmt::format("\n{} more rules behave as before.\n", with_commas(same));
  return text;
}

std::string changed_episodes(const Study& study, const ReportOptions& options) {
  std::string text;
  const std::size_t limit = episodes_per_rule(*study.comparison, options.episodes);
  std::size_t hidden = 0;
  for (const RuleChange& rule : study.comparison->rules) {
    const std::size_t shown = std::min(limit, rule.episodes.size());
    hidden += rule.episodes.size() - shown;
    for (const EpisodeChange& change : std::span(rule.episodes).first(shown)) {
      const Backtest& source = change.after ? study.result : *study.old_result;
      const Episode& episode = source.episodes[change.after ? *change.after : *change.before];
      text += row({begin_text(episode), markdown_text(episode.life.alert),
                   difference_cell(study, change),
                   markdown_text(series_labels(episode, source.rules[episode.rule]))});
    }
  }
  if (text.empty()) return "";
  text = "\n### Episodes that change\n\n" + row({"pending", "alert", "change", "labels"}) +
         "| --- | --- | --- | --- |\n" + text;
  if (hidden > 0) text += fmt::format("\n… {} more.\n", with_commas(hidden));
  return text;
}

std::string trouble_list(const Backtest& result) {
  std::string text;
  for (const rules::RuleFailure& failure : result.failures) {
    text += fmt::format("- {}: rule {} failed {}: {}\n",
                        markdown_text(to_string(failure.error.pos)), markdown_text(failure.rule),
                        counted(failure.times, "time"), markdown_text(failure.error.message));
  }
  for (const rules::RuleNote& note : result.notes) {
    text += fmt::format("- {}: rule {}: {}\n", markdown_text(to_string(note.note.pos)),
                        markdown_text(note.rule), markdown_text(note.note.message));
  }
  return text.empty() ? text : "\n### Trouble\n\n" + text;
}

}  // namespace

std::string render_markdown(const Study& study, const ReportOptions& options) {
  const Backtest& result = study.result;
  std::string text;
  if (study.comparison) {
    text = fmt::format(
        "## Backtest: {} pages a day\n\n",
        change_text(rate_text(study.old_result->pages_a_day()), rate_text(result.pages_a_day())));
    text += introduction(study) + changed_rules(study) + changed_episodes(study, options);
  } else {
    text = fmt::format("## Backtest: {}, {} a day\n\n", counted(result.pages(), "page"),
                       rate_text(result.pages_a_day()));
    text += introduction(study) + rule_rows(result) + episode_rows(result, options);
  }
  return text + trouble_list(result);
}

}  // namespace tocsin::backtest
