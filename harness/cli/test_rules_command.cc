#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/regex.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/coverage_flags.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/ruletest/result_report.h"
#include "harness/ruletest/rule_loader.h"
#include "harness/ruletest/run.h"
#include "harness/ruletest/text.h"

/// `tocsin test rules`: promtool's rule unit tests.

namespace tocsin::cli {
namespace {

using ruletest::GroupResult;

struct TestRulesOptions {
  std::vector<std::string> files;
  std::vector<std::string> rules;
  std::vector<std::string> run;
  std::vector<std::string> fail_on;
  std::string version = "3";
  bool ignore_unknown_fields = false;
  bool diff = false;
  bool verbose = false;
  unsigned jobs = 0;
  std::string json;
  std::string junit;
  CoverageFlags coverage;

  bool fails_on(std::string_view what) const {
    return std::any_of(fail_on.begin(), fail_on.end(),
                       [&](const std::string& one) { return one == what || one == "warnings"; });
  }
};

/// What became of one test file.
struct TestedFile {
  std::string path;
  bool started = false;
  std::string refusal;  ///< why its input was refused; empty: it was not
  std::vector<GroupResult> results;
  std::vector<std::string> warnings;       ///< one line each
  std::vector<std::string> complaints;     ///< warnings that are to fail
  std::map<std::string, bool> rule_files;  ///< whether a case depends on a rule of it
  ruletest::Coverage coverage;             ///< when it is wanted
};

/// One test file from reading to results.
class FileTester {
 public:
  FileTester(const TestRulesOptions& options, ruletest::RuleLoader& rules)
      : options_(options), rules_(rules) {}

  TestedFile test(const std::string& path, unsigned jobs) {
    TestedFile tested;
    tested.path = path;
    tested.started = true;
    Diagnostics diagnostics;
    const ruletest::TestFile file = ruletest::load_test_file(
        path, options_.run, diagnostics, {.version_2 = options_.version == "2"});
    tested.path = file.path;
    // Where no test is run, no rule is read: so promtool has it.
    ruletest::RuleSet rules;
    if (diagnostics.ok() && !file.groups.empty()) rules = rules_.load(file, diagnostics);
    if (!diagnostics.ok()) {
      tested.refusal = diagnostics.render();
      return tested;
    }
    warn(tested, file.warnings, "");
    warn(tested, rules.missing, "missing-rule-files");
    if (file.groups.empty()) return tested;
    run(file, rules, jobs, tested);
    for (const GroupResult& group : tested.results) {
      warn(tested, group.unknown_alerts, "unknown-alerts");
      warn(tested, group.unread_inputs, "");
      warn(tested, group.warnings, "promql-warnings");
      for (const auto& one : group.cases) warn(tested, one.warnings, "promql-warnings");
    }
    note_use(rules, tested);
    return tested;
  }

 private:
  void warn(TestedFile& tested, const std::vector<Error>& warnings, std::string_view kind) const {
    const bool fails = !kind.empty() ? options_.fails_on(kind) : options_.fails_on("warnings");
    for (const Error& warning : warnings) {
      std::string line = printable(to_string(warning));
      for (const std::string& hint : warning.hints) line += " (" + printable(hint) + ')';
      (fails ? tested.complaints : tested.warnings).push_back(std::move(line));
    }
  }

  void run(const ruletest::TestFile& file, const ruletest::RuleSet& rules, unsigned jobs,
           TestedFile& tested) const {
    ruletest::RunOptions how;
    how.version_2 = options_.version == "2";
    std::optional<ruletest::CoverageCollector> coverage;
    if (options_.coverage.wanted()) {
      coverage.emplace(rules.files, how);
      how.observe = [&](const ruletest::GroupEvidence& evidence) { coverage->observe(evidence); };
    }
    const ruletest::FileRun run(file, rules.files, how);
    tested.results.resize(file.groups.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t i = next++; i < file.groups.size() && !interrupted(); i = next++) {
        tested.results[i] = run.run(i);
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < std::min<std::size_t>(jobs, file.groups.size()); ++i) {
        others.emplace_back(work);
      }
      work();
    }
    if (coverage) tested.coverage = coverage->coverage();
  }

