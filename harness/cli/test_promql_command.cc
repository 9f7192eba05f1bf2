#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/promql/promqltest.h"

/// `tocsin test promql`: Prometheus' PromQL test scripts, held against this evaluator.

namespace tocsin::cli {
namespace {

struct TestPromqlOptions {
  std::vector<std::string> files;
  std::string version = "3";
};

struct Script {
  std::string file;
  std::vector<promql::ScriptCommand> commands;
};

struct Tally {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

/// Every line of `text` behind four blanks.
std::string indented(std::string_view text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  return out + '\n';
}

/// All files, or nothing after complaints about each that is wrong: scripts are read before any is
/// run.
std::optional<std::vector<Script>> read_scripts(const std::vector<std::string>& files) {
  Diagnostics diagnostics;
  std::vector<Script> scripts;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file);
    if (text.has_error()) {
      diagnostics.add(text.error());
      continue;
    }
    auto commands = promql::parse_script(*text, file);
    if (commands.has_error()) {
      diagnostics.add(commands.error());
      continue;
    }
    scripts.push_back({file, std::move(*commands)});
  }
  if (diagnostics.ok()) return scripts;
  complain(diagnostics.render());
  return std::nullopt;
}

Tally run_and_print(const Script& script, const promql::QueryOptions& options) {
  const std::vector<promql::EvalOutcome> outcomes = promql::run_script(script.commands, options);
  Tally tally;
  std::string failures;
  for (const promql::EvalOutcome& outcome : outcomes) {
    ++(outcome.passed() ? tally.passed : tally.failed);
    if (outcome.passed()) continue;
    failures += fmt::format("  {}:{}: {}\n", printable(script.file), outcome.line,
                            printable(outcome.expression));
    failures += indented(outcome.failure);
  }
  print(fmt::format("{}  {}: {} passed, {} failed\n", tally.failed == 0 ? "PASS" : "FAIL",
                    printable(script.file), tally.passed, tally.failed));
  print(failures);
  return tally;
}

ExitCode test_promql(const TestPromqlOptions& options) {
  const auto scripts = read_scripts(options.files);
  if (!scripts) return ExitCode::kBadInput;
  watch_interrupts();
  promql::QueryOptions query = promql::script_options();
  query.version_2 = options.version == "2";
  Tally total;
  bool whole = true;
  for (const Script& script : *scripts) {
    if (interrupted()) whole = false;
    if (!whole) break;
    const Tally tally = run_and_print(script, query);
    total.passed += tally.passed;
    total.failed += tally.failed;
  }
  if (!whole) complain("interrupted: not every file was run\n");
  if (total.passed + total.failed == 0) complain("no eval was run: this proves nothing\n");
  print(fmt::format("{} passed, {} failed\n", total.passed, total.failed));
  if (total.failed > 0) return ExitCode::kFailed;
  return whole && total.passed > 0 ? ExitCode::kPassed : ExitCode::kInconclusive;
}

}  // namespace

void add_test_promql_command(CLI::App& test, Action& chosen) {
  auto options = std::make_shared<TestPromqlOptions>();
  CLI::App* command = test.add_subcommand(
      "promql", "Run PromQL test scripts (load, clear, eval instant, eval range, expect …)");
  command->add_option("files", options->files, "Scripts")->required()->type_name("");
  add_promql_option(*command, options->version);
  command->callback([&chosen, options] { chosen = [options] { return test_promql(*options); }; });
}

}  // namespace tocsin::cli
