#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

std::string count_text(const CoverageCount& count) {
  if (count.points == 0) return "nothing to cover";
  return fmt::format("{} ({} of {})", percent_text(count), count.covered, count.points);
}

std::string coloured(std::string_view text, bool good, bool colour) {
  if (!colour) return std::string(text);
  return fmt::format("{}{}\x1b[0m", good ? "\x1b[32m" : "\x1b[31m", text);
}

/// "fires, silent, for, sides 1/2, labels 2/2"; what was not seen with "not" before it.
std::string marks_text(const RuleCoverage& rule) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  CoverageCount sides;
  CoverageCount labels;
  for (const CoveragePoint& point : rule.points) {
    const CoverageCount one{point.covered ? 1U : 0U, 1};
    if (point.kind == PointKind::kSide) {
      sides += one;
    } else if (point.kind == PointKind::kLabel) {
      labels += one;
    } else {
      add((point.covered ? "" : "not ") + std::string(to_string(point.kind)));
    }
  }
  if (sides.points > 0) add(fmt::format("sides {}/{}", sides.covered, sides.points));
  if (labels.points > 0) add(fmt::format("labels {}/{}", labels.covered, labels.points));
  return text;
}

std::string rule_text(const RuleCoverage& rule, bool colour) {
  const CoverageCount count = rule.count();
  const bool full = count.covered == count.points;
  const bool recording = rule.kind == rules::Rule::Kind::kRecording;
  std::string text =
      fmt::format("    {} {}: {}: {}\n", recording ? "record" : "alert", printable(rule.name),
                  coloured(percent_text(count), full, colour), marks_text(rule));
  for (const CoveragePoint& point : rule.points) {
    if (point.covered) continue;
    text +=
        fmt::format("      {}: {}\n", printable(to_string(point.pos)), printable(missing(point)));
  }
  return text;
}

}  // namespace

bool CoverageReport::enough() const {
  if (!minimum) return true;
  const CoverageCount count = coverage.count();
  return count.points > 0 && count.percent() >= *minimum;
}

std::string render_coverage_text(const CoverageReport& report, bool colour) {
  std::string text;
  for (const RuleFileCoverage& file : report.coverage.files) {
    text += fmt::format("coverage of {}: {}\n", printable(file.path), count_text(file.count()));
    for (const RuleGroupCoverage& group : file.groups) {
      text += fmt::format("  group {}: {}\n", printable(group.name), count_text(group.count()));
      for (const RuleCoverage& rule : group.rules) text += rule_text(rule, colour);
    }
  }
  return text + fmt::format("coverage: {}\n", count_text(report.coverage.count()));
}

}  // namespace tocsin::ruletest
