#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/check/run.h"

/// The cases of testdata/. In *.cases, rules stand alone:
///
///     rules, or after "system NAME", rules against testdata/NAME/
///     =>
///     line:column check severity        a line a finding, in the file's order; nothing: none
///     ----
///
/// In *.folders there are several files, and findings begin with the file's name:
///
///     base NAME                         testdata/NAME/ is there already
///     check FILE…                       what is looked at; the folder if left out
///     == FILE
///     its text
///     =>
///     file:line:column check severity
///     ----
///
/// Lines that begin with "#" before a case are comments. "only ID…" names the checks that count
/// from then on, and "system" what the rules of *.cases are held against.

namespace tocsin::check {

struct CheckCase {
  std::string where;
  std::string system;  ///< a folder of testdata/
  std::string base;    ///< likewise
  std::vector<std::string> only;
  std::vector<std::string> check;
  std::map<std::string, std::string> files;
  bool rules_alone = true;
  std::string expected;

  /// Whether `only` names a check.
  bool looks_for(std::string_view id) const;
  /// The checks that are expected to find something.
  std::set<std::string> found() const;
};

std::vector<CheckCase> all_check_cases();

/// What is found, as `expected` has it; `problem` is what the run said when it did not take place.
std::string seen_in(const CheckCase& one, std::string& problem);

}  // namespace tocsin::check
