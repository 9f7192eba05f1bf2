#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/check/fingerprint.h"
#include "harness/check/report.h"

/// SARIF 2.1.0 (OASIS, 2020), with what GitHub's code scanning asks for: relative URIs, a region, a
/// fingerprint that survives moved lines, and help for every rule.

namespace tocsin::check {
namespace {

using Json = nlohmann::ordered_json;

std::string_view level_of(Severity severity) {
  return severity == Severity::kInfo ? "note" : to_string(severity);
}

/// By these two GitHub decides what it shows first.
std::string_view precision_of(Severity severity) {
  return severity == Severity::kInfo ? "medium" : "high";
}
std::string_view problem_severity_of(Severity severity) {
  return severity == Severity::kInfo ? "recommendation" : to_string(severity);
}

/// Percent-encoded where a URI needs it.
std::string uri_of(const std::string& path) {
  std::string uri;
  for (const char c : path_in_repository(path)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || c == '-' || c == '.' || c == '_' ||
                       c == '~' || c == '/';
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

Json rule_json(const Check& check) {
  Json out;
  out["id"] = check.id;
  out["name"] = check.id;
  out["shortDescription"] = {{"text", check.title}};
  out["fullDescription"] = {{"text", check.why}};
  out["help"] = {{"text", fmt::format("{} {}", check.why, check.way_out)},
                 {"markdown", fmt::format("{}\n\n**What to do:** {}", check.why, check.way_out)}};
  out["defaultConfiguration"] = {{"level", level_of(check.severity)}};
  out["properties"] = {{"tags", {"monitoring", "prometheus"}},
                       {"precision", precision_of(check.severity)},
                       {"problem.severity", problem_severity_of(check.severity)}};
  return out;
}

/// GitHub wants all four; what has no end is one character.
Json region_of(const Place& place) {
  const int line = std::max(place.pos.line, 1);
  const int column = std::max(place.pos.column, 1);
  Json region;
  region["startLine"] = line;
  region["startColumn"] = column;
  const bool ends = place.end.line > line || (place.end.line == line && place.end.column > column);
  region["endLine"] = ends ? place.end.line : line;
  region["endColumn"] = ends ? std::max(place.end.column, 1) : column + 1;
  return region;
}

class SarifResults {
 public:
  Json add(const Finding& finding, std::size_t rule_index) {
    Json out;
    out["ruleId"] = finding.check;
    out["ruleIndex"] = rule_index;
    out["level"] = level_of(finding.severity);
    std::string message = finding.about.empty() ? "" : finding.about + ": ";
    message += finding.message;
    if (!finding.way_out.empty()) message += "\n" + finding.way_out;
    out["message"] = {{"text", message}};
    out["locations"] = {{{"physicalLocation",
                          {{"artifactLocation",
                            {{"uri", uri_of(finding.place.pos.file)}, {"uriBaseId", "%SRCROOT%"}}},
                           {"region", region_of(finding.place)}}}}};
    // The only name that GitHub heeds.
    out["partialFingerprints"] = {{"primaryLocationLineHash", fingerprints_.next(finding)}};
    if (finding.silenced) {
      out["suppressions"] = {{{"kind", "inSource"}, {"justification", *finding.silenced}}};
    }
    return out;
  }

 private:
  Fingerprints fingerprints_;
};

}  // namespace

std::string render_sarif(const CheckReport& report, std::string_view tocsin_version,
                         Severity least) {
  Json driver;
  driver["name"] = "tocsin check";
  driver["semanticVersion"] = tocsin_version;
  driver["rules"] = Json::array();
  std::map<std::string_view, std::size_t> index;
  for (const Check* check : all_checks()) {
    index.emplace(check->id, index.size());
    driver["rules"].push_back(rule_json(*check));
  }
  SarifResults results;
  Json all = Json::array();
  for (const Finding& finding : report.findings) {
    if (finding.severity >= least) all.push_back(results.add(finding, index.at(finding.check)));
  }
  Json run;
  run["tool"] = {{"driver", driver}};
  run["columnKind"] = "unicodeCodePoints";
  run["results"] = all;
  Json out;
  out["$schema"] = "https://json.schemastore.org/sarif-2.1.0.json";
  out["version"] = "2.1.0";
  out["runs"] = Json::array({run});
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::check
