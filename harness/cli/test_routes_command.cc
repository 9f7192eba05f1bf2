#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/routetest/run.h"

/// `tocsin test routes`: who is told of which alert, and when.

namespace tocsin::cli {
namespace {

using routetest::FileResult;
using RouteOutcome = routetest::CaseResult::Outcome;

struct TestRoutesOptions {
  std::vector<std::string> files;
  routetest::RunOptions run;
  std::string junit;
  bool verbose = false;
};

void print_routes_file(const FileResult& file, bool verbose) {
  for (const std::string& warning : file.warnings) {
    complain("warning: " + printable(warning) + '\n');
  }
  if (file.refusal.empty()) return print(render_text(file, verbose));
  complain(file.refusal);
  print(fmt::format("FAIL  {}: refused\n", printable(file.path)));
}

ExitCode conclude_routes(const std::vector<FileResult>& files, bool written) {
  std::size_t passed = 0;
  std::size_t failed = 0;
  bool refused = false;
  for (const FileResult& file : files) {
    passed += file.count(RouteOutcome::kPassed);
    failed += file.count(RouteOutcome::kFailed);
    refused = refused || !file.refusal.empty();
  }
  if (interrupted()) complain("interrupted: not every test was run\n");
  if (passed + failed == 0 && !refused) complain("no case was run: this proves nothing\n");
  print(fmt::format("{} passed, {} failed\n", passed, failed));
  if (interrupted()) return ExitCode::kInconclusive;
  if (refused) return ExitCode::kBadInput;
  if (!written || passed + failed == 0) return ExitCode::kInconclusive;
  return failed > 0 ? ExitCode::kFailed : ExitCode::kPassed;
}

ExitCode test_routes(const TestRoutesOptions& options) {
  for (const std::string& pattern : options.run.run) {
    const Result<bool> found = regex_search(pattern, "");
    if (!found.has_error()) continue;
    complain(render(flag_error("--run", found.error())));
    return ExitCode::kBadInput;
  }
  watch_interrupts();
  const Nanos began = system_clock().monotonic();
  std::vector<FileResult> files;
  for (const std::string& path : options.files) {
    if (interrupted()) break;
    files.push_back(routetest::run_file(path, options.run));
    print_routes_file(files.back(), options.verbose);
  }
  bool written = true;
  if (!options.junit.empty()) {
    const Nanos took = system_clock().monotonic() - began;
    const auto result = write_file_atomically(options.junit, render_junit(files, took));
    written = !result.has_error();
    if (!written) complain(render(result.error()));
  }
  return conclude_routes(files, written);
}

}  // namespace

void add_test_routes_command(CLI::App& test, Action& chosen) {
  auto options = std::make_shared<TestRoutesOptions>();
  CLI::App* command =
      test.add_subcommand("routes", "Run tests of Alertmanager's routing on a virtual clock");
  command->add_option("files", options->files, "Test files")->required()->type_name("");
  command
      ->add_option("--config", options->run.config,
                   "This alertmanager.yml instead of the files' own config")
      ->type_name("FILE");
  command
      ->add_option("--run", options->run.run,
                   "Only tests whose name matches one of these regular expressions")
      ->type_name("REGEX");
  command
      ->add_option("--junit", options->junit,
                   "Write the results as JUnit XML, too: a suite a file, a case a case")
      ->type_name("FILE");
  command->add_flag("-v,--verbose", options->verbose, "Show passed cases too");
  command->callback([&chosen, options] { chosen = [options] { return test_routes(*options); }; });
}

}  // namespace tocsin::cli
