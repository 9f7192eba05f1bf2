#include <map>

#include "harness/junit/document.h"
#include "reports/formats.h"
#include "reports/page_load_text.h"

namespace tocsin::reports {
namespace {

using assertions::Judgement;
using assertions::Outcome;

std::string junit_details(const Judgement& judgement) {
  std::string text = "expected: " + judgement.claim + "\nseen:     " + judgement.seen + '\n';
  for (const std::string& line : judgement.around) text += "  " + line + '\n';
  const std::string pos = to_string(judgement.pos);
  if (!pos.empty()) text += "claimed in " + pos + '\n';
  return text;
}

junit::Case case_of(std::string name, Outcome outcome, const std::string& message, std::string text,
                    const JunitOptions& options) {
  junit::Case result;
  result.name = std::move(name);
  if (outcome == Outcome::kPass) return result;
  result.message = message;
  if (outcome == Outcome::kInconclusive && !options.strict_inconclusive) {
    result.outcome = junit::Outcome::kSkipped;
    result.message = "INCONCLUSIVE: " + message;
    return result;
  }
  result.outcome = junit::Outcome::kFailed;
  result.type = outcome == Outcome::kFail ? "expectation" : "inconclusive";
  result.text = std::move(text);
  return result;
}

/// The page load, for readers that show properties.
std::vector<std::pair<std::string, std::string>> properties_of(const PageLoad& load) {
  const PageCounts& counts = load.total.counts;
  std::vector<std::pair<std::string, std::string>> properties = {
      {"pages", std::to_string(counts.pages())},
      {"pages.first", std::to_string(counts.first)},
      {"pages.updates", std::to_string(counts.updates)},
      {"pages.repeats", std::to_string(counts.repeats)},
      {"notifications.resolved", std::to_string(counts.resolved)},
      {"notifications.not_delivered", std::to_string(counts.failed)},
      {"alerts.fired", std::to_string(load.total.fired)},
      {"alerts.told", std::to_string(load.total.told)}};
  for (const ReceiverLoad& one : load.receivers) {
    properties.emplace_back("pages to " + one.receiver + " by " + one.integration,
                            std::to_string(one.counts.pages()));
  }
  if (load.busiest) properties.emplace_back("pages.busiest_hour", busiest_text(*load.busiest));
  if (load.slowest) properties.emplace_back("pages.slowest", slowest_text(*load.slowest));
  return properties;
}

junit::Suite suite_of(const ScenarioSummary& scenario, std::string name,
                      const JunitOptions& options) {
  junit::Suite suite;
  suite.took = scenario.took;
  if (scenario.pages) suite.properties = properties_of(*scenario.pages);
  for (const Judgement& judgement : scenario.verdict.judgements) {
    suite.cases.push_back(case_of(judgement.kind + ' ' + judgement.subject + ": " + judgement.claim,
                                  judgement.outcome, judgement.seen, junit_details(judgement),
                                  options));
  }
  // A run without a verdict, or without any expectation, must show up as well.
  const std::string& reason = scenario.trouble.empty() ? scenario.verdict.reason : scenario.trouble;
  if (scenario.verdict.judgements.empty() || !scenario.trouble.empty() ||
      (outcome_of(scenario) == Outcome::kInconclusive &&
       scenario.verdict.count(Outcome::kInconclusive) == 0)) {
    suite.cases.push_back(case_of("run", outcome_of(scenario), reason, reason, options));
  }
  const std::string class_name =
      junit::class_part(scenario.run.system) + '.' + junit::class_part(name);
  for (junit::Case& one : suite.cases) one.class_name = class_name;
  suite.name = std::move(name);
  return suite;
}

}  // namespace

std::string render_junit(const RunSummary& run, const JunitOptions& options) {
  junit::Document document;
  document.name = "tocsin";
  document.took = run.took;
  std::map<std::string, int> names;
  for (const ScenarioSummary& scenario : run.scenarios) {
    // Readers take the name as a key: the second of the same name gets its file.
    std::string name = scenario.run.scenario;
    if (++names[name] > 1) name += " (" + scenario.run.scenario_file + ")";
    document.suites.push_back(suite_of(scenario, std::move(name), options));
  }
  return junit::render(document);
}

}  // namespace tocsin::reports
