#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "assertions/judge.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/report_files.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/run/evidence_file.h"
#include "harness/run/live.h"
#include "harness/run/simulate.h"
#include "harness/scenario/load.h"
#include "reports/formats.h"

/// `tocsin run`: scenarios in, verdict and reports out.

namespace tocsin::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  bool live = false;
  std::optional<double> time_scale;
  std::string target_url;
  bool insecure = false;
  std::string ca_file;
  unsigned jobs = 0;
  std::optional<std::uint64_t> seed;
  bool no_noise = false;
  bool timelines = false;
  std::string samples;
  std::string evidence;
  ReportFiles reports;
};

/// A scenario with what it needs to run.
struct Task {
  scenario::Scenario scenario;
  std::shared_ptr<const run::RuleFiles> rules;
};

/// All of the input, or nothing: problems of every file are shown together.
std::optional<std::vector<Task>> load_tasks(const Options& options) {
  Diagnostics diagnostics;
  std::vector<Task> tasks;
  scenario::ScenarioLoader loader;
  run::RuleLibrary library;
  for (const std::string& path : scenario::find_scenarios(options.paths, diagnostics)) {
    std::optional<scenario::Scenario> loaded = loader.load(path, diagnostics);
    if (!loaded) continue;
    if (options.seed) loaded->seed = *options.seed;
    if (options.no_noise) loaded->noise = scenario::Noise::kNone;
    if (options.live) loaded->live = true;
    if (options.time_scale) loaded->time_scale = *options.time_scale;
    auto rules = library.rules_of(*loaded->system, diagnostics);
    tasks.push_back({std::move(*loaded), std::move(rules)});
  }
  if (diagnostics.ok()) return tasks;
  complain(diagnostics.render());
  return std::nullopt;
}

/// Where --samples and --evidence write: the path itself for one scenario, else a folder.
std::string artefact_path(const std::string& path, const std::string& scenario_file, bool several,
                          const char* suffix) {
  if (!several) return path;
  std::string stem = std::filesystem::path(scenario_file).replace_extension().string();
  for (char& c : stem) {
    if (c == '/') c = '_';
  }
  return path + "/" + stem + suffix;
}

class Runner {
 public:
  Runner(const Options& options, std::vector<Task> tasks)
      : options_(options), tasks_(std::move(tasks)), summaries_(tasks_.size()) {}

  ExitCode run() {
    reports::RunSummary summary;
    summary.version = kVersion;
    summary.started = system_clock().now();
    const Nanos began = system_clock().monotonic();
    run_simulated();
    run_live();
    print_finished();
    for (std::optional<reports::ScenarioSummary>& scenario : summaries_) {
      if (scenario) summary.scenarios.push_back(std::move(*scenario));
    }
    summary.took = system_clock().monotonic() - began;
    summary.interrupted = interrupted().load();
    print(reports::render_console_total(summary, console()));
    const bool written = write_reports(summary, options_.reports);
    if (!written || summary.interrupted || artefact_failed_) return ExitCode::kInconclusive;
    if (summary.count(assertions::Outcome::kFail) > 0) return ExitCode::kFailed;
    if (summary.count(assertions::Outcome::kInconclusive) > 0) return ExitCode::kInconclusive;
    return ExitCode::kPassed;
  }

 private:
  reports::ConsoleOptions console() const { return {colour_wanted(), options_.timelines}; }

