#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"
#include "harness/rules/case_file.h"
#include "harness/rules/promtool.h"
#include "harness/rules/rule.h"

namespace tocsin::rules {
namespace {

using testing::HasSubstr;

/// Errors, then warnings, a line each.
std::string said(std::string_view yaml) {
  Diagnostics diagnostics;
  const RuleFile file = parse_rule_file("", yaml, diagnostics);
  std::string text;
  for (const Error& error : diagnostics.sorted()) text += to_string(error) + '\n';
  for (const Error& warning : file.warnings) text += "warning: " + to_string(warning) + '\n';
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

TEST(RuleFile, SaysWhatIsWrongAndWhere) {
  for (const Case& each : read_cases("rule_files.cases")) {
    SCOPED_TRACE(each.where);
    EXPECT_EQ(said(each.input), each.expected);
  }
}

TEST(RuleFile, JudgesAsPromtoolDoes) {
  if (!has_promtool()) GTEST_SKIP() << "promtool is not installed";
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<Case> cases;
  for (const Case& each : read_cases("rule_files.cases")) {
    if (each.section == "verdicts of Prometheus 3") continue;
    files.emplace_back('r' + std::to_string(files.size()) + ".yml", each.input);
    cases.push_back(each);
  }
  // Errors name their file; a lint finding does not, and is no error.
  const PromtoolRun run = run_promtool("check rules r*.yml", files);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const bool refused = run.output.find(files[i].first + ": ") != std::string::npos;
    EXPECT_EQ(refused, cases[i].refused) << cases[i].where << '\n' << cases[i].input;
  }
}

TEST(RuleFile, ReadsEverything) {
  Diagnostics diagnostics;
  const RuleFile file = parse_rule_file("r.yml",
                                        "\xEF\xBB\xBFgroups:\n"
                                        "- name: g\n"
                                        "  interval: 30s\n"
                                        "  query_offset: 1m\n"
                                        "  limit: 7\n"
                                        "  labels: {team: x}\n"
                                        "  rules:\n"
                                        "  - alert: A\n"
                                        "    expr: >-\n"
                                        "      up\n"
                                        "      == 0\n"
                                        "    for: 5m\n"
                                        "    keep_firing_for: 1m\n"
                                        "    labels: {severity: page, a: b}\n"
                                        "    annotations: {summary: 'it is {{ $value }}'}\n"
                                        "  - record: r\n"
                                        "    expr: 1\n",
                                        diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.render();
  const RuleGroup& group = file.groups.at(0);
  EXPECT_EQ(group.name, "g");
  EXPECT_EQ(group.interval, std::chrono::seconds(30));
  EXPECT_EQ(group.query_offset, std::chrono::minutes(1));
  EXPECT_EQ(group.limit, 7);
  EXPECT_EQ(group.labels.at(0), std::pair(std::string("team"), std::string("x")));
  const Rule& alert = group.rules.at(0);
  EXPECT_EQ(to_string(alert.pos), "r.yml:8:5");
  EXPECT_EQ(alert.expression.text, "up == 0");
  EXPECT_EQ(to_string(alert.expression_pos), "r.yml:10:7");
  EXPECT_EQ(to_string(alert.expression_map.at(1, 4)), "r.yml:11:7");
  EXPECT_EQ(alert.hold, std::chrono::minutes(5));
  EXPECT_EQ(alert.keep_firing_for, std::chrono::minutes(1));
  EXPECT_EQ(alert.labels.at(0).first, "severity");
  EXPECT_EQ(alert.labels.at(1).first, "a");
  EXPECT_EQ(to_string(alert.annotations.at(0).second.pos), "r.yml:15:28");
  EXPECT_EQ(group.rules.at(1).kind, Rule::Kind::kRecording);
  EXPECT_EQ(group.rules.at(1).name, "r");
}

TEST(RuleFile, ShowsTheLineAndTheGroup) {
  Diagnostics diagnostics;
  parse_rule_file("r.yml", "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: sum(up) foo\n",
                  diagnostics);
  EXPECT_EQ(diagnostics.render(),
            "r.yml:5:19: error: unexpected identifier \"foo\"\n"
            "        expr: sum(up) foo\n"
            "                      ^~~\n"
            "  in group \"g\", rule 1 (alert \"A\")\n");
}

TEST(RuleFile, RefusesWhatIsNotText) {
  EXPECT_EQ(said("groups:\n- name: \"\xFF\""),
            "2:10: not UTF-8: the byte 0xff is no part of a character");
  EXPECT_EQ(said(std::string_view("groups:\0", 8)), "1:8: a control character (0x00)");
  EXPECT_THAT(said(std::string(kLargestRuleFile + 1, ' ')), HasSubstr("16 MiB"));
}

TEST(RuleFile, SurvivesBombs) {
  std::string laughs = "a: &a [x]\n";
  for (char c = 'b'; c < 'z'; ++c) {
    const std::string last(1, static_cast<char>(c - 1));
    laughs += std::string(1, c) + ": &" + c + " [*" + last + ", *" + last + ", *" + last + "]\n";
  }
  EXPECT_THAT(said(laughs), HasSubstr("more than 4194304 values"));

  std::string rules = "groups:\n- name: g0\n  rules: &r\n";
  for (int i = 0; i < 1000; ++i) rules += "  - {record: a, expr: '1'}\n";
  for (int i = 1; i < 200; ++i) rules += "- {name: g" + std::to_string(i) + ", rules: *r}\n";
  EXPECT_THAT(said(rules), HasSubstr("a file may hold 100000 rules"));

  std::string big = "groups:\n- name: g0\n  rules: &r\n  - {record: a, expr: '1', labels: {x: &x " +
                    std::string(1 << 20, 'y') + "}}\n";
  for (int i = 1; i < 200; ++i) big += "- {name: g" + std::to_string(i) + ", rules: *r}\n";
  EXPECT_THAT(said(big), HasSubstr("expand to more than 64 MiB"));

  EXPECT_THAT(said("groups: " + std::string(100'000, '[')),
              HasSubstr("nested more than 48 levels deep"));
}

TEST(RuleFile, SurvivesEveryPrefix) {
  const std::string yaml =
      "groups:\n- &g\n  name: \"g\\u00e9\"\n  rules:\n  - alert: A\n    expr: |\n      "
      "up{a=~\"b\"} "
      "> 0\n    labels: {<<: {a: 'b'}, c: \"{{ $value }}\"}\n    annotations: &n\n      s: >-\n    "
      "  "
      "  {{ if true }}\n        x{{ end }}\n- <<: *g\n  name: h\n";
  for (std::size_t i = 0; i <= yaml.size(); ++i) {
    said(yaml.substr(0, i));
    for (const char c : {'\n', ' ', '"', '|', '[', '&', '\t', '\xC3'}) {
      std::string changed = yaml;
      if (i < yaml.size()) changed[i] = c;
      said(changed);
    }
  }
}

/// Real rule files, from TOCSIN_CONFORMANCE_DIR or ../shared/conformance beside the project;
/// skipped where there is none. Those that use what promtool 2.42 does not know are left out.
TEST(RuleFile, JudgesRealFilesAsPromtoolDoes) {
  const char* named = std::getenv("TOCSIN_CONFORMANCE_DIR");
  const std::string folder =
      named != nullptr ? named : std::string(TOCSIN_SOURCE_DIR) + "/../shared/conformance";
  if (!std::filesystem::is_directory(folder) || !has_promtool()) {
    GTEST_SKIP() << "needs promtool and a folder of rule files at " << folder;
  }
  int compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".yaml" && extension != ".yml") continue;
    const std::string text = read_file(entry.path().string()).value();
    if (!text.starts_with("groups:") && text.find("\ngroups:") == std::string::npos) continue;
    const PromtoolRun run = run_promtool("check rules r.yml", {{"r.yml", text}});
    const bool newer = run.output.find("field labels not found") != std::string::npos ||
                       run.output.find("unknown function with name") != std::string::npos;
    if (newer) continue;
    Diagnostics diagnostics;
    parse_rule_file(entry.path().string(), text, diagnostics);
    EXPECT_EQ(diagnostics.ok(), run.exit_code == 0) << diagnostics.render() << run.output;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

}  // namespace
}  // namespace tocsin::rules
