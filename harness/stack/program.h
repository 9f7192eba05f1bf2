#pragma once

#include <string>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::stack {

/// A program of the monitoring stack on this machine.
struct Program {
  std::string name;     ///< "prometheus"
  std::string path;     ///< of the file
  std::string version;  ///< "2.42.0+ds"
  int major = 0;
  int minor = 0;
};

enum class ProgramKind { kPrometheus, kAlertmanager };

/// The file at `given`, or, when that is empty, the first one in PATH of the names that the
/// program goes by; then its version by asking. Errors name what was looked for, and the package
/// that brings it.
Result<Program> find_program(ProgramKind kind, const std::string& given);

/// Major and minor of "2.42.0+ds", "v0.33.1"; zeros where there is no number.
std::pair<int, int> version_numbers(const std::string& version);

/// What follows "version " in the first line that `--version` prints; empty when it is not there.
std::string version_in(const std::string& output);

}  // namespace tocsin::stack
