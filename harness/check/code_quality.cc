#include <algorithm>

#include <nlohmann/json.hpp>

#include "harness/check/fingerprint.h"
#include "harness/check/report.h"

/// GitLab's Code Quality report: the part of the Code Climate format that GitLab reads.

namespace tocsin::check {
namespace {

using Json = nlohmann::ordered_json;

std::string_view code_quality_severity(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "info";
    case Severity::kWarning:
      return "major";
    case Severity::kError:
      break;
  }
  return "critical";
}

Json code_quality_issue(const Finding& finding, Fingerprints& fingerprints) {
  std::string description = finding.about.empty() ? "" : finding.about + ": ";
  description += finding.message;
  if (!finding.way_out.empty()) description += " " + finding.way_out;
  Json out;
  out["type"] = "issue";
  out["description"] = description;
  out["check_name"] = finding.check;
  out["fingerprint"] = fingerprints.next(finding);
  out["severity"] = code_quality_severity(finding.severity);
  out["location"] = {{"path", path_in_repository(finding.place.pos.file)},
                     {"lines", {{"begin", std::max(finding.place.pos.line, 1)}}}};
  return out;
}

}  // namespace

std::string render_code_quality(const CheckReport& report, Severity least) {
  Fingerprints fingerprints;
  Json out = Json::array();
  for (const Finding& finding : report.findings) {
    if (finding.severity < least || finding.silenced) continue;
    out.push_back(code_quality_issue(finding, fingerprints));
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::check
