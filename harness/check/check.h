#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/finding.h"
#include "harness/promql/ast.h"
#include "harness/rules/rule.h"

/// A check as data, and how it says what it found. To add one: an entry in a file of checks/, which
/// stands in the list of checks.cc, and cases in testdata/ of the same name.

namespace tocsin::check {

struct Subject;
struct RuleUse;

struct Check {
  std::string_view id;  ///< "rule/unknown-metric"
  Severity severity = Severity::kWarning;
  std::string_view title;  ///< one line
  std::string_view why;    ///< what goes wrong
  std::string_view way_out;
};

/// Where checks put their findings.
class Findings {
 public:
  void add(const Check& check, Finding finding);
  /// With another severity than the check's own.
  void add(const Check& check, Severity severity, Finding finding);
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  std::vector<Finding> findings_;
};

/// Checks that look at the same things together.
struct CheckGroup {
  std::span<const Check> checks;
  void (*run)(const Subject& subject, Findings& findings);
};

/// All groups, in the order of CHECKS.md.
std::span<const CheckGroup* const> check_groups();
/// All checks, in the same order.
std::vector<const Check*> all_checks();
/// Null when there is none.
const Check* find_check(std::string_view id);

/// A part of a rule's expression, in its file.
Place place_in(const rules::Rule& rule, promql::TextRange range);
/// The place `offset` bytes into a template text, as long as `length` bytes.
Place place_in(const Subject& subject, const rules::TemplateText& text, std::size_t offset,
               std::size_t length);
/// A finding about a part of a rule's expression.
Finding about(const RuleUse& use, promql::TextRange range, std::string message,
              std::string way_out = {});
/// A finding about a rule as a whole.
Finding about(const RuleUse& use, std::string message, std::string way_out = {});

}  // namespace tocsin::check
