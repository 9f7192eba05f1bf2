#include <nlohmann/json.hpp>

#include "harness/check/report.h"

namespace tocsin::check {
namespace {

using Json = nlohmann::ordered_json;

Json position(const SourcePos& pos) {
  Json out = {{"line", pos.line}, {"column", pos.column}};
  return out;
}

Json finding_json(const Finding& finding) {
  Json out;
  out["check"] = finding.check;
  out["severity"] = to_string(finding.severity);
  out["file"] = finding.place.pos.file;
  out["start"] = position(finding.place.pos);
  if (finding.place.end.line > 0) out["end"] = position(finding.place.end);
  if (!finding.about.empty()) out["about"] = finding.about;
  out["message"] = finding.message;
  if (!finding.way_out.empty()) out["way_out"] = finding.way_out;
  if (!finding.excerpt.empty()) out["excerpt"] = finding.excerpt;
  if (finding.silenced) out[finding.known ? "known" : "silenced"] = *finding.silenced;
  return out;
}

}  // namespace

std::string render_json(const CheckReport& report, std::string_view tocsin_version) {
  const std::size_t errors = report.count(Severity::kError);
  const std::size_t warnings = report.count(Severity::kWarning) - errors;
  Json out;
  out["format"] = "tocsin check";
  out["version"] = 1;
  out["tocsin"] = tocsin_version;
  out["files"] = report.files;
  out["rules"] = report.rules;
  out["counts"] = {{"error", errors},
                   {"warning", warnings},
                   {"info", report.count(Severity::kInfo) - errors - warnings},
                   {"silenced", report.silenced()},
                   {"known", report.known()}};
  out["findings"] = Json::array();
  for (const Finding& finding : report.findings) out["findings"].push_back(finding_json(finding));
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::check
