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

ExitCode judge(const JudgeOptions& options) {
  Diagnostics diagnostics;
  scenario::ScenarioLoader loader;
  const auto scenario = loader.load(options.scenario, diagnostics);
  auto evidence = run::load_evidence(options.evidence);
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
