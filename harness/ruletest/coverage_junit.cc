#include <set>
#include <sstream>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "harness/base/utf8.h"
#include "harness/ruletest/coverage_report.h"

namespace tocsin::ruletest {
namespace {

/// XML 1.0 allows few control characters and no invalid UTF-8; printable() leaves none. Nor does it
/// allow U+FFFE and U+FFFF.
void set_attribute(pugi::xml_node node, const char* name, const std::string& value) {
  std::string safe;
  const std::string text = printable(value);
  for (const std::string_view character : utf8_characters(text)) {
    const bool refused = character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
    safe += refused ? std::string_view("?") : character;
  }
  node.append_attribute(name) = safe.c_str();
}

/// Jenkins makes packages of dots.
std::string without_dots(std::string text) {
  for (char& c : text) {
    if (c == '.') c = '_';
  }
  return text;
}

std::string point_name(const RuleCoverage& rule, const CoveragePoint& point) {
  std::string name = rule.name + ": " + std::string(to_string(point.kind));
  if (point.kind == PointKind::kLabel) name += ' ' + point.what;
  if (point.kind == PointKind::kSide) name = rule.name + ": " + point.what + ": " + point.text;
  return name;
}

class CoverageJunit {
 public:
  explicit CoverageJunit(const CoverageReport& report) : report_(report) {}

  std::string render() {
    pugi::xml_document document;
    pugi::xml_node declaration = document.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node root = document.append_child("testsuites");
    root.append_attribute("name") = "tocsin coverage";
    for (const char* attribute : {"tests", "failures", "errors"}) {
      root.append_attribute(attribute) = "0";
    }
    root.append_attribute("time") = "0.000";
    for (const RuleFileCoverage& file : report_.coverage.files) {
      for (const RuleGroupCoverage& group : file.groups) {
        if (!group.rules.empty()) add_suite(root, file, group);
      }
    }
    root.attribute("tests") = tests_;
    root.attribute("failures") = failures_;
    std::ostringstream out;
    document.save(out, "  ");
    return out.str();
  }

 private:
  void add_suite(pugi::xml_node root, const RuleFileCoverage& file,
                 const RuleGroupCoverage& group) {
    const CoverageCount count = group.count();
    const std::size_t open = count.points - count.covered;
    const std::size_t failed = report_.enough() ? 0 : open;
    pugi::xml_node suite = root.append_child("testsuite");
    set_attribute(suite, "name", file.path + ": " + group.name);
    suite.append_attribute("tests") = count.points;
    suite.append_attribute("failures") = failed;
    suite.append_attribute("errors") = "0";
    suite.append_attribute("skipped") = open - failed;
    suite.append_attribute("time") = "0.000";
    tests_ += count.points;
    failures_ += failed;
    const std::string class_name = without_dots(file.path) + '.' + without_dots(group.name);
    for (const RuleCoverage& rule : group.rules) {
      for (const CoveragePoint& point : rule.points) {
        // Readers take class and name as a key.
        const std::string name = point_name(rule, point);
        std::string key = name;
        for (int n = 2; !keys_.emplace(class_name, key).second; ++n) {
          key = fmt::format("{} ({})", name, n);
        }
        add_point(suite, class_name, key, point);
      }
    }
  }

  void add_point(pugi::xml_node suite, const std::string& class_name, const std::string& name,
                 const CoveragePoint& point) const {
    pugi::xml_node test_case = suite.append_child("testcase");
    set_attribute(test_case, "name", name);
    set_attribute(test_case, "classname", class_name);
    test_case.append_attribute("time") = "0.000";
    if (point.covered) return;
    const std::string message = to_string(point.pos) + ": " + missing(point);
    if (report_.enough()) {
      set_attribute(test_case.append_child("skipped"), "message", message);
      return;
    }
    pugi::xml_node failure = test_case.append_child("failure");
    set_attribute(failure, "message", message);
    set_attribute(failure, "type", "coverage");
  }

  const CoverageReport& report_;
  std::set<std::pair<std::string, std::string>> keys_;
  std::size_t tests_ = 0;
  std::size_t failures_ = 0;
};

}  // namespace

std::string render_coverage_junit(const CoverageReport& report) {
  return CoverageJunit(report).render();
}

}  // namespace tocsin::ruletest
