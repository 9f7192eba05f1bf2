#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "harness/promql/parser.h"

/// Prometheus' own test scripts, when they are at hand: TOCSIN_CONFORMANCE_DIR, or the folder
/// shared/conformance beside the project. Every expression evaluated there must parse, and its
/// canonical text must parse to the same.

namespace tocsin::promql {
namespace {

std::filesystem::path conformance_folder() {
  const char* const set = std::getenv("TOCSIN_CONFORMANCE_DIR");
  const std::filesystem::path beside = TOCSIN_SOURCE_DIR "/../shared/conformance";
  return (set ? std::filesystem::path(set) : beside) / "promql";
}

/// The words before an expression: eval instant at 5m EXPR, eval range from A to B step C EXPR.
std::optional<std::string> expression_of(const std::string& line) {
  std::string_view rest = line;
  const auto word = [&rest]() {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const std::string_view found = rest.substr(0, rest.find_first_of(" \t"));
    rest.remove_prefix(found.size());
    return found;
  };
  if (word().substr(0, 4) != "eval") return std::nullopt;
  int words_to_skip = word() == "range" ? 6 : 2;
  if (words_to_skip == 2 && rest.substr(0, 4) != " at ") words_to_skip = 0;
  while (words_to_skip-- > 0) word();
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  return std::string(rest);
}

/// How many expressions the file holds.
int check_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  int count = 0;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::optional<std::string> text = expression_of(line);
    if (!text) continue;
    ++count;
    const Result<Expression> expression = parse_expression(*text);
    EXPECT_TRUE(expression) << path << ":" << number << ": " << *text;
    if (!expression) continue;
    const std::string printed = print(*expression->root);
    const Result<Expression> again = parse_expression(printed);
    EXPECT_TRUE(again && print(*again->root) == printed)
        << path << ":" << number << ": " << printed;
  }
  return count;
}

TEST(Conformance, ParsesWhatPrometheusTests) {
  const std::filesystem::path folder = conformance_folder();
  if (!std::filesystem::is_directory(folder)) {
    std::cout << "not at hand, so not tested: " << folder << '\n';
    return;
  }
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") count += check_file(entry.path());
  }
  EXPECT_GT(count, 0);
  std::cout << count << " expressions\n";
}

}  // namespace
}  // namespace tocsin::promql
