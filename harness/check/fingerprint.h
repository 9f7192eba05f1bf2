#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/check/finding.h"

/// What reports for code hosts need to know a finding again.

namespace tocsin::check {

/// Relative to the working folder, which is the repository's root where such reports are made.
std::string path_in_repository(const std::string& path);

/// Numbers findings in the order of a report. What lies between them doesn't count, so that a
/// finding keeps its fingerprint when lines above it come and go.
class Fingerprints {
 public:
  /// Differs from all others of this object.
  std::string next(const Finding& finding);

 private:
  std::map<std::uint64_t, int> times_;
};

}  // namespace tocsin::check
