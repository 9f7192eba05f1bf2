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

fs::path scripts_folder() {
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

std::vector<EvalOutcome> run(const std::string& script) {
  const auto commands = parse_script(script, "script.test");
  EXPECT_TRUE(commands) << (commands ? "" : render(commands.error()));
  return commands ? run_script(*commands, script_options()) : std::vector<EvalOutcome>();
}

std::string failure(const std::string& script) {
  const std::vector<EvalOutcome> outcomes = run(script);
  EXPECT_EQ(outcomes.size(), 1U);
  return outcomes.empty() ? "" : outcomes.front().failure;
}

TEST(Script, SaysWhatIsWrong) {
  const std::string load = "load 1m\n  x{a=\"1\"} 1 2 3\n  x{a=\"2\"} 4 5 6\n\n";
  EXPECT_EQ(failure(load + "eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 5\n"), "");
  EXPECT_EQ(failure(load + "eval instant at 1m x\n  x{a=\"1\"} 2\n  x{a=\"2\"} 7\n"),
            "expected 7 for x{a=\"2\"} at 1m, got 5");
  EXPECT_EQ(failure(load + "eval instant at 1m x\n  x{a=\"1\"} 2\n"),
            "unexpected series x{a=\"2\"}, first value 5");
  EXPECT_EQ(failure(load + "eval instant at 1m x{a=\"1\"}\n  x{a=\"1\"} 2\n  x{a=\"3\"} 2\n"),
            "expected series x{a=\"3\"} is missing");
  EXPECT_EQ(failure(load + "eval range from 0 to 2m step 1m sum(x)\n  {} 5 7 _\n"),
            "expected no value of {} at 2m, got 9");
  EXPECT_EQ(failure(load + "eval instant at 1m x + on() x\n  expect fail\n"), "");
  EXPECT_EQ(failure(load + "eval instant at 1m x\n  expect fail\n"),
            "expected a failure, but the query succeeded");
  EXPECT_EQ(failure(load + "eval instant at 2m rate(x[5m])\n  expect no_info\n"),
            "unexpected info: PromQL info: metric might not be a counter, name does not end in "
            "_total/_sum/_count/_bucket: \"x\" (1:6)");
  EXPECT_EQ(failure(load + "eval_ordered instant at 0 sort_desc(x)\n  x{a=\"1\"} 1\n  "
                           "x{a=\"2\"} 4\n"),
            "expected x{a=\"2\"} at another place than 1");
  EXPECT_EQ(failure("eval instant at 0 1 + 1\n  3\n"), "expected 3, got 2");
  EXPECT_EQ(failure("eval instant at 0 \"a\"\n  expect string \"b\"\n"),
            "expected the string \"b\", got \"a\"");
}

TEST(Script, RefusesWhatItDoesNotKnow) {
  const auto error = [](const std::string& script) {
    const auto commands = parse_script(script, "script.test");
    return commands ? std::string("fine") : to_string(commands.error());
  };
  EXPECT_EQ(error("\n\nfrobnicate\n"),
            "script.test:3:1: unknown command \"frobnicate\": expected load, clear or eval");
  EXPECT_EQ(error("load 1m\n  x 1 2 y\n"),
            "script.test:2:9: expected a number, \"stale\" or \"_\"");
  EXPECT_EQ(error("load 1x\n").substr(0, 16), "script.test:1:6:");
  EXPECT_EQ(error("load 1m\n  x 1x9000000\n  y 1x9000000\n  z 1x9000000\n"),
            "script.test:4:3: the script has more than 20000000 values");
  EXPECT_EQ(error("eval instant at 1m x\n  expect nothing\n"),
            "script.test:2:3: unknown expectation \"nothing\"");
  EXPECT_EQ(error("eval range from 2m to 1m step 1m x\n"),
            "script.test:1:1: the range ends before it starts");
  EXPECT_EQ(error("eval instant at 1m x\n  x 1 2\n"),
            "script.test:2:3: an instant query gives one value a series: use \"expect range "
            "vector\"");
}

/// Every eval of every script of a folder.
void expect_to_pass(const std::string& folder, const QueryOptions& options) {
  std::size_t evals = 0;
  const fs::path path = fs::path(TOCSIN_SOURCE_DIR) / "harness/promql/testdata" / folder;
  for (const fs::directory_entry& file : fs::directory_iterator(path)) {
    const auto commands =
        parse_script(read_file(file.path().string()).value(), file.path().string());
    ASSERT_TRUE(commands) << render(commands.error());
    for (const EvalOutcome& outcome : run_script(*commands, options)) {
      EXPECT_TRUE(outcome.passed()) << file.path().string() << ':' << outcome.line << ": "
                                    << outcome.expression << "\n    " << outcome.failure;
      ++evals;
    }
  }
  EXPECT_GT(evals, 0U);
}

TEST(Scripts, Pass) {
  expect_to_pass("scripts", script_options());
}

TEST(Scripts, OfVersion2Pass) {
  QueryOptions options;
  options.version_2 = true;
  expect_to_pass("scripts_2", options);
}

TEST(Conformance, PrometheusOwnScripts) {
  const fs::path folder = scripts_folder();
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
