#pragma once

#include <optional>
#include <string>

#include "harness/ruletest/coverage.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// What is wanted of the coverage of rules.
struct CoverageFlags {
  bool summary = false;
  std::optional<std::string> minimum;
  std::string json;
  std::string junit;
  std::string markdown;

  /// Any of them was given.
  bool wanted() const;
};

void add_coverage_options(CLI::App& command, CoverageFlags& flags);

/// Percent, from "80%" or "80"; none where none was given. An error of the flag.
Result<std::optional<double>> minimum_coverage(const CoverageFlags& flags);

/// How showing the coverage went.
struct CoverageVerdict {
  bool enough = true;   ///< the minimum is met, or none was demanded
  bool written = true;  ///< every file that was wanted
};
/// Prints the summary, writes the files, complains.
CoverageVerdict show_coverage(ruletest::Coverage coverage, std::optional<double> minimum,
                              const CoverageFlags& flags);

}  // namespace tocsin::cli
