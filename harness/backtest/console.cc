#include <algorithm>

#include <fmt/format.h>

#include "harness/backtest/report_text.h"
#include "harness/base/utf8.h"

namespace tocsin::backtest {
namespace {

/// Rows of text whose columns line up; the last column is not padded.
class ConsoleTable {
 public:
  enum class Align { kLeft, kRight };

  explicit ConsoleTable(std::vector<Align> columns) : columns_(std::move(columns)) {}

  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  std::string render(std::string_view indent) const {
    std::vector<std::size_t> widths(columns_.size());
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        widths[i] = std::max(widths[i], utf8_length(row[i]));
      }
    }
    std::string text;
    for (const auto& row : rows_) {
      text += indent;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const std::string padding(widths[i] - utf8_length(row[i]), ' ');
        const bool last = i + 1 == row.size();
        text += columns_[i] == Align::kRight ? padding + row[i] : last ? row[i] : row[i] + padding;
        if (!last) text += "  ";
      }
      while (text.ends_with(' ')) text.pop_back();
      text += '\n';
    }
    return text;
  }

 private:
  std::vector<Align> columns_;
  std::vector<std::vector<std::string>> rows_;
};

constexpr auto kLeft = ConsoleTable::Align::kLeft;
constexpr auto kRight = ConsoleTable::Align::kRight;

std::string heading(std::string_view text, const ReportOptions& options) {
  return options.colour ? fmt::format("\n\x1b[1m{}\x1b[0m\n", text) : fmt::format("\n{}\n", text);
}

std::string place(const RuleResult& rule) {
  return fmt::format("{}:{}", rule.pos.file, rule.pos.line);
}

std::string intro(const Study& study) {
  const Backtest& result = study.result;
  std::string text =
      fmt::format("{} from {} to {} UTC ({}), every {}\n", rules_text(result),
                  time_text(result.from), time_text(result.to),
                  format_duration(result.to - result.from), format_duration(result.interval));
  const SamplesInfo& samples = study.samples;
  text += fmt::format("{} samples of {} series from {}", with_commas(samples.samples),
                      with_commas(samples.series), printable(samples.source));
  if (samples.refused > 0) {
    text += fmt::format("; {} contradicting others were left out", with_commas(samples.refused));
  }
  text += '\n';
  for (const std::string& sentence : remarks(study)) text += sentence + '\n';
  return text;
}

std::string rules_table(const Backtest& result, const ReportOptions& options) {
  std::vector<const RuleResult*> rules;
  for (const RuleResult& rule : result.rules) rules.push_back(&rule);
  std::stable_sort(rules.begin(), rules.end(), [](const RuleResult* a, const RuleResult* b) {
    return std::tie(a->pages, a->episodes) > std::tie(b->pages, b->episodes);
  });
  ConsoleTable table({kRight, kRight, kRight, kRight, kRight, kRight, kRight, kLeft, kLeft});
  table.add({"pages", "a day", "firing", "longest", "at once", "pending", "never fired", "rule",
             "written in"});
  std::size_t silent = 0;
  for (const RuleResult* rule : rules) {
    if (rule->episodes == 0 && rules.size() > 20) {
      ++silent;
      continue;
    }
    table.add(
        {with_commas(rule->pages), rate_text(static_cast<double>(rule->pages) / result.days()),
         format_duration(rule->firing), format_duration(rule->longest), with_commas(rule->at_once),
         format_duration(rule->pending), with_commas(rule->episodes - rule->pages),
         printable(rule->alert + ' ' + own_labels(*rule)), printable(place(*rule))});
  }
  std::string text = heading("Rules", options) + table.render("  ");
  if (silent > 0) {
    text += fmt::format("  {} more rule{} never went pending\n", with_commas(silent),
                        silent == 1 ? "" : "s");
  }
  return text;
}

std::string episodes_table(const Backtest& result, const ReportOptions& options) {
  if (result.episodes.empty() || options.episodes == 0) return "";
  const std::vector<std::size_t> shown = longest(result.episodes, options.episodes);
  ConsoleTable table({kLeft, kLeft, kLeft, kRight, kRight, kLeft, kLeft});
  table.add({"pending", "firing", "ends", "pending for", "firing for", "alert", "labels"});
  for (const std::size_t i : shown) {
    const Episode& episode = result.episodes[i];
    table.add({begin_text(episode), firing_text(episode), end_text(episode),
               format_duration(episode.pending()), format_duration(episode.firing()),
               printable(episode.life.alert),
               printable(series_labels(episode, result.rules[episode.rule]))});
  }
  std::string title = "Episodes";
  if (shown.size() < result.episodes.size()) {
    title += fmt::format(": the {} that fired longest of {}", with_commas(shown.size()),
                         with_commas(result.episodes.size()));
  }
  return heading(title, options) + table.render("  ");
}

