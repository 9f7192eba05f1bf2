#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/base/scratch_folder.h"
#include "harness/check/check.h"
#include "harness/check/run.h"

/// testdata/*.cases, and what must be quiet. A case:
///
///     rules that stand alone, or after "system NAME", against testdata/NAME/
///     =>
///     line:column check severity        a line a finding, in the file's order; nothing: none
///     ----
///
/// Lines that begin with "#" before a case are comments. "only ID…" names the checks that count
/// from then on. Lines and columns are those of the case, from 1.

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

const std::string kFolder = std::string(TOCSIN_SOURCE_DIR) + "/harness/check/testdata/";
constexpr int kLinesBefore = 3;
constexpr int kIndentation = 2;

struct CheckCase {
  std::string where;
  std::string system;
  std::vector<std::string> only;
  std::string rules;
  std::string expected;
};

std::vector<std::string> words_of_line(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::vector<CheckCase> cases_of(const fs::path& path) {
  std::vector<CheckCase> cases;
  std::ifstream lines(path);
  CheckCase now;
  std::string line;
  enum class Part { kBetween, kRules, kExpected } part = Part::kBetween;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (part == Part::kBetween) {
      if (line.empty() || line.starts_with('#')) continue;
      std::vector<std::string> words = words_of_line(line);
      const std::vector<std::string> rest(words.begin() + 1, words.end());
      if (words[0] == "system") {
        now.system = rest.empty() ? "" : rest[0];
        continue;
      }
      if (words[0] == "only") {
        now.only = rest;
        continue;
      }
      now.where = path.filename().string() + ':' + std::to_string(number);
      part = Part::kRules;
    }
    if (line == "=>") {
      part = Part::kExpected;
    } else if (line == "----") {
      cases.push_back(now);
      now.rules = now.expected = "";
      part = Part::kBetween;
    } else {
      (part == Part::kRules ? now.rules : now.expected) += line + '\n';
    }
  }
  EXPECT_EQ(part, Part::kBetween) << path << ": the last case has no end";
  EXPECT_FALSE(cases.empty()) << path;
  return cases;
}

std::vector<fs::path> case_files() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".cases") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string seen(const CheckCase& one) {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/rules.yml";
  std::string text = "groups:\n- name: g\n  rules:\n";
  std::istringstream lines(one.rules);
  for (std::string line; std::getline(lines, line);) {
    text += std::string(kIndentation, ' ') + line + '\n';
  }
  EXPECT_FALSE(write_file_atomically(path, text).has_error());
  CheckOptions options;
  options.paths = {path};
  options.only = one.only;
  if (!one.system.empty()) options.system = kFolder + one.system;
  Diagnostics diagnostics;
  const CheckReport report = run_checks(options, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << one.where << '\n' << diagnostics.render();
  std::string out;
  for (const Finding& finding : report.findings) {
    if (finding.silenced) continue;
    out += std::to_string(finding.place.pos.line - kLinesBefore) + ':' +
           std::to_string(finding.place.pos.column - kIndentation) + ' ' + finding.check + ' ' +
           std::string(to_string(finding.severity)) + '\n';
  }
  return out;
}

TEST(Check, Cases) {
  for (const fs::path& file : case_files()) {
    for (const CheckCase& one : cases_of(file)) {
      EXPECT_EQ(seen(one), one.expected) << one.where << '\n' << one.rules;
    }
  }
}

TEST(Check, EveryRuleCheckHasACaseThatFindsIt) {
  std::set<std::string> found;
  for (const fs::path& file : case_files()) {
    for (const CheckCase& one : cases_of(file)) {
      std::istringstream lines(one.expected);
      for (std::string line; std::getline(lines, line);) found.insert(words_of_line(line)[1]);
    }
  }
  for (const Check* check : all_checks()) {
    if (check->id.starts_with("rule/")) {
      EXPECT_TRUE(found.contains(std::string(check->id))) << check->id;
    }
  }
}

TEST(Check, IdsAreUniqueAndSaySomething) {
  std::set<std::string_view> ids;
  for (const Check* check : all_checks()) {
    EXPECT_TRUE(ids.insert(check->id).second) << check->id;
    EXPECT_FALSE(check->title.empty() || check->why.empty() || check->way_out.empty()) << check->id;
    EXPECT_EQ(find_check(check->id), check);
  }
}

/// Rules that others keep well must be quiet but for what is really wrong with them: at most so
/// many findings in a hundred rules. Where such rules are at hand.
TEST(Check, PublicRulesAreQuiet) {
  const char* given = std::getenv("TOCSIN_CONFORMANCE_DIR");
  const std::string folder =
      given != nullptr ? given : std::string(TOCSIN_SOURCE_DIR) + "/../shared/conformance";
  if (!fs::exists(folder + "/rules")) GTEST_SKIP() << "no rules in " << folder;
  CheckOptions options;
  options.paths = {folder + "/rules"};
  Diagnostics diagnostics;
  const CheckReport report = run_checks(options, diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
  std::map<std::string, int> loud;
  for (const Finding& finding : report.findings) {
    if (finding.severity > Severity::kInfo && !finding.silenced) ++loud[finding.check];
  }
  // These are mistakes of the files; the first two are test data of theirs that is wrong on
  // purpose.
  for (const char* known :
       {"rule/invalid", "rule/doubtful", "rule/template-label", "rule/no-comparison",
        "rule/rate-of-gauge", "rule/value-in-label", "rule/quantile-without-le", "rule/duplicate",
        "rule/same-name", "rule/percent-ratio"}) {
    loud.erase(known);
  }
  for (const auto& [check, count] : loud) ADD_FAILURE() << check << ": " << count;
  EXPECT_LT(report.count(Severity::kWarning) * 100, report.rules);
}

}  // namespace
}  // namespace tocsin::check
