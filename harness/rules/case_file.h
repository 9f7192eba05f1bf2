#pragma once

#include <string>
#include <vector>

/// The data cases of this folder's tests: a few lines that say what the file is, then
///
///     == section
///     input, any number of lines
///     =>                 or "!!"
///     expectation
///     ----

namespace tocsin::rules {

struct Case {
  std::string where;  ///< file:line, for messages
  std::string section;
  std::string input;
  bool refused = false;  ///< "!!"
  std::string expected;
};

/// All cases of testdata/`name`. Throws TocsinError when the file is malformed or holds none.
std::vector<Case> read_cases(const std::string& name);

}  // namespace tocsin::rules
