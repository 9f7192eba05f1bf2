#include <map>
#include <sstream>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "harness/base/utf8.h"
#include "reports/formats.h"

namespace tocsin::reports {
namespace {

using assertions::Judgement;
using assertions::Outcome;

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

/// Jenkins makes packages of dots, so the parts may hold none.
std::string class_part(std::string_view text) {
  std::string part(text);
  for (char& c : part) {
    if (c == '.') c = '_';
  }
  return part;
}

std::string details(const Judgement& judgement) {
  std::string text = "expected: " + judgement.claim + "\nseen:     " + judgement.seen + '\n';
  for (const std::string& line : judgement.around) text += "  " + line + '\n';
  const std::string pos = to_string(judgement.pos);
  if (!pos.empty()) text += "claimed in " + pos + '\n';
  return text;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name) = xml_text(value).c_str();
}

void add_outcome(pugi::xml_node test_case, Outcome outcome, const std::string& message,
                 const std::string& text, const JunitOptions& options) {
  if (outcome == Outcome::kPass) return;
  if (outcome == Outcome::kInconclusive && !options.strict_inconclusive) {
    set(test_case.append_child("skipped"), "message", "INCONCLUSIVE: " + message);
    return;
  }
  pugi::xml_node failure = test_case.append_child("failure");
  set(failure, "message", message);
  set(failure, "type", outcome == Outcome::kFail ? "expectation" : "inconclusive");
  failure.text().set(xml_text(text).c_str());
}

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t skipped = 0;

  void add(Outcome outcome, const JunitOptions& options) {
    ++tests;
    if (outcome == Outcome::kPass) return;
    const bool skip = outcome == Outcome::kInconclusive && !options.strict_inconclusive;
    ++(skip ? skipped : failures);
  }
  Counts& operator+=(const Counts& other) {
    tests += other.tests;
    failures += other.failures;
    skipped += other.skipped;
    return *this;
  }
};

Counts add_suite(pugi::xml_node root, const ScenarioSummary& scenario, const std::string& name,
                 const JunitOptions& options) {
  const std::string class_name = class_part(scenario.run.system) + '.' + class_part(name);
  Counts counts;
  pugi::xml_node suite = root.append_child("testsuite");
  set(suite, "name", name);
  // Counts stand before the cases in the XML but are known after them.
  for (const char* attribute : {"tests", "failures", "errors", "skipped"}) {
    suite.append_attribute(attribute) = "0";
  }
  set(suite, "time", seconds(scenario.took));
  const auto add_case = [&](const std::string& case_name, Outcome outcome,
                            const std::string& message, const std::string& text) {
    pugi::xml_node test_case = suite.append_child("testcase");
    set(test_case, "name", case_name);
    set(test_case, "classname", class_name);
    set(test_case, "time", "0.000");
    add_outcome(test_case, outcome, message, text, options);
    counts.add(outcome, options);
  };
  for (const Judgement& judgement : scenario.verdict.judgements) {
    add_case(judgement.kind + ' ' + judgement.subject + ": " + judgement.claim, judgement.outcome,
             judgement.seen, details(judgement));
  }
  // A run without a verdict, or without any expectation, must show up as well.
  const std::string& reason = scenario.trouble.empty() ? scenario.verdict.reason : scenario.trouble;
  if (scenario.verdict.judgements.empty() || !scenario.trouble.empty() ||
      (outcome_of(scenario) == Outcome::kInconclusive &&
       scenario.verdict.count(Outcome::kInconclusive) == 0)) {
    add_case("run", outcome_of(scenario), reason, reason);
  }
  suite.attribute("tests") = counts.tests;
  suite.attribute("failures") = counts.failures;
  suite.attribute("skipped") = counts.skipped;
  return counts;
}

}  // namespace

std::string render_junit(const RunSummary& run, const JunitOptions& options) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  root.append_attribute("name") = "tocsin";
  // Jenkins' schema knows no "skipped" here.
  for (const char* attribute : {"tests", "failures", "errors"}) {
    root.append_attribute(attribute) = "0";
  }
  set(root, "time", seconds(run.took));
  Counts counts;
  std::map<std::string, int> names;
  for (const ScenarioSummary& scenario : run.scenarios) {
    // Readers take the name as a key: the second of the same name gets its file.
    std::string name = scenario.run.scenario;
    if (++names[name] > 1) name += " (" + scenario.run.scenario_file + ")";
    counts += add_suite(root, scenario, name, options);
  }
  root.attribute("tests") = counts.tests;
  root.attribute("failures") = counts.failures;
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace tocsin::reports
