#include "harness/junit/document.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

std::string point_name(const RuleCoverage& rule, const CoveragePoint& point) {
  std::string name = rule.name + ": " + std::string(to_string(point.kind));
  if (point.kind == PointKind::kLabel) name += ' ' + point.what;
  if (point.kind == PointKind::kSide) name = rule.name + ": " + point.what + ": " + point.text;
  return name;
}

junit::Suite coverage_suite(const RuleFileCoverage& file, const RuleGroupCoverage& group,
                            junit::Outcome not_covered) {
  junit::Suite suite;
  suite.name = file.path + ": " + group.name;
  const std::string class_name = junit::class_part(file.path) + '.' + junit::class_part(group.name);
  for (const RuleCoverage& rule : group.rules) {
    for (const CoveragePoint& point : rule.points) {
      junit::Case one{class_name, point_name(rule, point)};
      if (!point.covered) {
        one.outcome = not_covered;
        one.message = to_string(point.pos) + ": " + missing(point);
        one.type = "coverage";
      }
      suite.cases.push_back(std::move(one));
    }
  }
  return suite;
}

}  // namespace

std::string render_coverage_junit(const CoverageReport& report) {
  junit::Document document;
  document.name = "tocsin coverage";
  const auto not_covered = report.enough() ? junit::Outcome::kSkipped : junit::Outcome::kFailed;
  for (const RuleFileCoverage& file : report.coverage.files) {
    for (const RuleGroupCoverage& group : file.groups) {
      if (group.rules.empty()) continue;
      document.suites.push_back(coverage_suite(file, group, not_covered));
    }
  }
  return junit::render(document);
}

}  // namespace tocsin::ruletest
