#pragma once

#include <string>
#include <vector>

/// Data cases of the parser's tests. A case begins with `expr TEXT`; `... TEXT` adds a line to
/// whatever came before. `prints TEXT`, `part TEXT`, `error LINE:COLUMN+LENGTH MESSAGE` and `hint
/// TEXT` say what is expected. Lines that begin with # are comments.

namespace tocsin::promql {

struct ParserCase {
  std::string where;  ///< file:line
  std::string text;
  std::string prints;
  std::vector<std::string> parts;
  std::vector<std::string> errors;  ///< hints follow as "hint: …"
};

/// Fails the running test when the file is missing, has an unknown directive or no case.
std::vector<ParserCase> read_parser_cases(const std::string& path);

}  // namespace tocsin::promql