std::string change_line(const Study& study, const EpisodeChange& change) {
  const Backtest& source = change.after ? study.result : *study.old_result;
  const Episode& episode = source.episodes[change.after ? *change.after : *change.before];
  const std::string sign = change.fate == EpisodeFate::kAppears    ? "+"
                           : change.fate == EpisodeFate::kVanishes ? "-"
                                                                   : "~";
  std::string what;
  if (change.fate == EpisodeFate::kDiffers) {
    for (const std::string& word : change.words) what += (what.empty() ? "" : ", ") + word;
  } else if (episode.life.firing_at) {
    what = fmt::format("{}: fires at {} for {}", to_string(change.fate), firing_text(episode),
                       format_duration(episode.firing()));
  } else {
    what = fmt::format("{}: pending for {}, never fires", to_string(change.fate),
                       format_duration(episode.pending()));
  }
  const std::string labels = series_labels(episode, source.rules[episode.rule]);
  return fmt::format("    {} {}  {}{}{}\n", sign, begin_text(episode), what,
                     labels.empty() ? "" : "  ", printable(labels));
}

/// The rules that are not as they were, each with its episodes, as many as the limit allows.
std::string changes_text(const Study& study, const ReportOptions& options) {
  const Comparison& comparison = *study.comparison;
  std::string text = heading("Changes", options);
  std::size_t same = 0;
  const std::size_t limit = episodes_per_rule(comparison, options.episodes);
  for (const RuleChange& change : comparison.rules) {
    if (!change.is_change()) {
      ++same;
      continue;
    }
    const RuleResult* before = change.before ? &study.old_result->rules[*change.before] : nullptr;
    const RuleResult* after = change.after ? &study.result.rules[*change.after] : nullptr;
    const RuleResult& named = after != nullptr ? *after : *before;
    text += fmt::format(
        "  {} ({}){}: {}\n", printable(named.alert), printable(place(named)),
        change.fate == RuleFate::kKept ? "" : fmt::format(" {}", to_string(change.fate)),
        totals_text(before, after, study.result.days()));
    for (const std::string& word : change.words) {
      text += fmt::format("      {}\n", printable(word));
    }
    const std::size_t shown = std::min(limit, change.episodes.size());
    for (std::size_t i = 0; i < shown; ++i) text += change_line(study, change.episodes[i]);
    if (shown < change.episodes.size()) {
      text += fmt::format("    … {} more\n", with_commas(change.episodes.size() - shown));
    }
  }
  if (same == comparison.rules.size()) return text + "  none: every episode is as it was\n";
  if (same > 0) {
    text += fmt::format("  {} more rule{} {} as before\n", with_commas(same), same == 1 ? "" : "s",
                        same == 1 ? "behaves" : "behave");
  }
  return text;
}

std::string troubles(const Backtest& result, std::string_view whose, const ReportOptions& options) {
  if (result.failures.empty() && result.notes.empty()) return "";
  std::string text = heading(fmt::format("Trouble{}", whose), options);
  for (const rules::RuleFailure& failure : result.failures) {
    text += fmt::format("  {}: rule {} failed {}, first at {}: {}\n",
                        printable(to_string(failure.error.pos)), printable(failure.rule),
                        counted(failure.times, "time"), time_text(failure.first),
                        printable(failure.error.message));
  }
  for (const rules::RuleNote& note : result.notes) {
    text += fmt::format("  {}: rule {}: PromQL {}: {}\n", printable(to_string(note.note.pos)),
                        printable(note.rule),
                        note.kind == promql::AnnotationKind::kWarning ? "warning" : "info",
                        printable(note.note.message));
  }
  return text;
}

std::string total(const Study& study) {
  const Backtest& result = study.result;
  if (!study.comparison) {
    return fmt::format("\n{}, {} a day; {}\n", counted(result.pages(), "page"),
                       rate_text(result.pages_a_day()), counted(result.episodes.size(), "episode"));
  }
  const Backtest& before = *study.old_result;
  const Comparison& changes = *study.comparison;
  return fmt::format("\n{} pages, {} a day; {} episodes appear, {} vanish, {} differ\n",
                     change_text(with_commas(before.pages()), with_commas(result.pages())),
                     change_text(rate_text(before.pages_a_day()), rate_text(result.pages_a_day())),
                     with_commas(changes.count(EpisodeFate::kAppears)),
                     with_commas(changes.count(EpisodeFate::kVanishes)),
                     with_commas(changes.count(EpisodeFate::kDiffers)));
}

}  // namespace

std::string render_console(const Study& study, const ReportOptions& options) {
  std::string text = intro(study);
  if (study.comparison) {
    text += changes_text(study, options);
    text += troubles(*study.old_result, " in the old rules", options);
    text += troubles(study.result, " in the new rules", options);
  } else {
    text += rules_table(study.result, options);
    text += episodes_table(study.result, options);
    text += troubles(study.result, "", options);
  }
  return text + total(study);
}

}  // namespace tocsin::backtest
