#include <nlohmann/json.hpp>

#include "harness/ruletest/result_report.h"

namespace tocsin::ruletest {
namespace {

using Json = nlohmann::ordered_json;

Json optional_text(const std::optional<std::string>& text) {
  return text ? Json(*text) : Json();
}

std::string_view outcome_name(CaseResult::Outcome outcome) {
  switch (outcome) {
    case CaseResult::Outcome::kPassed:
      return "passed";
    case CaseResult::Outcome::kFailed:
      return "failed";
    case CaseResult::Outcome::kNotRun:
      break;
  }
  return "not run";
}

Json case_json(const CaseResult& result) {
  Json json;
  json["name"] = result.name;
  json["line"] = result.pos.line;
  json["column"] = result.pos.column;
  json["outcome"] = outcome_name(result.outcome);
  if (!result.reason.empty()) json["reason"] = result.reason;
  for (const Comparison& comparison : result.comparisons) {
    Json one;
    one["title"] = comparison.title;
    one["rows"] = Json::array();
    for (const Row& row : comparison.rows) {
      one["rows"].push_back({{"name", row.name},
                             {"expected", optional_text(row.expected)},
                             {"got", optional_text(row.got)},
                             {"same", row.same}});
    }
    json["comparisons"].push_back(std::move(one));
  }
  return json;
}

Json file_json(const FileReport& file) {
  Json json;
  json["file"] = file.path;
  if (!file.refusal.empty()) json["refused"] = file.refusal;
  json["complaints"] = file.complaints;
  json["tests"] = Json::array();
  for (const GroupResult& group : file.results) {
    Json test;
    test["name"] = group.name;
    test["line"] = group.pos.line;
    test["passed"] = group.passed();
    test["failed"] = group.failed();
    test["broken_rules"] = Json::array();
    for (const Error& failure : group.failures) test["broken_rules"].push_back(to_string(failure));
    test["cases"] = Json::array();
    for (const CaseResult& result : group.cases) test["cases"].push_back(case_json(result));
    json["tests"].push_back(std::move(test));
  }
  return json;
}

}  // namespace

std::string render_results_json(std::span<const FileReport> files,
                                std::string_view tocsin_version) {
  Json json;
  json["schema"] = "tocsin-rule-tests/1";
  json["tocsin"] = tocsin_version;
  std::size_t passed = 0;
  std::size_t failed = 0;
  for (const FileReport& file : files) {
    for (const GroupResult& group : file.results) {
      passed += group.passed();
      failed += group.failed();
    }
  }
  json["passed"] = passed;
  json["failed"] = failed;
  json["files"] = Json::array();
  for (const FileReport& file : files) json["files"].push_back(file_json(file));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::ruletest
