#pragma once

#include <span>
#include <string>

#include "harness/ruletest/run.h"

/// Results as people read them.

namespace tocsin::ruletest {

struct TextOptions {
  bool colour = false;
  bool diff = false;        ///< lines with - and + instead of two columns
  bool every_case = false;  ///< passed ones too
};

/// One file's results: a line for the file; for each case that did not pass, a line with file,
/// position, test and case, and what was expected and seen.
std::string render_text(const std::string& path, std::span<const GroupResult> results,
                        const TextOptions& options);

/// What a failure shows below its first line, without colours: for reports.
std::string render_details(const CaseResult& result, bool diff);

}  // namespace tocsin::ruletest
