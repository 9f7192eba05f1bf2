#include "harness/junit/document.h"

#include <algorithm>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "harness/base/utf8.h"

namespace tocsin::junit {
namespace {

/// XML 1.0 allows no control characters but tab and newlines, and no invalid UTF-8.
std::string xml_text(std::string_view text) {
  std::string safe;
  for (const std::string_view character : utf8_characters(text)) {
    const auto byte = static_cast<unsigned char>(character.front());
    const bool control = byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
    const bool invalid = character.size() == 1 && byte >= 0x80;
    const bool not_a_character = character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF";
    safe += control || invalid || not_a_character ? std::string_view("?") : character;
  }
  return safe;
}

/// Jenkins' schema takes three decimals at most.
std::string seconds(Nanos d) {
  return fmt::format("{:.3f}", to_seconds(d));
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name) = xml_text(value).c_str();
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;

  void add(const Suite& suite) {
    const auto count = [&](Outcome outcome) {
      return static_cast<std::size_t>(
          std::count_if(suite.cases.begin(), suite.cases.end(),
                        [&](const Case& one) { return one.outcome == outcome; }));
    };
    tests += suite.cases.size();
    failures += count(Outcome::kFailed);
    errors += count(Outcome::kError);
    skipped += count(Outcome::kSkipped);
  }
};

class Renderer {
 public:
  std::string render(const Document& document) {
    pugi::xml_document xml;
    pugi::xml_node declaration = xml.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    pugi::xml_node root = xml.append_child("testsuites");
    set(root, "name", document.name);
    Counts counts;
    for (const Suite& suite : document.suites) counts.add(suite);
    set_counts(root, counts);
    set(root, "time", seconds(document.took));
    for (const Suite& suite : document.suites) add_suite(root, suite);
    std::ostringstream out;
    xml.save(out, "  ");
    return out.str();
  }

 private:
  static void set_counts(pugi::xml_node node, const Counts& counts) {
    node.append_attribute("tests") = counts.tests;
    node.append_attribute("failures") = counts.failures;
    node.append_attribute("errors") = counts.errors;
  }

  void add_suite(pugi::xml_node root, const Suite& suite) {
    pugi::xml_node node = root.append_child("testsuite");
    set(node, "name", suite.name);
    Counts counts;
    counts.add(suite);
    set_counts(node, counts);
    node.append_attribute("skipped") = counts.skipped;
    set(node, "time", seconds(suite.took));
    if (!suite.properties.empty()) {
      pugi::xml_node properties = node.append_child("properties");
      for (const auto& [name, value] : suite.properties) {
        pugi::xml_node property = properties.append_child("property");
        set(property, "name", name);
        set(property, "value", value);
      }
    }
    for (const Case& one : suite.cases) add_case(node, one);
  }

  void add_case(pugi::xml_node suite, const Case& one) {
    pugi::xml_node node = suite.append_child("testcase");
    std::string name = one.name;
    for (int n = 2; !keys_.emplace(one.class_name, name).second; ++n) {
      name = fmt::format("{} ({})", one.name, n);
    }
    set(node, "name", name);
    set(node, "classname", one.class_name);
    set(node, "time", seconds(Nanos(0)));
    if (one.outcome == Outcome::kPassed) return;
    if (one.outcome == Outcome::kSkipped) {
      return set(node.append_child("skipped"), "message", one.message);
    }
    pugi::xml_node problem =
        node.append_child(one.outcome == Outcome::kFailed ? "failure" : "error");
    set(problem, "message", one.message);
    set(problem, "type", one.type);
    if (!one.text.empty()) problem.text().set(xml_text(one.text).c_str());
  }

  std::set<std::pair<std::string, std::string>> keys_;
};

}  // namespace

std::string class_part(std::string_view text) {
  std::string part(text);
  std::replace(part.begin(), part.end(), '.', '_');
  return part;
}

std::string render(const Document& document) {
  return Renderer().render(document);
}

}  // namespace tocsin::junit
