#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"
#include "harness/check/check.h"
#include "harness/check/check_cases.h"
#include "harness/check/masked_line.h"
#include "harness/check/report.h"
#include "harness/check/run.h"

namespace tocsin::check {
namespace {

namespace fs = std::filesystem;

TEST(Check, Cases) {
  for (const CheckCase& one : all_check_cases()) {
    std::string problem;
    EXPECT_EQ(seen_in(one, problem), one.expected) << one.where;
    EXPECT_EQ(problem, "") << one.where;
  }
}

/// Each check is shown to find what it is for, and to be silent where there is nothing.
TEST(Check, EveryCheckHasACaseThatFindsAndOneThatDoesNot) {
  std::set<std::string> finds;
  std::set<std::string> silent;
  for (const CheckCase& one : all_check_cases()) {
    const std::set<std::string> found = one.found();
    finds.insert(found.begin(), found.end());
    for (const Check* check : all_checks()) {
      const std::string id(check->id);
      if (one.looks_for(id) && !found.contains(id)) silent.insert(id);
    }
  }
  for (const Check* check : all_checks()) {
    const std::string id(check->id);
    EXPECT_TRUE(finds.contains(id)) << "no case in which " << id << " finds something";
    EXPECT_TRUE(silent.contains(id)) << "no case in which " << id << " is looked for in vain";
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

TEST(Check, SecretsAreNotShown) {
  EXPECT_EQ(masked_line("  api_url: 'https://hooks/a'  # team"), "  api_url: <secret>  # team");
  EXPECT_EQ(masked_line("{bot_token: abc, chat_id: 1}"), "{bot_token: <secret>, chat_id: 1}");
  EXPECT_EQ(masked_line("  - {url: http://u:p@h/x}"), "  - {url: <secret>}");
  EXPECT_EQ(masked_line("password_file: /run/secrets/a"), "password_file: /run/secrets/a");
  EXPECT_EQ(masked_line("smtp_auth_password: \"a b"), "smtp_auth_password: <secret>");
  EXPECT_EQ(masked_line("channel: '#a'"), "channel: '#a'");
  EXPECT_EQ(masked_line("password:"), "password:");
}

/// No report shows what is secret, whatever is wrong with it.
TEST(Check, ReportsShowNoSecrets) {
  const ScratchFolder folder;
  folder.write("alertmanager.yml", R"(global: {slack_api_url: 'https://hooks/hush'}
receivers:
  - name: team
    slack_configs: [{api_url: 'https://hooks/hush-too', chanel: x}]
    pagerduty_configs:
      - routing_key: hush-as-well
        url: '::hush'
)");
  CheckOptions options;
  options.paths = {folder.path()};
  Diagnostics diagnostics;
  const CheckReport report = run_checks(options, diagnostics);
  EXPECT_GT(report.findings.size(), 3U);
  const TextOptions everything{false, Severity::kInfo, true};
  for (const std::string& text :
       {render_text(report, everything), render_json(report, "0"),
        render_junit(report, Severity::kInfo), render_sarif(report, "0", Severity::kInfo),
        render_code_quality(report, Severity::kInfo)}) {
    EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  }
}

/// A line of testdata/public_findings.txt: "PATH CHECK COUNT WHY".
std::map<std::pair<std::string, std::string>, int> known_public_findings() {
  std::ifstream lines(std::string(TOCSIN_SOURCE_DIR) +
                      "/harness/check/testdata/public_findings.txt");
  std::map<std::pair<std::string, std::string>, int> known;
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string path, check;
    int count = 0;
    words >> path >> check >> count;
    EXPECT_GT(count, 0) << line;
    known[{path, check}] = count;
  }
  return known;
}

/// Rules that others keep well must be quiet but for what is really wrong with them, which somebody
/// has read and written down. Where such rules are at hand.
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
  std::map<std::pair<std::string, std::string>, int> found;
  for (const Finding& finding : report.findings) {
    if (finding.severity == Severity::kInfo || finding.silenced) continue;
    const std::string& file = finding.place.pos.file;
    // Tests of other tools are wrong on purpose.
    if (file.find("/testdata/") != std::string::npos) continue;
    // Reports show paths from where they are read; the list has them from the rules' own folder.
    ++found[{fs::relative(file, folder + "/rules").string(), finding.check}];
  }
  EXPECT_GT(report.rules, 1000U);
  EXPECT_EQ(found, known_public_findings());
}

}  // namespace
}  // namespace tocsin::check
