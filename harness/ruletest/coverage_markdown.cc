#include <fmt/format.h>

#include "harness/base/markdown.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

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
          text += fmt::format("- {}: {}: {}\n", markdown_text(to_string(point.pos)),
                              markdown_text(rule.name), markdown_text(missing(point)));
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
    text += table_row("**" + markdown_text(file.path) + "**", file.count());
    for (const RuleGroupCoverage& group : file.groups) {
      text += table_row("group " + markdown_text(group.name), group.count());
      for (const RuleCoverage& rule : group.rules) {
        text += table_row(markdown_text(rule.name), rule.count());
      }
    }
  }
  const std::string open = uncovered(report.coverage);
  if (!open.empty()) text += "\n### Not covered\n\n" + open;
  return text;
}

}  // namespace tocsin::ruletest
