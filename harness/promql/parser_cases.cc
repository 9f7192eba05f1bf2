#include "harness/promql/parser_cases.h"

#include <fstream>
#include <string_view>

#include <gtest/gtest.h>

namespace tocsin::promql {
namespace {

/// Where the text of a directive goes; null when it is unknown or stands before any case.
std::string* field(std::vector<ParserCase>& cases, std::string_view directive) {
  if (directive == "expr") return &cases.emplace_back().text;
  if (cases.empty()) return nullptr;
  ParserCase& current = cases.back();
  if (directive == "prints") return &current.prints;
  if (directive == "part") return &current.parts.emplace_back();
  if (directive == "error") return &current.errors.emplace_back();
  if (directive == "hint") return &current.errors.emplace_back("hint: ");
  return nullptr;
}

}  // namespace

std::vector<ParserCase> read_parser_cases(const std::string& path) {
  std::vector<ParserCase> cases;
  std::ifstream file(path);
  std::string* last = nullptr;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t space = line.find(' ');
    const std::string directive = line.substr(0, space);
    const std::string text = space == std::string::npos ? "" : line.substr(space + 1);
    if (directive == "...") {
      if (last) last->append("\n" + text);
      continue;
    }
    last = field(cases, directive);
    if (!last) {
      ADD_FAILURE() << path << ":" << number << ": unknown directive " << directive;
      return {};
    }
    if (directive == "expr") cases.back().where = path + ":" + std::to_string(number);
    *last += text;
  }
  if (cases.empty()) ADD_FAILURE() << path << ": no cases";
  return cases;
}

}  // namespace tocsin::promql
