#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/time.h"
#include "harness/ruletest/run.h"

/// Results as programs read them.

namespace tocsin::ruletest {

/// One test file. Everything outlives the call.
struct FileReport {
  std::string path;
  std::string refusal;                  ///< why it was not run; empty: it was
  std::vector<std::string> complaints;  ///< what else is a failure, one line each
  std::span<const GroupResult> results;
};

/// A suite a file, a case a case; a rule that could not be evaluated and a complaint are cases that
/// failed, a refused file is one error.
std::string render_results_junit(std::span<const FileReport> files, Nanos took);
/// As results.schema.json has it.
std::string render_results_json(std::span<const FileReport> files, std::string_view tocsin_version);

}  // namespace tocsin::ruletest
