#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/scenario_mutation.h"
#include "harness/cli/terminal.h"
#include "harness/ruletest/mutation_run.h"
#include "harness/ruletest/mutation_text.h"

/// `tocsin mutate`: do the tests notice when a rule is wrong?

namespace tocsin::cli {
namespace {

using ruletest::MutationCounts;
using ruletest::MutationInput;
using ruletest::RuleResult;

struct MutateOptions {
  std::vector<std::string> files;
  std::vector<std::string> rules;
  std::vector<std::string> run;
  std::string version = "3";
  std::string min_score;
  std::string json;
  std::string junit;
  bool ignore_unknown_fields = false;
  bool list = false;
  bool verbose = false;
  unsigned jobs = 0;
};

/// "80%" or "80".
Result<double> parse_percentage(std::string text) {
  if (text.ends_with('%')) text.pop_back();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(value >= 0 && value <= 100)) {
    return input_error({}, "expected a percentage from 0% to 100%");
  }
  return value;
}

/// Test files and scenarios of the command line. A scenario is a folder, or a file that has one of
/// its keys and none of a test file's.
bool is_scenario(const std::string& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return true;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  const Result<std::string> text = read_file(path, ruletest::kLargestTestFile);
  if (text.has_error()) return false;
  const auto has_key = [&](const std::string& keys) {
    return regex_search("(?m)^(" + keys + ")\\s*:", *text).value();
  };
  return has_key("system|expect") && !has_key("tests|rule_files");
}

/// All files with their rules; nothing, after complaints, when any is refused.
std::optional<std::vector<MutationInput>> load_mutation_inputs(
    const MutateOptions& options, const std::vector<std::string>& paths) {
  const promql::ParseOptions language{.version_2 = options.version == "2"};
  ruletest::RuleLoader loader(
      options.rules,
      options.ignore_unknown_fields ? rules::UnknownKeys::kIgnore : rules::UnknownKeys::kRefuse,
      language);
  Diagnostics diagnostics;
  std::vector<MutationInput> inputs;
  for (const std::string& path : paths) {
    MutationInput input;
    input.tests = ruletest::load_test_file(path, options.run, diagnostics, language);
    if (diagnostics.ok() && !input.tests.groups.empty()) {
      input.rules = loader.load(input.tests, diagnostics);
    }
    for (const Error& missing : input.rules.missing) {
      complain("warning: " + printable(to_string(missing)) + '\n');
    }
    inputs.push_back(std::move(input));
  }
  if (diagnostics.ok()) return inputs;
  complain(diagnostics.render());
  return std::nullopt;
}

bool write_mutation_file(const std::string& path, const std::string& bytes) {
  if (path.empty()) return true;
  const auto written = write_file_atomically(path, bytes);
  if (written.has_error()) complain(render(written.error()));
  return !written.has_error();
}

class Mutate {
 public:
  Mutate(const MutateOptions& options, double min_score)
      : options_(options), min_score_(min_score) {
    how_.version_2 = options.version == "2";
    how_.list_only = options.list;
    how_.jobs = options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
    how_.stopped = [] { return interrupted().load(); };
  }

  ExitCode run() {
    if (!load()) return ExitCode::kBadInput;
    watch_interrupts();
    if (!options_.list && !pass_unchanged()) return ExitCode::kInconclusive;
    const std::vector<RuleResult> results = run_with_progress();
    print(options_.list
              ? ruletest::render_mutation_list(results)
              : ruletest::render_mutation_text(results, {colour_wanted(), options_.verbose}));
    const bool written =
        (options_.json.empty() ||
         write_mutation_file(options_.json, ruletest::render_mutation_json(results))) &&
        (options_.junit.empty() ||
         write_mutation_file(options_.junit, ruletest::render_mutation_junit(results)));
    return written ? conclude(ruletest::count(results)) : ExitCode::kInconclusive;
  }

 private:
  bool load() {
    TaskOptions scenarios;
    std::vector<std::string> tests;
    for (const std::string& path : options_.files) {
      (is_scenario(path) ? scenarios.paths : tests).push_back(path);
    }
    auto inputs = load_mutation_inputs(options_, tests);
    auto tasks = scenarios.paths.empty() ? std::vector<Task>() : load_tasks(scenarios);
    if (!inputs || !tasks) return false;
    inputs_ = std::move(*inputs);
    for (Task& task : *tasks) {
      if (!task.scenario.live) {
        tasks_.push_back(std::move(task));
        continue;
      }
      complain(
          fmt::format("warning: {}: a live scenario is left out: it takes its time with "
                      "every mutant\n",
                      printable(task.scenario.file)));
    }
    return true;
  }

