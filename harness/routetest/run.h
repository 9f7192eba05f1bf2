#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// Tests of alert routing, all on a virtual clock. A file's keys say which of the formats it is in:
///
///     cases:    behaviour cases of an alert router, `kind` timeline, route, interval or config
///     tests:    items with `labels`: where one alert goes, and how; without a `name` the test is
///               called as the alert is
///               items with `alerts`: several that fire together, as proposed for
///               `amtool config routes test --test-file`: `expected_receivers`,
///               `expected_inhibited`

namespace tocsin::routetest {

struct CaseResult {
  enum class Outcome { kPassed, kFailed, kSkipped };

  std::string name;
  SourcePos pos;
  Outcome outcome = Outcome::kPassed;
  /// What is wrong, or why it was left out; a failure is one or more lines.
  std::vector<std::string> notes;
};

struct RunOptions {
  /// Unanchored regular expressions for names; none: all.
  std::vector<std::string> run;
  /// Instead of the files' own `config`; empty: none.
  std::string config;
};

struct FileResult {
  std::string path;
  std::string refusal;  ///< rendered; empty: its input was good
  std::vector<std::string> warnings;
  std::vector<CaseResult> cases;

  std::size_t count(CaseResult::Outcome outcome) const;
};

inline constexpr std::size_t kLargestTestFile = 16 << 20;

FileResult run_file(const std::string& path, const RunOptions& options);
FileResult run_text(const std::string& path, std::string text, const RunOptions& options);

/// A file's line, and what failed or was left out; with `verbose` what passed, too.
std::string render_text(const FileResult& file, bool verbose);
std::string render_junit(std::span<const FileResult> files, Nanos took);

}  // namespace tocsin::routetest
