#pragma once

#include <string>

#include "reports/summary.h"

/// The report formats: one function, one file each.

namespace tocsin::reports {

struct ConsoleOptions {
  bool colour = false;
  bool timelines_of_all = false;  ///< of passing scenarios too
};
/// One scenario as it ends: a line when it passed; for the others every judgement that did not
/// pass, with what was seen around it, and the scenario's timeline.
std::string render_console(const ScenarioSummary& scenario, const ConsoleOptions& options);
/// The last lines: how many passed, how many did not.
std::string render_console_total(const RunSummary& run, const ConsoleOptions& options);

/// report.json: see report.schema.json beside this file.
std::string render_json(const RunSummary& run);

struct JunitOptions {
  /// Inconclusive judgements are failures instead of skipped tests.
  bool strict_inconclusive = false;
};
/// JUnit XML as Jenkins' junit-10.xsd and GitLab read it: a test suite a scenario, a test case an
/// expectation.
std::string render_junit(const RunSummary& run, const JunitOptions& options = {});

/// Markdown for a pull request's summary: a table, then what did not pass, folded.
std::string render_markdown(const RunSummary& run);

}  // namespace tocsin::reports