  /// Simulated scenarios share nothing, so they run side by side.
  void run_simulated() {
    std::vector<std::size_t> mine;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (!tasks_[i].scenario.live) mine.push_back(i);
    }
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    const std::size_t jobs =
        std::min<std::size_t>(options_.jobs > 0 ? options_.jobs : cores, mine.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t n = next++; n < mine.size() && !interrupted(); n = next++) {
        const Nanos began = system_clock().monotonic();
        const Task& task = tasks_[mine[n]];
        run::SimulationOptions simulation;
        simulation.stop = &interrupted();
        take(mine[n], run::simulate(task.scenario, *task.rules, simulation), began);
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < jobs; ++i) threads.emplace_back(work);
    if (jobs > 0) work();
    for (std::thread& thread : threads) thread.join();
  }

  /// Live ones come one after another: they measure the machine.
  void run_live() {
    for (std::size_t i = 0; i < tasks_.size() && !interrupted(); ++i) {
      const Task& task = tasks_[i];
      if (!task.scenario.live) continue;
      const Nanos began = system_clock().monotonic();
      ProgressBar bar;
      run::LiveOptions live;
      live.time_scale = task.scenario.time_scale;
      live.target_url = options_.target_url;
      live.verify_tls = !options_.insecure;
      live.ca_file = options_.ca_file;
      live.stop = &interrupted();
      live.progress = [&](const run::LiveProgress& progress) {
        bar.show(task.scenario.name, progress.elapsed, progress.planned,
                 fmt::format("{} requests, {} alerts pending, {} firing", progress.ledger.completed,
                             progress.pending, progress.firing));
      };
      auto evidence = run::run_live(task.scenario, *task.rules, live);
      bar.clear();
      if (evidence.has_error()) {
        take_trouble(i, evidence.error(), began);
      } else {
        take(i, *evidence, began);
      }
    }
  }

  void take(std::size_t index, const Evidence& evidence, Nanos began) {
    keep_artefacts(evidence);
    assertions::Verdict verdict = assertions::judge(tasks_[index].scenario, evidence);
    finished(index,
             reports::summarise(evidence, std::move(verdict), system_clock().monotonic() - began));
  }

  void take_trouble(std::size_t index, const Error& error, Nanos began) {
    const scenario::Scenario& scenario = tasks_[index].scenario;
    reports::ScenarioSummary summary;
    summary.run.scenario = scenario.name;
    summary.run.scenario_file = scenario.file;
    summary.run.system = scenario.system->name;
    summary.run.mode = RunMode::kLive;
    summary.trouble = to_string(error);
    for (const std::string& context : error.context) summary.trouble += ", " + context;
    summary.took = system_clock().monotonic() - began;
    finished(index, std::move(summary));
  }

  void keep_artefacts(const Evidence& evidence) {
    const bool several = tasks_.size() > 1;
    const auto path = [&](const std::string& given, const char* suffix) {
      return artefact_path(given, evidence.run.scenario_file, several, suffix);
    };
    if (!options_.samples.empty()) {
      const auto written =
          metrics::export_openmetrics(*evidence.samples, path(options_.samples, ".om"));
      if (written.has_error()) artefact_trouble(written.error());
    }
    if (!options_.evidence.empty()) {
      const auto written = run::save_evidence(evidence, path(options_.evidence, ".evidence.gz"));
      if (written.has_error()) artefact_trouble(written.error());
    }
  }

  void artefact_trouble(const Error& error) {
    complain(render(error));
    artefact_failed_ = true;
  }

  /// Results are shown in the order of the scenarios, each as soon as all before it are done.
  void finished(std::size_t index, reports::ScenarioSummary summary) {
    const std::lock_guard lock(mutex_);
    summaries_[index] = std::move(summary);
    while (printed_ < summaries_.size() && summaries_[printed_]) print_next();
  }

  /// What an interrupted run left behind.
  void print_finished() {
    while (printed_ < summaries_.size()) print_next();
  }

  void print_next() {
    const auto& summary = summaries_[printed_++];
    if (summary) print(reports::render_console(*summary, console()));
  }

  const Options& options_;
  std::vector<Task> tasks_;
  std::vector<std::optional<reports::ScenarioSummary>> summaries_;
  std::mutex mutex_;
  std::size_t printed_ = 0;
  std::atomic<bool> artefact_failed_{false};
};

ExitCode run_scenarios(const Options& options) {
  std::optional<std::vector<Task>> tasks = load_tasks(options);
  if (!tasks) return ExitCode::kBadInput;
  return Runner(options, std::move(*tasks)).run();
}

}  // namespace

void add_run_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("run", "Run scenarios and judge what happened");
  command->add_option("paths", options->paths, "Scenario files, or folders of them")
      ->required()
      ->type_name("PATH…");
  command->add_flag("--live", options->live,
                    "On the real clock over real sockets, instead of simulated");
  command
      ->add_option(
          "--time-scale", options->time_scale,
          "Live: divide every duration by N, so that ten minutes pass in ten seconds at 60")
      ->check(CLI::Range(1e-3, 1e4));
  command->add_option("--target", options->target_url,
                      "Live: URL of a running service to drive instead of the fake one");
  command->add_flag("--insecure", options->insecure, "Live: accept any TLS certificate");
  command->add_option("--ca-file", options->ca_file, "Live: PEM file of trusted authorities");
  command
      ->add_option("-j,--jobs", options->jobs, "Simulated scenarios side by side (default: cores)")
      ->check(CLI::Range(1u, 1024u));
  command->add_option("--seed", options->seed, "Seed for all scenarios, instead of their own");
  command->add_flag("--no-noise", options->no_noise, "Expected values instead of random draws");
  command->add_flag("--timeline", options->timelines, "Show the timeline of passing scenarios too");
  command->add_option("--samples", options->samples,
                      "Write all samples as OpenMetrics (a folder for several scenarios)");
  command->add_option("--evidence", options->evidence,
                      "Write the evidence for `tocsin judge` (a folder for several scenarios)");
  add_report_options(*command, options->reports);
  command->callback([&chosen, options] { chosen = [options] { return run_scenarios(*options); }; });
}

}  // namespace tocsin::cli
