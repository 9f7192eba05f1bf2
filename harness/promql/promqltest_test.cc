#include "harness/promql/promqltest.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "harness/base/file.h"

namespace tocsin::promql {
namespace {

namespace fs = std::filesystem;

fs::path conformance_folder() {
  const char* const named = std::getenv("TOCSIN_CONFORMANCE_DIR");
  const fs::path base = named != nullptr
                            ? fs::path(named)
                            : fs::path(TOCSIN_SOURCE_DIR).parent_path() / "shared" / "conformance";
  return base / "promql";
}

/// How many evals of each of Prometheus' own scripts pass: fewer is a regression.
std::map<std::string, std::size_t> least_passed() {
  std::map<std::string, std::size_t> table;
  const std::string path =
      std::string(TOCSIN_SOURCE_DIR) + "/harness/promql/testdata/conformance_passed.txt";
  std::istringstream lines(read_file(path).value());
  std::string line;
  while (std::getline(lines, line)) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string file;
    std::size_t count = 0;
    words >> file >> count;
    table[file] = count;
  }
  return table;
}

TEST(Conformance, PrometheusOwnScripts) {
  const fs::path folder = conformance_folder();
  if (!fs::is_directory(folder)) {
    std::cout << "no " << folder << ": nothing to compare with\n";
    return;
  }
  const bool verbose = std::getenv("TOCSIN_CONFORMANCE_VERBOSE") != nullptr;
  std::size_t passed_in_all = 0;
  std::size_t evals_in_all = 0;
  for (const auto& [file, least] : least_passed()) {
    const Result<std::string> text = read_file((folder / file).string());
    ASSERT_TRUE(text) << file;
    const auto commands = parse_script(*text, file);
    ASSERT_TRUE(commands) << render(commands.error());
    std::size_t passed = 0;
    const std::vector<EvalOutcome> outcomes = run_script(*commands, script_options());
    for (const EvalOutcome& outcome : outcomes) {
      if (outcome.passed()) {
        ++passed;
      } else if (verbose) {
        std::cout << file << ':' << outcome.line << ": " << outcome.expression << "\n    "
                  << outcome.failure << '\n';
      }
    }
    std::cout << file << ": " << passed << " of " << outcomes.size() << " passed\n";
    EXPECT_GE(passed, least) << file;
    passed_in_all += passed;
    evals_in_all += outcomes.size();
  }
  std::cout << "all: " << passed_in_all << " of " << evals_in_all << " passed\n";
}

}  // namespace
}  // namespace tocsin::promql
