#pragma once

#include <set>
#include <string>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::check {

/// A file beside another.
std::string beside(const std::string& path, const char* name);
/// The same for all ways to name a file.
std::string identity(const std::string& path);

/// Files to look at, by kind, in the order in which they were found.
struct GatheredFiles {
  std::vector<std::string> systems;
  std::vector<std::string> scenarios;
  std::vector<std::string> rule_files;
  std::vector<std::string> pages;
  std::vector<std::string> alertmanagers;
  std::vector<std::string> prometheuses;

  /// False when it has been asked of that file before.
  bool is_new(const std::string& path) { return seen.insert(identity(path)).second; }

  std::set<std::string> seen;
};

/// Files as they are named, and those of a kind that can be checked below folders. Of a system's
/// folder what the system does not use is left out. Paths that lead nowhere go to `diagnostics`.
GatheredFiles gather_files(const std::vector<std::string>& paths, Diagnostics& diagnostics);

}  // namespace tocsin::check
