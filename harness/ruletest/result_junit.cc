#include "harness/junit/document.h"
#include "harness/ruletest/result_report.h"
#include "harness/ruletest/text.h"

namespace tocsin::ruletest {
namespace {

junit::Case result_case(const CaseResult& result) {
  junit::Case one;
  one.name = result.name;
  if (result.outcome == CaseResult::Outcome::kPassed) return one;
  one.outcome = junit::Outcome::kFailed;
  one.message = to_string(result.pos) + ": " + result.reason;
  one.type = result.outcome == CaseResult::Outcome::kFailed ? "case" : "not run";
  one.text = render_details(result, false);
  return one;
}

junit::Case broken_rule_case(const Error& failure) {
  junit::Case one;
  one.name = "rules can be evaluated";
  one.outcome = junit::Outcome::kFailed;
  one.message = to_string(failure);
  one.type = "rule";
  one.text = render(failure);
  return one;
}

junit::Suite result_suite(const FileReport& file) {
  junit::Suite suite;
  suite.name = file.path;
  const std::string file_class = junit::class_part(file.path);
  const auto add = [&](junit::Case one, std::string class_name) {
    one.class_name = std::move(class_name);
    suite.cases.push_back(std::move(one));
  };
  if (!file.refusal.empty()) {
    const std::string first_line = file.refusal.substr(0, file.refusal.find('\n'));
    add({{}, "input", junit::Outcome::kError, first_line, "refused", file.refusal}, file_class);
  }
  for (const std::string& complaint : file.complaints) {
    add({{}, "warnings", junit::Outcome::kFailed, complaint, "warning"}, file_class);
  }
  for (const GroupResult& group : file.results) {
    const std::string class_name = file_class + '.' + junit::class_part(group.name);
    for (const Error& failure : group.failures) add(broken_rule_case(failure), class_name);
    for (const CaseResult& result : group.cases) add(result_case(result), class_name);
  }
  return suite;
}

}  // namespace

std::string render_results_junit(std::span<const FileReport> files, Nanos took) {
  junit::Document document;
  document.name = "tocsin test rules";
  document.took = took;
  for (const FileReport& file : files) document.suites.push_back(result_suite(file));
  return junit::render(document);
}

}  // namespace tocsin::ruletest
