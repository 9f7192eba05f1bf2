#include "harness/rules/case_file.h"

#include <sstream>

#include "harness/base/error.h"
#include "harness/base/file.h"

namespace tocsin::rules {

std::vector<Case> read_cases(const std::string& name) {
  const std::string path = std::string(TOCSIN_SOURCE_DIR) + "/harness/rules/testdata/" + name;
  std::istringstream lines(read_file(path).value());
  std::vector<Case> cases;
  Case now;
  std::string section;
  std::string* part = nullptr;  // what is being read; null between cases
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const bool between = part == nullptr && now.where.empty();
    if (between && (line.empty() || line.starts_with("# ") || line.starts_with("#  ") ||
                    line.starts_with("== "))) {
      if (line.starts_with("== ")) section = line.substr(3);
      continue;
    }
    if (between) {
      now.where = name + ':' + std::to_string(number);
      now.section = section;
      part = &now.input;
    }
    if (part == &now.input && (line == "=>" || line == "!!")) {
      now.refused = line == "!!";
      part = &now.expected;
    } else if (part == &now.expected && line == "----") {
      for (std::string* text : {&now.input, &now.expected}) {
        if (text->ends_with('\n')) text->pop_back();
      }
      cases.push_back(std::move(now));
      now = {};
      part = nullptr;
    } else {
      *part += line + '\n';
    }
  }
  if (cases.empty() || part != nullptr) {
    throw TocsinError(input_error({path, 0, 0}, "no cases, or the last one has no end"));
  }
  return cases;
}

}  // namespace tocsin::rules