  static void note_use(const ruletest::RuleSet& rules, TestedFile& tested) {
    std::set<const rules::Rule*> reached;
    for (const GroupResult& group : tested.results) {
      reached.insert(group.reached.begin(), group.reached.end());
    }
    for (const rules::RuleFile& file : rules.files) {
      bool& used = tested.rule_files[file.path];
      for (const rules::RuleGroup& group : file.groups) {
        for (const rules::Rule& rule : group.rules) used = used || reached.count(&rule) > 0;
      }
    }
  }

  const TestRulesOptions& options_;
  ruletest::RuleLoader& rules_;
};

class TestRules {
 public:
  TestRules(const TestRulesOptions& options, std::optional<double> minimum_coverage)
      : options_(options),
        minimum_coverage_(minimum_coverage),
        loader_(options.rules,
                options.ignore_unknown_fields ? rules::UnknownKeys::kIgnore
                                              : rules::UnknownKeys::kRefuse,
                {.version_2 = options.version == "2"}),
        tested_(options.files.size()) {}

  ExitCode run() {
    const Nanos began = system_clock().monotonic();
    const unsigned wanted =
        options_.jobs > 0 ? options_.jobs : std::max(1U, std::thread::hardware_concurrency());
    const auto files = static_cast<unsigned>(std::min<std::size_t>(options_.files.size(), wanted));
    const unsigned inner = std::max(1U, wanted / std::max(1U, files));
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      FileTester tester(options_, loader_);
      for (std::size_t i = next++; i < options_.files.size() && !interrupted(); i = next++) {
        finish(i, tester.test(options_.files[i], inner));
      }
    };
    {
      std::vector<std::jthread> others;
      for (unsigned i = 1; i < files; ++i) others.emplace_back(work);
      work();
    }
    note_unused();
    const bool written = write_results(system_clock().monotonic() - began);
    CoverageVerdict coverage;
    if (options_.coverage.wanted() && !interrupted()) {
      coverage = show_coverage(std::move(coverage_), minimum_coverage_, options_.coverage);
    }
    return conclude(coverage, written);
  }

 private:
  /// Prints what is finished, in the order of the command line.
  void finish(std::size_t i, TestedFile tested) {
    const std::lock_guard lock(mutex_);
    tested_[i] = std::move(tested);
    for (; printed_ < tested_.size() && tested_[printed_].started; ++printed_) {
      print_one(tested_[printed_]);
    }
  }

  void print_one(TestedFile& tested) {
    for (const std::string& warning : tested.warnings) complain("warning: " + warning + '\n');
    for (const std::string& complaint : tested.complaints) complain("error: " + complaint + '\n');
    complaints_ += tested.complaints.size();
    for (const auto& [path, used] : tested.rule_files) {
      bool& in_all = rule_files_[path];
      in_all = in_all || used;
    }
    if (!tested.refusal.empty()) {
      ++refused_;
      complain(tested.refusal);
      print(fmt::format("FAIL  {}: refused\n", printable(tested.path)));
      return;
    }
    for (const GroupResult& group : tested.results) {
      passed_ += group.passed();
      failed_ += group.failed();
    }
    coverage_.merge(std::move(tested.coverage));
    const ruletest::TextOptions text{colour_wanted(), options_.diff, options_.verbose};
    print(ruletest::render_text(tested.path, tested.results, text));
  }

  void note_unused() {
    // A choice of tests says nothing of the others.
    if (interrupted() || !options_.run.empty()) return;
    const bool fails = options_.fails_on("unused-rule-files");
    for (const auto& [path, used] : rule_files_) {
      if (used) continue;
      complain(fmt::format("{}: {}: no test depends on a rule of this file\n",
                           fails ? "error" : "warning", printable(path)));
      if (fails) ++complaints_;
    }
  }

