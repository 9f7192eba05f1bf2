#include "harness/ruletest/mutation_text.h"

#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/utf8.h"
#include "harness/junit/document.h"

namespace tocsin::ruletest {
namespace {

using nlohmann::ordered_json;

std::string words_for(const MutantResult& mutant) {
  return words_of(mutant.what, mutant.before, mutant.after);
}

/// What a verdict is called at the beginning of a line, all equally wide, and its colour.
struct VerdictLabel {
  std::string_view text;
  std::string_view colour;
};

VerdictLabel label_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kKilled:
      return {"killed  ", "\x1b[32m"};
    case Verdict::kSurvived:
      return {"SURVIVED", "\x1b[31m"};
    case Verdict::kSame:
      return {"same    ", ""};
    case Verdict::kUnreached:
    case Verdict::kNotRun:
      break;
  }
  return {"not run ", ""};
}

std::string mutant_line(const RuleResult& rule, const MutantResult& mutant, bool colour) {
  const VerdictLabel label = label_of(mutant.verdict);
  std::string line(label.text);
  if (colour && !label.colour.empty()) line = std::string(label.colour) + line + "\x1b[0m";
  line += fmt::format("  {}: {}: {}", printable(to_string(mutant.pos)), printable(rule.name),
                      printable(words_for(mutant)));
  if (!mutant.by.empty()) line += fmt::format(" (by {})", printable(mutant.by));
  return line + '\n';
}

std::string quantity(std::size_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string left_out_line(const RuleResult& rule) {
  return fmt::format("left out  {}: {}: {} of this long expression\n",
                     printable(to_string(rule.pos)), printable(rule.name),
                     quantity(rule.left_out, "more change"));
}

/// Rounded down, so that 100 is all of them.
std::string percent(double score) {
  return fmt::format("{:.1f}%", std::floor(score * 10 + 1e-9) / 10);
}

std::string score_text(const MutationCounts& counts) {
  return counts.judged() == 0 ? "no score" : "score " + percent(counts.score());
}

std::string counted(const MutationCounts& counts) {
  std::string text = fmt::format("{} killed, {} survived", counts.killed, counts.survived);
  if (counts.same > 0) text += fmt::format(", {} that no test data tells apart", counts.same);
  if (counts.unreached > 0) {
    text += fmt::format(", {} of rules that no test reaches", counts.unreached);
  }
  if (counts.not_run > 0) text += fmt::format(", {} not run", counts.not_run);
  return text;
}

ordered_json mutant_json(const MutantResult& mutant) {
  ordered_json json;
  json["verdict"] = to_string(mutant.verdict);
  json["change"] = mutant.what;
  json["before"] = mutant.before;
  json["after"] = mutant.after;
  if (!mutant.expression.empty()) json["expression"] = mutant.expression;
  json["line"] = mutant.pos.line;
  json["column"] = mutant.pos.column;
  if (!mutant.by.empty()) json["killed_by"] = mutant.by;
  return json;
}

ordered_json counts_json(const MutationCounts& counts) {
  ordered_json json;
  json["killed"] = counts.killed;
  json["survived"] = counts.survived;
  json["same"] = counts.same;
  json["unreached"] = counts.unreached;
  json["not_run"] = counts.not_run;
  return json;
}

junit::Case mutant_case(const RuleResult& rule, const MutantResult& mutant) {
  junit::Case result;
  result.class_name = junit::class_part(rule.file) + '.' + junit::class_part(rule.name);
  result.name = fmt::format("{}:{}: {}", mutant.pos.line, mutant.pos.column, words_for(mutant));
  if (mutant.verdict == Verdict::kKilled) return result;
  if (mutant.verdict == Verdict::kSurvived) {
    result.outcome = junit::Outcome::kFailed;
    result.message = to_string(mutant.pos) + ": no test notices: " + words_for(mutant);
    result.type = "survivor";
    return result;
  }
  result.outcome = junit::Outcome::kSkipped;
  result.message = mutant.verdict == Verdict::kSame        ? "no test data tells it apart"
                   : mutant.verdict == Verdict::kUnreached ? "no test reaches the rule"
                                                           : "not run";
  return result;
}

}  // namespace

std::string render_mutation_text(const std::vector<RuleResult>& rules,
                                 const MutationTextOptions& options) {
  std::string text;
  std::vector<std::string> order;
  std::map<std::string, MutationCounts> files;
  for (const RuleResult& rule : rules) {
    if (files.count(rule.file) == 0) order.push_back(rule.file);
    MutationCounts& counts = files[rule.file];
    if (rule.tests.empty()) {
      text += fmt::format("no test   {}: {}: no test reaches this rule ({})\n",
                          printable(to_string(rule.pos)), printable(rule.name),
                          quantity(rule.mutants.size(), "mutant"));
    }
    if (rule.left_out > 0) text += left_out_line(rule);
    for (const MutantResult& mutant : rule.mutants) {
      counts.add(mutant.verdict);
      if (mutant.verdict == Verdict::kUnreached) continue;
      if (mutant.verdict != Verdict::kSurvived && !options.every_mutant) continue;
      text += mutant_line(rule, mutant, options.colour);
    }
  }
  if (files.size() > 1) {
    for (const std::string& file : order) {
      text += fmt::format("{}: {}: {}\n", printable(file), score_text(files[file]),
                          counted(files[file]));
    }
  }
  const MutationCounts all = count(rules);
  return text + fmt::format("{}: {}\n", score_text(all), counted(all));
}

std::string render_mutation_list(const std::vector<RuleResult>& rules) {
  std::string text;
  std::size_t mutants = 0;
  for (const RuleResult& rule : rules) {
    for (const MutantResult& mutant : rule.mutants) {
      text += fmt::format("{}: {}: {}\n", printable(to_string(mutant.pos)), printable(rule.name),
                          printable(words_for(mutant)));
    }
    if (rule.left_out > 0) text += left_out_line(rule);
    mutants += rule.mutants.size();
  }
  return text +
         fmt::format("{} of {}\n", quantity(mutants, "mutant"), quantity(rules.size(), "rule"));
}

std::string render_mutation_json(const std::vector<RuleResult>& rules) {
  const MutationCounts all = count(rules);
  ordered_json json;
  json["score_percent"] = all.judged() == 0 ? ordered_json() : ordered_json(all.score());
  json["mutants"] = counts_json(all);
  json["rules"] = ordered_json::array();
  for (const RuleResult& rule : rules) {
    ordered_json one;
    one["file"] = rule.file;
    one["line"] = rule.pos.line;
    one["group"] = rule.group;
    one["rule"] = rule.name;
    one["tests"] = rule.tests;
    if (rule.left_out > 0) one["left_out"] = rule.left_out;
    one["mutants"] = ordered_json::array();
    for (const MutantResult& mutant : rule.mutants) one["mutants"].push_back(mutant_json(mutant));
    json["rules"].push_back(std::move(one));
  }
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

std::string render_mutation_junit(const std::vector<RuleResult>& rules) {
  junit::Document document;
  document.name = "tocsin mutate";
  for (const RuleResult& rule : rules) {
    if (rule.mutants.empty()) continue;
    junit::Suite suite;
    suite.name = to_string(rule.pos) + ": " + rule.name;
    for (const MutantResult& mutant : rule.mutants) {
      suite.cases.push_back(mutant_case(rule, mutant));
    }
    document.suites.push_back(std::move(suite));
  }
  return junit::render(document);
}

}  // namespace tocsin::ruletest
