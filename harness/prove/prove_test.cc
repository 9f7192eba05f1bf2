#include "harness/prove/prove.h"

#include <functional>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/prove/expand.h"
#include "harness/prove/measure.h"
#include "harness/prove/search.h"
#include "harness/run/simulate.h"
#include "harness/scenario/load.h"

namespace tocsin::prove {
namespace {

using ::testing::HasSubstr;

const std::string kProCode = TOCSIN_SOURCE_DIR "/scenarios/procode";

Subject load_subject(const std::string& folder) {
  Diagnostics diagnostics;
  run::RuleLibrary library;
  Subject subject;
  subject.system = scenario::load_system(folder, diagnostics);
  EXPECT_NE(subject.system, nullptr) << diagnostics.render();
  subject.rules = library.rules_of(*subject.system, diagnostics);
  auto contract = contract::load_contract(*subject.system, diagnostics);
  EXPECT_TRUE(contract.has_value()) << diagnostics.render();
  subject.contract = std::make_shared<contract::Contract>(std::move(*contract));
  return subject;
}

std::vector<scenario::Scenario> expand(const std::string& text, const Subject& subject,
                                       Diagnostics& diagnostics) {
  scenario::ScenarioFile file;
  file.scenario.name = text;
  file.scenario.file = "documented.yaml";
  file.scenario.system = subject.system;
  file.from_contract.emplace();
  Expander expander;
  return expander.expand(std::move(file), subject.rules, diagnostics);
}

struct SearchCase {
  const char* name;
  double documented;
  bool upwards;
  std::function<bool(double)> fires;
  Found::Kind kind;
  double value;
  int most_questions;
};

class SearchTest : public ::testing::TestWithParam<SearchCase> {};

TEST_P(SearchTest, FindsTheThreshold) {
  const SearchCase& given = GetParam();
  int questions = 0;
  const auto counted = [&](double value) {
    ++questions;
    return given.fires(value);
  };
  const double fires_at = given.documented * (given.upwards ? 1.5 : 0.5);
  const Found found =
      ThresholdSearch(given.documented, given.upwards, {0, 100}, fires_at, counted).run();
  EXPECT_EQ(found.kind, given.kind);
  EXPECT_LE(questions, given.most_questions);
  if (given.kind == Found::Kind::kNever || given.kind == Found::Kind::kAlways) return;
  EXPECT_LE(found.low, given.value);
  EXPECT_GE(found.high, given.value);
  EXPECT_LE(found.high - found.low, kThresholdPrecision * given.value * 1.001);
}

INSTANTIATE_TEST_SUITE_P(
    All, SearchTest,
    ::testing::Values(
        SearchCase{"above", 5, true, [](double x) { return x > 5; }, Found::Kind::kThreshold, 5, 7},
        SearchCase{"below", 10, false, [](double x) { return x < 10; }, Found::Kind::kThreshold, 10,
                   7},
        SearchCase{"drifted", 5, true, [](double x) { return x > 4; }, Found::Kind::kThreshold, 4,
                   24},
        SearchCase{"far", 5, true, [](double x) { return x > 0.01; }, Found::Kind::kThreshold, 0.01,
                   32},
        SearchCase{"other side", 5, true, [](double x) { return x < 7; }, Found::Kind::kWrongSide,
                   7, 24},
        SearchCase{"never", 5, true, [](double) { return false; }, Found::Kind::kNever, 0, 4},
        SearchCase{"always", 5, true, [](double) { return true; }, Found::Kind::kAlways, 0, 4},
        SearchCase{"island", 5, true, [](double x) { return x > 7 && x < 8; },
                   Found::Kind::kThreshold, 7, 24}),
    [](const auto& test) {
      std::string name = test.param.name;
      for (char& c : name) c = c == ' ' ? '_' : c;
      return name;
    });

TEST(Prove, TheDocumentedSystemAgrees) {
  std::vector<Subject> subjects = {load_subject(kProCode)};
  const Report report = prove(std::move(subjects), {});
  EXPECT_EQ(report.proofs.size(), 16u);
  for (const Proof& proof : report.proofs) {
    EXPECT_EQ(proof.verdict, Verdict::kAgrees) << proof.alert->name;
    for (const Finding& finding : proof.findings) ADD_FAILURE() << finding.text;
  }
}

TEST(Prove, AnInterruptLeavesTheRestOut) {
  const std::atomic<bool> stop{true};
  ProveOptions options;
  options.stop = &stop;
  const Report report = prove({load_subject(kProCode)}, options);
  EXPECT_EQ(report.count(Verdict::kNotRun), report.proofs.size());
}

TEST(Prove, OnlyWhatIsAskedFor) {
  ProveOptions options;
  options.alerts = "^Disk";
  options.jobs = 4;
  const Report report = prove({load_subject(kProCode)}, options);
  ASSERT_EQ(report.proofs.size(), 2u);
  EXPECT_EQ(report.proofs[0].alert->name, "DiskSpaceCritical");
  EXPECT_EQ(report.proofs[1].alert->name, "DiskSpaceLow");
}

/// What is left out for speed must make no difference.
TEST(Rig, SeesWhatAWholeRunSees) {
  const Subject subject = load_subject(kProCode);
  for (const char* name : {"HighErrorRate", "HighResponseTime", "ServiceDown", "LLMProviderDown"}) {
    const contract::Alert& alert = *subject.contract->alert(name);
    const Rig rig(subject, name, alert.severity, nullptr);
    const Push push = push_of(alert.drive.front(), alert.drive.front().fires_at);
    Course course{rig.settling(), rig.settling() + alert.hold, rig.settling()};
    const Seen seen = rig.run(push, course);
    scenario::Scenario whole = rig.scenario(push, course);
    whole.system = subject.system;
    const Evidence evidence = run::simulate(whole, *subject.rules);
    const Timestamp start = evidence.at_offset(course.start());
    bool found = false;
    for (const AlertEpisode& episode : evidence.episodes) {
      if (episode.alert != name || found) continue;
      found = true;
      EXPECT_EQ(episode.pending_at - start, seen.pending) << name;
      ASSERT_TRUE(episode.firing_at.has_value()) << name;
      EXPECT_EQ(*episode.firing_at - start, seen.firing) << name;
    }
    EXPECT_TRUE(found) << name;
  }
}

TEST(Expander, MakesScenariosInTheContractsOrder) {
  const Subject subject = load_subject(kProCode);
  Diagnostics diagnostics;
  const auto all = expand("Documented", subject, diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.render();
  std::vector<std::string> names;
  for (const scenario::Scenario& one : all) names.push_back(one.name);
  ASSERT_GT(names.size(), 40u);
  EXPECT_EQ(names[0], "Documented: ServiceDown fires");
  EXPECT_EQ(names[1], "Documented: ServiceDown stays silent with service slow_scrape 9s");
  EXPECT_THAT(names[2], HasSubstr("ServiceDown does not fire when its cause ends after"));
  EXPECT_EQ(names[3], "Documented: HighErrorRate fires");
  EXPECT_EQ(names.back(), "Documented: every documented metric is exported");
  // Alerts with `for` have three cases, the others two.
  std::size_t expected = 0;
  for (const contract::Alert& alert : subject.contract->alerts) {
    expected += alert.hold > Duration(0) ? 3 : 2;
  }
  EXPECT_EQ(names.size(), expected + subject.contract->health.size() + 1);
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
}

TEST(Expander, UnknownAlertsAreRefused) {
  const Subject subject = load_subject(kProCode);
  scenario::ScenarioFile file;
  file.scenario.system = subject.system;
  file.from_contract.emplace();
  file.from_contract->all_alerts = false;
  file.from_contract->alerts = {"HighErorRate"};
  Diagnostics diagnostics;
  Expander().expand(std::move(file), subject.rules, diagnostics);
  EXPECT_THAT(diagnostics.render(), HasSubstr("did you mean \"HighErrorRate\"?"));
}

}  // namespace
}  // namespace tocsin::prove