  /// False, after complaints, when a file could not be written. An interrupted run writes what was
  /// finished.
  bool write_results(Nanos took) const {
    std::vector<ruletest::FileReport> files;
    for (const TestedFile& tested : tested_) {
      if (!tested.started) continue;
      files.push_back({tested.path, tested.refusal, tested.complaints, tested.results});
    }
    bool good = true;
    const auto write = [&](const std::string& path, const std::string& bytes) {
      const auto written = write_file_atomically(path, bytes);
      if (!written.has_error()) return;
      complain(render(written.error()));
      good = false;
    };
    if (!options_.json.empty()) write(options_.json, render_results_json(files, kVersion));
    if (!options_.junit.empty()) write(options_.junit, render_results_junit(files, took));
    return good;
  }

  ExitCode conclude(const CoverageVerdict& coverage, bool written) const {
    if (interrupted()) complain("interrupted: not every test was run\n");
    if (passed_ + failed_ + refused_ == 0) complain("no case was run: this proves nothing\n");
    print(fmt::format("{} passed, {} failed\n", passed_, failed_));
    if (interrupted()) return ExitCode::kInconclusive;
    if (refused_ > 0) return ExitCode::kBadInput;
    if (!coverage.written || !written) return ExitCode::kInconclusive;
    return failed_ > 0 || complaints_ > 0 || !coverage.enough ? ExitCode::kFailed
                                                              : ExitCode::kPassed;
  }

  const TestRulesOptions& options_;
  std::optional<double> minimum_coverage_;
  ruletest::RuleLoader loader_;
  std::mutex mutex_;
  std::vector<TestedFile> tested_;
  std::size_t printed_ = 0;
  ruletest::Coverage coverage_;
  std::map<std::string, bool> rule_files_;
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
  std::size_t refused_ = 0;
  std::size_t complaints_ = 0;
};

ExitCode test_rules(const TestRulesOptions& options) {
  for (const std::string& pattern : options.run) {
    const Result<bool> found = regex_search(pattern, "");
    if (!found.has_error()) continue;
    complain(render(flag_error("--run", found.error())));
    return ExitCode::kBadInput;
  }
  const auto minimum = minimum_coverage(options.coverage);
  if (minimum.has_error()) {
    complain(render(minimum.error()));
    return ExitCode::kBadInput;
  }
  return TestRules(options, *minimum).run();
}

void add_checks(CLI::App& command, TestRulesOptions& options) {
  command
      .add_option("--fail-on", options.fail_on,
                  "What else is a failure: missing-rule-files, unused-rule-files, unknown-alerts, "
                  "promql-warnings, or warnings for all of them and every other warning")
      ->delimiter(',')
      ->check(CLI::IsMember({"missing-rule-files", "unused-rule-files", "unknown-alerts",
                             "promql-warnings", "warnings"})
                  .description(""))
      ->type_name("WHAT");
  add_promql_option(command, options.version);
  command.add_flag("--ignore-unknown-fields", options.ignore_unknown_fields,
                   "Accept unknown keys in rule files");
}

}  // namespace

void add_test_rules_command(CLI::App& test, Action& chosen) {
  auto options = std::make_shared<TestRulesOptions>();
  CLI::App* command = test.add_subcommand("rules", "Run rule unit tests in promtool's format");
  command->add_option("files", options->files, "Test files; - is standard input")
      ->required()
      ->type_name("");
  command
      ->add_option("--rules", options->rules,
                   "Rule files instead of the tests' own rule_files; - is standard input")
      ->type_name("FILE");
  command
      ->add_option("--run", options->run,
                   "Only tests whose name matches one of these regular expressions")
      ->type_name("REGEX");
  add_checks(*command, *options);
  add_coverage_options(*command, options->coverage);
  command
      ->add_option("--json", options->json, "Write the results as JSON, too (results.schema.json)")
      ->type_name("FILE");
  command
      ->add_option("--junit", options->junit,
                   "Write them as JUnit XML, too: a suite a file, a case a case")
      ->type_name("FILE");
  command->add_flag("--diff", options->diff, "Show failures as a diff, not side by side");
  command->add_flag("-v,--verbose", options->verbose, "Show passed cases too");
  expect_whole_number(*command->add_option("-j,--jobs", options->jobs,
                                           "So many threads; 0: one for each processor"));
  command->callback([&chosen, options] { chosen = [options] { return test_rules(*options); }; });
}

}  // namespace tocsin::cli