  bool pass_unchanged() const {
    std::vector<std::string> failures = ruletest::failures_of(inputs_, how_);
    for (std::string& failure : scenario_failures(tasks_, how_)) {
      failures.push_back(std::move(failure));
    }
    if (failures.empty()) return true;
    complain("error: the tests fail with the rules as they are, so mutants would say nothing:\n");
    for (const std::string& failure : failures) complain("  " + printable(failure) + '\n');
    complain("  hint: tocsin test rules, or tocsin run, shows what was expected\n");
    return false;
  }

  std::vector<RuleResult> run_with_progress() {
    ProgressBar bar;
    how_.progress = [&](std::size_t done, std::size_t all) {
      bar.show("mutate", Duration(done), Duration(all), fmt::format("{} of {} rules", done, all));
    };
    std::vector<RuleResult> results = ruletest::run_mutants(inputs_, how_);
    ruletest::merge(run_scenario_mutants(tasks_, how_), results);
    bar.clear();
    return results;
  }

  ExitCode conclude(const MutationCounts& counts) const {
    if (interrupted()) {
      complain("interrupted: not every mutant was run\n");
      return ExitCode::kInconclusive;
    }
    if (options_.list) return ExitCode::kPassed;
    if (counts.judged() == 0) {
      complain("no mutant made a difference in any test: this proves nothing\n");
      return ExitCode::kInconclusive;
    }
    if (counts.score() >= min_score_) return ExitCode::kPassed;
    complain(fmt::format("the score is below {}%\n", min_score_));
    return ExitCode::kFailed;
  }

  const MutateOptions& options_;
  const double min_score_;
  std::vector<MutationInput> inputs_;
  std::vector<Task> tasks_;
  ruletest::MutationOptions how_;
};

ExitCode mutate(const MutateOptions& options) {
  for (const std::string& pattern : options.run) {
    const Result<bool> found = regex_search(pattern, "");
    if (!found.has_error()) continue;
    complain(render(flag_error("--run", found.error())));
    return ExitCode::kBadInput;
  }
  const Result<double> min_score =
      options.min_score.empty() ? Result<double>(0.0) : parse_percentage(options.min_score);
  if (min_score.has_error()) {
    complain(render(flag_error("--min-score", min_score.error())));
    return ExitCode::kBadInput;
  }
  return Mutate(options, *min_score).run();
}

void add_mutation_inputs(CLI::App& command, MutateOptions& options) {
  command
      .add_option("files", options.files,
                  "Test files in promtool's format, scenarios, or folders of scenarios;\n"
                  "- is a test file on standard input")
      ->required()
      ->type_name("");
  command
      .add_option("--rules", options.rules,
                  "Rule files instead of the tests' own rule_files; - is standard input")
      ->type_name("FILE");
  command
      .add_option("--run", options.run,
                  "Only tests whose name matches one of these regular expressions")
      ->type_name("REGEX");
  add_promql_option(command, options.version);
  command.add_flag("--ignore-unknown-fields", options.ignore_unknown_fields,
                   "Accept unknown keys in rule files");
}

}  // namespace

void add_mutate_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<MutateOptions>();
  CLI::App* command = app.add_subcommand(
      "mutate", "Change one thing at a time in the rules and see whether their tests notice");
  command->footer(
      "A mutant is killed when a case fails with it. It survives when alerts or recorded samples\n"
      "differ at some step and no case notices. Where they are the same at every step of every\n"
      "test, no test data tells the mutant from the rule, and it does not count; nor do mutants\n"
      "of rules that no test reaches. The score: killed out of killed and survived.");
  add_mutation_inputs(*command, *options);
  command->add_option("--min-score", options->min_score, "Fail when fewer mutants are killed")
      ->type_name("PERCENT");
  command->add_flag("--list", options->list, "List the mutants and run nothing");
  command->add_flag("-v,--verbose", options->verbose,
                    "Show every mutant, and which case killed it");
  command->add_option("--json", options->json, "Write every mutant as JSON")->type_name("FILE");
  command->add_option("--junit", options->junit, "Write JUnit XML; survivors are failures")
      ->type_name("FILE");
  expect_whole_number(*command->add_option("-j,--jobs", options->jobs,
                                           "So many threads; 0: one for each processor"));
  command->callback([&chosen, options] { chosen = [options] { return mutate(*options); }; });
}

}  // namespace tocsin::cli
