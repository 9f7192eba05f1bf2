#include "harness/ruletest/mutants.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/ruletest/expression_edits.h"

namespace tocsin::ruletest {
namespace {

/// How much of an expression is shown, in characters.
constexpr std::size_t kShownBefore = 28;
constexpr std::size_t kShownBehind = 16;
constexpr std::size_t kShownChangeBegin = 36;
constexpr std::size_t kShownChangeEnd = 20;

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!blank) line += c;
    if (blank && (line.empty() || line.back() != ' ')) line += ' ';
  }
  return line;
}

std::string characters_of(const std::vector<std::string_view>& characters, std::size_t begin,
                          std::size_t end) {
  std::string text;
  for (std::size_t i = begin; i < end; ++i) text += characters[i];
  return text;
}

std::string first_characters(const std::string& text, std::size_t count) {
  const auto characters = utf8_characters(text);
  if (characters.size() <= count) return text;
  return characters_of(characters, 0, count) + "…";
}

std::string last_characters(const std::string& text, std::size_t count) {
  const auto characters = utf8_characters(text);
  if (characters.size() <= count) return text;
  return "…" + characters_of(characters, characters.size() - count, characters.size());
}

std::string both_ends(const std::string& text) {
  const auto characters = utf8_characters(text);
  const std::size_t count = characters.size();
  if (count <= kShownChangeBegin + kShownChangeEnd) return text;
  return characters_of(characters, 0, kShownChangeBegin) + "…" +
         characters_of(characters, count - kShownChangeEnd, count);
}

/// A part of the text and a little of what stands around it.
std::string excerpt(std::string_view text, std::size_t begin, std::size_t end) {
  std::string shown = last_characters(on_one_line(text.substr(0, begin)), kShownBefore);
  shown += both_ends(on_one_line(text.substr(begin, end - begin)));
  shown += first_characters(on_one_line(text.substr(end)), kShownBehind);
  shown = on_one_line(shown);
  const std::size_t first = shown.find_first_not_of(' ');
  const std::size_t last = shown.find_last_not_of(' ');
  return first == std::string::npos ? "" : shown.substr(first, last - first + 1);
}

std::string other_severity(const std::string& now) {
  return now == "critical" || now == "page" ? "warning" : "critical";
}

rules::Rule copy_all_but_expression(const rules::Rule& rule) {
  rules::Rule copy;
  copy.kind = rule.kind;
  copy.name = rule.name;
  copy.pos = rule.pos;
  copy.expression_pos = rule.expression_pos;
  copy.expression_map = rule.expression_map;
  copy.hold = rule.hold;
  copy.hold_pos = rule.hold_pos;
  copy.keep_firing_for = rule.keep_firing_for;
  copy.keep_firing_for_pos = rule.keep_firing_for_pos;
  copy.labels = rule.labels;
  copy.annotations = rule.annotations;
  return copy;
}

class MutantMaker {
 public:
  explicit MutantMaker(const rules::Rule& rule) : rule_(rule) {}

  Mutants make() {
    change_expression();
    change_duration("for", &rules::Rule::hold, rule_.hold_pos);
    change_duration("keep_firing_for", &rules::Rule::keep_firing_for, rule_.keep_firing_for_pos);
    change_labels();
    return {std::move(mutants_), left_out_};
  }

 private:
  void change_expression() {
    const std::string& text = rule_.expression.text;
    std::set<std::string> known{promql::print(*rule_.expression.root)};
    std::size_t left = std::max(kFewMutants, kMostMutantText / (text.size() + 1));
    for (const Edit& edit : edits_of(rule_.expression)) {
      if (left == 0) {
        ++left_out_;
        continue;
      }
      --left;
      const std::string changed = edited(text, edit);
      Result<promql::Expression> parsed =
          promql::parse_expression(changed, rule_.expression.language);
      if (parsed.has_error() || parsed->root->type != rule_.expression.root->type) continue;
      if (!known.insert(promql::print(*parsed->root)).second) continue;
      Mutant mutant;
      mutant.what = edit.what;
      mutant.before = excerpt(text, edit.range.begin, edit.range.end);
      mutant.after = excerpt(changed, edit.range.begin, edit.range.begin + edit.replacement.size());
      mutant.pos = rule_.expression_map.at(std::size_t{edit.range.begin});
      mutant.rule = copy_all_but_expression(rule_);
      mutant.rule.expression = std::move(*parsed);
      mutants_.push_back(std::move(mutant));
    }
  }

  void change_duration(std::string_view key, Duration rules::Rule::*member, const SourcePos& pos) {
    const Duration now = rule_.*member;
    if (now == Duration(0)) return;
    const auto add = [&](std::string_view what, Duration value) {
      Mutant mutant;
      mutant.what = fmt::format("{} {}", key, what);
      mutant.before = fmt::format("{}: {}", key, format_duration(now));
      if (value != Duration(0)) mutant.after = fmt::format("{}: {}", key, format_duration(value));
      mutant.pos = pos;
      mutant.rule = copy_of(rule_);
      mutant.rule.*member = value;
      mutants_.push_back(std::move(mutant));
    };
    if (now < Duration::max() / 4) add("longer", now * 2);
    if (now.count() >= 2) add("shorter", now / 2);
    add("gone", Duration(0));
  }

  void change_labels() {
    for (std::size_t i = 0; i < rule_.labels.size(); ++i) {
      const auto& [name, value] = rule_.labels[i];
      Mutant mutant;
      mutant.before = fmt::format("{}: {}", name, on_one_line(value.text));
      mutant.pos = value.pos;
      mutant.rule = copy_of(rule_);
      if (name == "severity") {
        const std::string other = other_severity(value.text);
        mutant.what = "severity changed";
        mutant.after = fmt::format("{}: {}", name, other);
        mutant.rule.labels[i].second.text = other;
      } else {
        mutant.what = "label dropped";
        mutant.rule.labels.erase(mutant.rule.labels.begin() + static_cast<std::ptrdiff_t>(i));
      }
      mutants_.push_back(std::move(mutant));
    }
  }

  const rules::Rule& rule_;
  std::vector<Mutant> mutants_;
  std::size_t left_out_ = 0;
};

}  // namespace

Mutants mutants_of(const rules::Rule& rule) {
  return MutantMaker(rule).make();
}

std::string words_of(const std::string& what, const std::string& before, const std::string& after) {
  if (after.empty()) return fmt::format("{}: without `{}`", what, before);
  return fmt::format("{}: `{}` became `{}`", what, before, after);
}

rules::Rule copy_of(const rules::Rule& rule) {
  rules::Rule copy = copy_all_but_expression(rule);
  copy.expression =
      promql::parse_expression(rule.expression.text, rule.expression.language).value();
  return copy;
}

std::vector<rules::RuleFile> copies_of(const std::vector<rules::RuleFile>& files) {
  std::vector<rules::RuleFile> copies;
  for (const rules::RuleFile& file : files) {
    rules::RuleFile copy;
    copy.path = file.path;
    for (const rules::RuleGroup& group : file.groups) {
      rules::RuleGroup& made = copy.groups.emplace_back();
      made.name = group.name;
      made.pos = group.pos;
      made.interval = group.interval;
      made.query_offset = group.query_offset;
      made.limit = group.limit;
      made.labels = group.labels;
      for (const rules::Rule& rule : group.rules) made.rules.push_back(copy_of(rule));
    }
    copies.push_back(std::move(copy));
  }
  return copies;
}

}  // namespace tocsin::ruletest
