#include <fmt/format.h>

#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

/// Texts of rules must not become markup.
std::string unmarked(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      safe += ' ';
    } else if (c == '<') {
      safe += "&lt;";
    } else if (c == '&') {
      safe += "&amp;";
    } else {
      if (std::string_view("\\`*_[]|#@~>").find(c) != std::string_view::npos) safe += '\\';
      safe += c;
    }
  }
  return safe;
}

std::string table_row(std::string_view what, const CoverageCount& count) {
  return fmt::format("| {} | {} | {} | {} |\n", what, percent_text(count), count.covered,
                     count.points);
}

std::string uncovered(const Coverage& coverage) {
  std::string text;
  for (const RuleFileCoverage& file : coverage.files) {
    for (const RuleGroupCoverage& group : file.groups) {
      for (const RuleCoverage& rule : group.rules) {
        for (const CoveragePoint& point : rule.points) {
          if (point.covered) continue;
          text += fmt::format("- {}: {}: {}\n", unmarked(to_string(point.pos)), unmarked(rule.name),
                              unmarked(missing(point)));
        }
      }
    }
  }
  return text;
}

}  // namespace

std::string render_coverage_markdown(const CoverageReport& report) {
  const CoverageCount all = report.coverage.count();
  std::string text = fmt::format("## Rule coverage: {}\n\n", percent_text(all));
  if (report.minimum) {
    text += fmt::format("At least {}% are demanded: {}.\n\n", *report.minimum,
                        report.enough() ? "met" : "**not met**");
  }
  text += "| rules | coverage | covered | points |\n| --- | --: | --: | --: |\n";
  for (const RuleFileCoverage& file : report.coverage.files) {
    text += table_row("**" + unmarked(file.path) + "**", file.count());
    for (const RuleGroupCoverage& group : file.groups) {
      text += table_row("group " + unmarked(group.name), group.count());
      for (const RuleCoverage& rule : group.rules) {
        text += table_row(unmarked(rule.name), rule.count());
      }
    }
  }
  const std::string open = uncovered(report.coverage);
  if (!open.empty()) text += "\n### Not covered\n\n" + open;
  return text;
}

}  // namespace tocsin::ruletest
