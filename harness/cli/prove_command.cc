#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

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
#include "harness/contract/contract.h"
#include "harness/prove/prove.h"
#include "harness/prove/report.h"
#include "harness/scenario/load.h"

/// `tocsin prove`: documented alerts against measured ones.

namespace tocsin::cli {
namespace {

namespace fs = std::filesystem;

struct ProveCommandOptions {
  std::vector<std::string> systems;
  std::string alerts;
  unsigned jobs = 0;
  std::string json;
  std::string junit;
  std::string markdown;
};

bool has_file(const fs::path& folder, const char* name) {
  std::error_code ignored;
  return fs::is_regular_file(folder / name, ignored);
}

/// A system's folder or file, or a folder of such folders: those with a contract.
std::vector<std::string> systems_in(const std::string& path, Diagnostics& diagnostics) {
  std::error_code error;
  if (!fs::is_directory(path, error) || has_file(path, "system.yaml")) return {path};
  std::vector<std::string> found;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (has_file(it->path(), "system.yaml") && has_file(it->path(), "contract.yaml")) {
      found.push_back(it->path().lexically_normal().string());
    }
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    diagnostics.add(io_error("no system.yaml in the folder " + path +
                             ", and no folder with a system.yaml and a contract.yaml"));
  }
  return found;
}

/// Nothing, after complaints, when any input is refused.
std::optional<std::vector<prove::Subject>> load_subjects(const ProveCommandOptions& options) {
  Diagnostics diagnostics;
  run::RuleLibrary library;
  std::vector<prove::Subject> subjects;
  if (const auto filter = regex_search(options.alerts, ""); filter.has_error()) {
    diagnostics.add(flag_error("--alert", filter.error()));
  }
  for (const std::string& path : options.systems) {
    for (const std::string& folder : systems_in(path, diagnostics)) {
      auto system = scenario::load_system(folder, diagnostics);
      if (system == nullptr) continue;
      auto contract = contract::load_contract(*system, diagnostics);
      auto rules = library.rules_of(*system, diagnostics);
      if (!contract) continue;
      subjects.push_back({std::move(system), std::move(rules),
                          std::make_shared<contract::Contract>(std::move(*contract))});
    }
  }
  for (const Error& warning : library.warnings()) {
    complain("warning: " + printable(to_string(warning)) + '\n');
  }
  if (diagnostics.ok()) return subjects;
  complain(diagnostics.render());
  return std::nullopt;
}

bool write_proof(const std::string& path, const std::string& bytes) {
  if (path.empty()) return true;
  const auto written = write_file_atomically(path, bytes);
  if (written.has_error()) complain(render(written.error()));
  return !written.has_error();
}

ExitCode conclude_proof(const prove::Report& report, bool written) {
  using prove::Verdict;
  if (report.count(Verdict::kNotRun) > 0) {
    complain("interrupted: not every alert was driven\n");
    return ExitCode::kInconclusive;
  }
  if (!written) return ExitCode::kInconclusive;
  if (report.proofs.empty()) {
    complain("no alert is chosen: this proves nothing\n");
    return ExitCode::kInconclusive;
  }
  return report.count(Verdict::kAgrees) == report.proofs.size() ? ExitCode::kPassed
                                                                : ExitCode::kFailed;
}

ExitCode prove_systems(const ProveCommandOptions& options) {
  auto subjects = load_subjects(options);
  if (!subjects) return ExitCode::kBadInput;
  watch_interrupts();
  const Nanos began = system_clock().monotonic();
  ProgressBar bar;
  prove::ProveOptions how;
  how.alerts = options.alerts;
  how.jobs = options.jobs > 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
  how.stop = &interrupted();
  how.progress = [&](std::size_t done, std::size_t all) {
    bar.show("prove", Duration(done), Duration(all), fmt::format("{} of {} causes", done, all));
  };
  const prove::Report report = prove::prove(std::move(*subjects), how);
  bar.clear();
  print(prove::render_console(report, colour_wanted()));
  print(fmt::format("Took {}.\n", format_latency(system_clock().monotonic() - began)));
  bool written = options.json.empty() || write_proof(options.json, prove::render_json(report));
  written &= options.junit.empty() || write_proof(options.junit, prove::render_junit(report));
  written &=
      options.markdown.empty() || write_proof(options.markdown, prove::render_markdown(report));
  return conclude_proof(report, written);
}

}  // namespace

void add_prove_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ProveCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "prove", "Measure at which value, and how soon, each documented alert fires");
  command->footer(
      "Each alert of the system's contract.yaml is driven by each of its causes, without noise:\n"
      "first 1% around the documented threshold, then by bisection, down to 0.1% of it. Times are\n"
      "measured with the cause just before a scrape, just after one and between, and with rules\n"
      "evaluated right after the scrapes and right before them: the shortest and the longest are\n"
      "shown. An alert agrees when its threshold is within 1% of the document, its times within "
      "an\n"
      "evaluation interval, and rule and contract say the same.");
  command
      ->add_option("systems", options->systems,
                   "Folders with system.yaml and contract.yaml, or a folder of such folders")
      ->required()
      ->type_name("");
  command->add_option("--alert", options->alerts, "Only alerts whose name this RE2 pattern finds")
      ->type_name("REGEX");
  expect_whole_number(*command->add_option("-j,--jobs", options->jobs,
                                           "So many threads; 0: one for each processor"));
  command->add_option("--json", options->json, "Write everything as JSON")->type_name("FILE");
  command->add_option("--junit", options->junit, "Write JUnit XML")->type_name("FILE");
  command->add_option("--markdown", options->markdown, "Write tables as Markdown")
      ->type_name("FILE");
  command->callback([&chosen, options] { chosen = [options] { return prove_systems(*options); }; });
}

}  // namespace tocsin::cli
