#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "assertions/judge.h"
#include "harness/base/clock.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/report_files.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/prove/expand.h"
#include "harness/run/evidence_file.h"
#include "harness/scenario/load.h"
#include "reports/formats.h"

/// `tocsin judge`: saved evidence held against a scenario, without a run.

namespace tocsin::cli {
namespace {

struct JudgeOptions {
  std::string evidence;
  std::string scenario;
  bool timeline = false;
  ReportFiles reports;
};

/// A verdict on another run than the scenario's own may be wanted, but never unnoticed.
void note_differences(const RunInfo& run, const scenario::Scenario& scenario) {
  const auto note = [](std::string_view what, const std::string& made, const std::string& judged) {
    if (made == judged) return;
    complain(fmt::format("note: the evidence is of the {} \"{}\", and is judged by \"{}\"\n", what,
                         printable(made), printable(judged)));
  };
  note("scenario", run.scenario, scenario.name);
  note("system", run.system, scenario.system->name);
}

/// Of several scenarios in one file the one that the evidence is of.
std::optional<scenario::Scenario> scenario_of(const std::string& file, const std::string& name,
                                              Diagnostics& diagnostics) {
  scenario::ScenarioLoader loader;
  auto loaded = loader.load_file(file, diagnostics);
  if (!loaded) return std::nullopt;
  if (!loaded->from_contract) return std::move(loaded->scenario);
  run::RuleLibrary library;
  prove::Expander expander;
  auto rules = library.rules_of(*loaded->scenario.system, diagnostics);
  std::vector<std::string> known;
  for (auto& one : expander.expand(std::move(*loaded), std::move(rules), diagnostics)) {
    if (one.name == name) return std::move(one);
    known.push_back(one.name);
  }
  if (!diagnostics.ok()) return std::nullopt;
  Error error = input_error({file, 0, 0},
                            fmt::format("none of its {} scenarios is \"{}\", as the evidence is",
                                        known.size(), printable(name)));
  diagnostics.add(std::move(error));
  return std::nullopt;
}

ExitCode judge(const JudgeOptions& options) {
  Diagnostics diagnostics;
  auto evidence = run::load_evidence(options.evidence);
  const std::string name = evidence.has_value() ? evidence->run.scenario : "";
  const auto scenario = scenario_of(options.scenario, name, diagnostics);
  if (evidence.has_error()) diagnostics.add(evidence.error());
  if (!scenario || !diagnostics.ok()) {
    complain(diagnostics.render());
    return ExitCode::kBadInput;
  }
  watch_interrupts();
  note_differences(evidence->run, *scenario);
  reports::RunSummary summary;
  summary.version = kVersion;
  summary.started = system_clock().now();
  const Nanos began = system_clock().monotonic();
  assertions::Verdict verdict = assertions::judge(*scenario, *evidence);
  summary.took = system_clock().monotonic() - began;
  summary.scenarios.push_back(reports::summarise(*evidence, std::move(verdict), summary.took));
  summary.scenarios.back().run.scenario = scenario->name;
  const reports::ConsoleOptions console{colour_wanted(), options.timeline};
  print(reports::render_console(summary.scenarios.front(), console));
  print(reports::render_console_total(summary, console));
  if (!write_reports(summary, options.reports)) return ExitCode::kInconclusive;
  switch (reports::outcome_of(summary.scenarios.front())) {
    case assertions::Outcome::kPass:
      return ExitCode::kPassed;
    case assertions::Outcome::kFail:
      return ExitCode::kFailed;
    case assertions::Outcome::kInconclusive:
      break;
  }
  return ExitCode::kInconclusive;
}

}  // namespace

void add_judge_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<JudgeOptions>();
  CLI::App* command =
      app.add_subcommand("judge", "Judge saved evidence against a scenario, without running it");
  command->add_option("evidence", options->evidence, "File written by `tocsin run --evidence`")
      ->required()
      ->type_name("");
  command->add_option("scenario", options->scenario, "Scenario file")->required()->type_name("");
  command->add_flag("--timeline", options->timeline, "Show the timeline of a passing scenario too");
  add_report_options(*command, options->reports);
  command->callback([&chosen, options] { chosen = [options] { return judge(*options); }; });
}

}  // namespace tocsin::cli
