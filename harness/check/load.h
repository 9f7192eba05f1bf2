#pragma once

#include <string>
#include <vector>

#include "harness/check/run.h"
#include "harness/check/subject.h"

namespace tocsin::check {

/// What the paths hold: one subject for each system folder, one for all rule files that stand
/// alone, or beside a system that does not use them.
struct Loaded {
  std::vector<Subject> subjects;
  std::vector<Finding> findings;  ///< of what cannot be read
  std::vector<std::string> files;
};

Loaded load_subjects(const CheckOptions& options, Diagnostics& diagnostics);

/// An error of a reader as a finding.
Finding finding_of(const Error& error, std::string_view check, Severity severity);

}  // namespace tocsin::check
