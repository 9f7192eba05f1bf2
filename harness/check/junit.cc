#include <algorithm>

#include <fmt/format.h>

#include "harness/check/report.h"
#include "harness/junit/document.h"

namespace tocsin::check {
namespace {

junit::Case case_of(const Finding& finding, Severity fails_at) {
  junit::Case out;
  out.class_name = "check." + junit::class_part(finding.place.pos.file);
  out.name = fmt::format("{} {}", finding.check,
                         finding.about.empty() ? to_string(finding.place.pos) : finding.about);
  const bool fails = !finding.silenced && finding.severity >= fails_at;
  out.outcome = fails ? junit::Outcome::kFailed : junit::Outcome::kSkipped;
  out.message = fmt::format("{}: {}", to_string(finding.place.pos), finding.message);
  out.type = std::string(to_string(finding.severity));
  out.text = finding.way_out;
  return out;
}

}  // namespace

std::string render_junit(const CheckReport& report, Severity fails_at) {
  junit::Document document;
  document.name = "tocsin check";
  std::vector<std::string> files = report.files;
  for (const Finding& finding : report.findings) {
    const std::string& file = finding.place.pos.file;
    if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(file);
  }
  for (const std::string& file : files) {
    junit::Suite suite;
    suite.name = file;
    for (const Finding& finding : report.findings) {
      if (finding.place.pos.file == file) suite.cases.push_back(case_of(finding, fails_at));
    }
    if (suite.cases.empty()) {
      junit::Case clean;
      clean.class_name = "check." + junit::class_part(file);
      clean.name = "nothing found";
      suite.cases.push_back(std::move(clean));
    }
    document.suites.push_back(std::move(suite));
  }
  return junit::render(document);
}

}  // namespace tocsin::check
