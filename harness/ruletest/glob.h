#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"

namespace tocsin::ruletest {

/// Files that match a pattern, sorted within their folder, as Go's filepath.Glob finds them: "*",
/// "?", "[a-z]", "[^a]" and "\" within a path's parts; "**" is no more than "*". A pattern without
/// these is a file or nothing. The error has no position.
Result<std::vector<std::string>> glob(const std::string& pattern);

/// Whether one part of a path matches.
Result<bool> glob_matches(std::string_view pattern, std::string_view name);

}  // namespace tocsin::ruletest
