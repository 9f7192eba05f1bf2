#pragma once

#include <optional>
#include <string>

#include "harness/ruletest/coverage.h"

/// Coverage as people and programs read it.

namespace tocsin::ruletest {

struct CoverageReport {
  Coverage coverage;
  std::optional<double> minimum;  ///< percent that were demanded

  /// Exact, whatever rounding a text shows. Where there are no points, no minimum is met.
  bool enough() const;
};

/// A line for each file, group and rule, and for each point that is not covered; the total last.
std::string render_coverage_text(const CoverageReport& report, bool colour);
std::string render_coverage_markdown(const CoverageReport& report);
/// As coverage.schema.json has it.
std::string render_coverage_json(const CoverageReport& report, std::string_view tocsin_version);
/// A suite for each group of rules, a case for each point. Points that are not covered are
/// failures, but skipped where no minimum was demanded, or it was met.
std::string render_coverage_junit(const CoverageReport& report);

}  // namespace tocsin::ruletest
