#include <nlohmann/json.hpp>

#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

using nlohmann::ordered_json;

ordered_json place_of(const SourcePos& pos) {
  return {{"file", pos.file}, {"line", pos.line}, {"column", pos.column}};
}

void add_count(ordered_json& object, const CoverageCount& count) {
  object["covered"] = count.covered;
  object["points"] = count.points;
  object["percent"] = count.percent();
}

ordered_json to_json(const CoveragePoint& point) {
  ordered_json object;
  object["kind"] = to_string(point.kind);
  object["covered"] = point.covered;
  if (point.kind == PointKind::kLabel) object["label"] = point.what;
  if (point.kind == PointKind::kSide) {
    object["side"] = point.what;
    object["expr"] = point.text;
  }
  object["place"] = place_of(point.pos);
  if (!point.covered) object["missing"] = missing(point);
  return object;
}

ordered_json to_json(const RuleCoverage& rule) {
  ordered_json object;
  object[rule.kind == rules::Rule::Kind::kRecording ? "record" : "alert"] = rule.name;
  object["place"] = place_of(rule.pos);
  add_count(object, rule.count());
  object["marks"] = ordered_json::array();
  for (const CoveragePoint& point : rule.points) object["marks"].push_back(to_json(point));
  return object;
}

ordered_json to_json(const RuleGroupCoverage& group) {
  ordered_json object;
  object["group"] = group.name;
  object["place"] = place_of(group.pos);
  add_count(object, group.count());
  object["rules"] = ordered_json::array();
  for (const RuleCoverage& rule : group.rules) object["rules"].push_back(to_json(rule));
  return object;
}

ordered_json to_json(const RuleFileCoverage& file) {
  ordered_json object;
  object["file"] = file.path;
  add_count(object, file.count());
  object["groups"] = ordered_json::array();
  for (const RuleGroupCoverage& group : file.groups) object["groups"].push_back(to_json(group));
  return object;
}

}  // namespace

std::string render_coverage_json(const CoverageReport& report, std::string_view tocsin_version) {
  ordered_json object;
  object["schema"] = "tocsin-coverage/1";
  object["tocsin"] = tocsin_version;
  add_count(object, report.coverage.count());
  if (report.minimum) {
    object["minimum_percent"] = *report.minimum;
    object["enough"] = report.enough();
  }
  object["files"] = ordered_json::array();
  for (const RuleFileCoverage& file : report.coverage.files) {
    object["files"].push_back(to_json(file));
  }
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace tocsin::ruletest
