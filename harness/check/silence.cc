#include "harness/check/silence.h"

#include <algorithm>
#include <array>
#include <limits>

#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/check/check.h"

namespace tocsin::check {
namespace {

constexpr int kEnd = std::numeric_limits<int>::max();

std::string_view trimmed(std::string_view text) {
  const std::size_t from = text.find_first_not_of(" \t\r");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r") - from + 1);
}

std::size_t indentation(std::string_view line) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at == std::string_view::npos ? line.size() : at;
}

bool is_blank(std::string_view line) {
  return trimmed(line).empty();
}
bool is_comment(std::string_view line) {
  return trimmed(line).starts_with('#');
}

/// pint's checks (github.com/cloudflare/pint) and ours that look for the same.
struct Counterpart {
  std::string_view pint;
  std::string_view ours;
};
constexpr std::array kCounterparts = {
    Counterpart{"promql/series", "rule/unknown-*"},
    Counterpart{"promql/series", "rule/missing-recording"},
    Counterpart{"promql/rate", "rule/range-too-short"},
    Counterpart{"promql/rate", "rule/rate-of-gauge"},
    Counterpart{"promql/counter", "rule/counter-without-rate"},
    Counterpart{"promql/regexp", "rule/regex-*"},
    Counterpart{"promql/vector_matching", "rule/vector-matching"},
    Counterpart{"promql/impossible", "rule/never-fires"},
    Counterpart{"promql/impossible", "rule/unknown-grouping"},
    Counterpart{"alerts/comparison", "rule/no-comparison"},
    Counterpart{"alerts/comparison", "rule/always-fires"},
    Counterpart{"alerts/template", "rule/template-*"},
    Counterpart{"alerts/template", "rule/value-in-label"},
    Counterpart{"alerts/for", "rule/for-*"},
    Counterpart{"alerts/absent", "rule/absent-*"},
    Counterpart{"alerts/annotation", "rule/missing-*"},
    Counterpart{"rule/duplicate", "rule/duplicate"},
    Counterpart{"rule/label", "rule/missing-severity"},
};

bool id_fits(std::string_view pattern, std::string_view id) {
  if (!pattern.ends_with('*')) return pattern == id;
  return id.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool names_a_check(std::string_view pattern) {
  const auto checks = all_checks();
  return std::any_of(checks.begin(), checks.end(),
                     [&](const Check* check) { return id_fits(pattern, check->id); });
}

}  // namespace

Silences::Silences(std::string file, std::string_view text) : file_(std::move(file)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines_.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (std::size_t i = 0; i < lines_.size(); ++i) read_line(lines_[i], static_cast<int>(i) + 1);
  if (pint_ignores_from_) {
    silences_.push_back(
        {*pint_ignores_from_, 1, {}, *pint_ignores_from_, kEnd, "*", "", true, false, true});
  }
}

void Silences::cover(Silence& silence, int line) const {
  silence.first = line;
  silence.last = line;
  if (line > static_cast<int>(lines_.size())) return;
  const std::size_t outer = indentation(lines_[static_cast<std::size_t>(line) - 1]);
  for (std::size_t next = static_cast<std::size_t>(line); next < lines_.size(); ++next) {
    if (!is_blank(lines_[next]) && indentation(lines_[next]) <= outer) break;
    silence.last = static_cast<int>(next) + 1;
  }
}

void Silences::read_line(std::string_view line, int number) {
  Silence silence;
  silence.line = number;
  silence.text = std::string(line);
  // Comments above one another belong to the line that follows them all.
  int covered = number;
  if (is_comment(line)) {
    while (covered <= static_cast<int>(lines_.size()) &&
           (is_comment(lines_[static_cast<std::size_t>(covered) - 1]) ||
            is_blank(lines_[static_cast<std::size_t>(covered) - 1]))) {
      ++covered;
    }
  }
  for (std::size_t hash = line.find('#'); hash != std::string_view::npos;
       hash = line.find('#', hash + 1)) {
    if (hash > 0 && line[hash - 1] != ' ' && line[hash - 1] != '\t') continue;
    const std::string_view comment = trimmed(line.substr(hash + 1));
    silence.column = static_cast<int>(utf8_length(line.substr(0, hash))) + 1;
    cover(silence, covered);
    constexpr std::string_view kFile = "tocsin:ignore-file";
    constexpr std::string_view kHere = "tocsin:ignore";
    constexpr std::string_view kKnown = "tocsin:known";
    if (comment.starts_with(kFile)) {
      silence.first = 1;
      silence.last = kEnd;
      return read_ids(comment.substr(kFile.size()), silence);
    }
    if (comment.starts_with(kHere)) return read_ids(comment.substr(kHere.size()), silence);
    if (comment.starts_with(kKnown)) {
      silence.known = true;
      return read_ids(comment.substr(kKnown.size()), silence);
    }
    if (comment.starts_with("pint ")) return read_pint(comment.substr(5), silence);
  }
}

void Silences::read_ids(std::string_view text, Silence silence) {
  const std::size_t colon = text.find(':');
  silence.reason = colon == std::string_view::npos ? "" : trimmed(text.substr(colon + 1));
  std::string_view ids = text.substr(0, colon);
  bool any = false;
  while (!(ids = trimmed(ids)).empty()) {
    const std::size_t end = std::min(ids.find_first_of(", \t"), ids.size());
    silence.id = std::string(ids.substr(0, end));
    if (!silence.id.empty()) silences_.push_back(silence);
    any = any || !silence.id.empty();
    ids.remove_prefix(std::min(end + 1, ids.size()));
  }
  if (!any) {
    silence.id = "";
    silences_.push_back(silence);
  }
}

void Silences::read_pint(std::string_view text, Silence silence) {
  silence.foreign = true;
  const auto word_of = [](std::string_view& rest) {
    rest = trimmed(rest);
    const std::size_t end = std::min(rest.find_first_of(" ("), rest.size());
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(end);
    return word;
  };
  const std::string_view command = word_of(text);
  const auto ignore = [&](int first, int last) {
    silence.id = "*";
    silence.first = first;
    silence.last = last;
    silences_.push_back(silence);
  };
  if (command == "ignore/file") return ignore(1, kEnd);
  if (command == "ignore/line") return ignore(silence.line, silence.line);
  if (command == "ignore/next-line") return ignore(silence.line + 1, silence.line + 1);
  if (command == "ignore/begin") {
    pint_ignores_from_ = silence.line;
    return;
  }
  if (command == "ignore/end" && pint_ignores_from_) {
    ignore(*pint_ignores_from_, silence.line);
    pint_ignores_from_.reset();
    return;
  }
  if (command.starts_with("file/")) {
    silence.first = 1;
    silence.last = kEnd;
  }
  const bool snooze = command.ends_with("snooze");
  if (!snooze && !command.ends_with("disable")) return;
  if (snooze) word_of(text);  // until when: the comment is believed
  const std::string_view check = word_of(text);
  for (const Counterpart& counterpart : kCounterparts) {
    if (counterpart.pint != check) continue;
    silence.id = std::string(counterpart.ours);
    silences_.push_back(silence);
  }
}

void Silences::mark(Finding& finding) {
  for (Silence& silence : silences_) {
    const int line = finding.place.pos.line;
    if (line < silence.first || line > silence.last || !id_fits(silence.id, finding.check))
      continue;
    silence.used = true;
    if (finding.silenced) continue;
    finding.silenced = silence.reason;
    finding.known = silence.known;
  }
}

std::vector<Finding> Silences::complaints() const {
  std::vector<Finding> found;
  for (const Silence& silence : silences_) {
    if (silence.foreign || (silence.used && names_a_check(silence.id))) continue;
    Finding finding;
    const bool known = names_a_check(silence.id);
    finding.check = known ? "silence/unused" : "silence/unknown-check";
    finding.severity = known ? Severity::kInfo : Severity::kWarning;
    finding.place.pos = {file_, silence.line, silence.column};
    finding.excerpt = silence.text;
    if (known) {
      finding.message = "this comment silences nothing: " + silence.id + " finds nothing here";
      finding.way_out = "remove it";
    } else {
      finding.message = silence.id.empty() ? "this comment names no check"
                                           : "there is no check \"" + silence.id + '"';
      std::vector<std::string> ids;
      for (const Check* check : all_checks()) ids.emplace_back(check->id);
      const std::string nearest = nearest_name(silence.id, ids);
      finding.way_out = nearest.empty() ? "tocsin check --list shows all checks"
                                        : "did you mean " + nearest + "?";
    }
    found.push_back(std::move(finding));
  }
  return found;
}

}  // namespace tocsin::check
