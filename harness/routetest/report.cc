#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/junit/document.h"
#include "harness/routetest/run.h"

namespace tocsin::routetest {
namespace {

using Outcome = CaseResult::Outcome;

/// Every line behind six blanks.
std::string indented_note(std::string_view note) {
  std::string out;
  while (!note.empty()) {
    const std::string_view line = note.substr(0, note.find('\n'));
    out += "      " + printable(line) + '\n';
    note.remove_prefix(std::min(line.size() + 1, note.size()));
  }
  return out;
}

junit::Case junit_case(const CaseResult& result, const std::string& class_name) {
  junit::Case one;
  one.class_name = class_name;
  one.name = result.name;
  if (result.outcome == Outcome::kPassed) return one;
  one.outcome =
      result.outcome == Outcome::kFailed ? junit::Outcome::kFailed : junit::Outcome::kSkipped;
  one.message =
      result.notes.empty() ? "" : result.notes.front().substr(0, result.notes.front().find('\n'));
  one.type = "case";
  for (const std::string& note : result.notes) one.text += note + '\n';
  return one;
}

}  // namespace

std::string render_text(const FileResult& file, bool verbose) {
  const std::size_t failed = file.count(Outcome::kFailed);
  const std::size_t skipped = file.count(Outcome::kSkipped);
  std::string out = fmt::format("{}  {}: ", failed == 0 ? "PASS" : "FAIL", printable(file.path));
  out += fmt::format("{} passed, {} failed", file.count(Outcome::kPassed), failed);
  if (skipped > 0) out += fmt::format(", {} skipped", skipped);
  out += '\n';
  for (const CaseResult& result : file.cases) {
    if (result.outcome == Outcome::kPassed) {
      if (verbose) out += fmt::format("  pass  {}\n", printable(result.name));
    } else if (result.outcome == Outcome::kSkipped) {
      out +=
          fmt::format("  skip  {}: {}\n", printable(result.name), printable(result.notes.front()));
    } else {
      out += fmt::format("  FAIL  {}\n", printable(result.name));
      for (const std::string& note : result.notes) out += indented_note(note);
    }
  }
  return out;
}

std::string render_junit(std::span<const FileResult> files, Nanos took) {
  junit::Document document;
  document.name = "tocsin test routes";
  document.took = took;
  for (const FileResult& file : files) {
    junit::Suite suite;
    suite.name = file.path;
    const std::string class_name = junit::class_part(file.path);
    if (!file.refusal.empty()) {
      suite.cases.push_back({class_name, "input", junit::Outcome::kError,
                             file.refusal.substr(0, file.refusal.find('\n')), "refused",
                             file.refusal});
    }
    for (const CaseResult& result : file.cases) {
      suite.cases.push_back(junit_case(result, class_name));
    }
    document.suites.push_back(std::move(suite));
  }
  return junit::render(document);
}

}  // namespace tocsin::routetest
