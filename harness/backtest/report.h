#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "harness/backtest/backtest.h"
#include "harness/backtest/compare.h"

/// A backtest as text: for a terminal, for machines, for a pull request.

namespace tocsin::backtest {

/// What the rules were held against.
struct SamplesInfo {
  std::string source;  ///< in words: "2 files", "http://prometheus:9090"
  std::size_t series = 0;
  std::size_t samples = 0;
  std::size_t refused = 0;  ///< another value at the same time was there
  /// They came from an API that leaves them out.
  bool without_stale_markers = false;
};

/// All that a report tells.
struct Study {
  std::string version;       ///< of the program
  bool interrupted = false;  ///< not everything was evaluated
  SamplesInfo samples;
  Backtest result;
  /// The backtest of the old rules, and what is not as it was.
  std::optional<Backtest> old_result;
  std::optional<Comparison> comparison;
};

struct ReportOptions {
  bool colour = false;
  /// Lines of episodes in all; of more, those that fired longest are shown. 0: none.
  std::size_t episodes = 50;
};

std::string render_console(const Study& study, const ReportOptions& options);
/// One table for the rules, one for the episodes; text from rules and data is escaped.
std::string render_markdown(const Study& study, const ReportOptions& options);
/// Everything, as backtest.schema.json describes it.
std::string render_json(const Study& study);

}  // namespace tocsin::backtest
