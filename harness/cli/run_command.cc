#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "assertions/judge.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/cli/artefacts.h"
#include "harness/cli/command.h"
#include "harness/cli/dashboard_flags.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/report_files.h"
#include "harness/cli/stack_flags.h"
#include "harness/cli/tasks.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/http/url.h"
#include "harness/run/live.h"
#include "harness/run/simulate.h"
#include "reports/formats.h"

/// `tocsin run`: scenarios in, verdict and reports out.

namespace tocsin::cli {
namespace {

struct RunCommandOptions {
  TaskOptions tasks;
  bool list = false;
  std::string target_url;
  bool insecure = false;
  std::string ca_file;
  StackFlags stack;
  DashboardFlags dashboards;
  unsigned jobs = 0;
  unsigned live_jobs = 1;
  bool timelines = false;
  ArtefactOptions artefacts;
  ReportFiles reports;
};

std::vector<std::string> files_of(const std::vector<Task>& tasks) {
  std::vector<std::string> files;
  for (const Task& task : tasks) files.push_back(task.scenario.file);
  return files;
}

/// How live scenarios are going: the one that runs, or, of several side by side, all together.
class LiveProgressBar {
 public:
  /// `scenarios`: how many will run; 0: they come one after another.
  explicit LiveProgressBar(std::size_t scenarios) : scenarios_(scenarios) {}

  void show(std::size_t index, std::string_view name, const run::LiveProgress& progress) {
    const std::lock_guard lock(mutex_);
    if (scenarios_ == 0) return show_line(name, progress);
    running_[index] = progress;
    run::LiveProgress all;
    for (const auto& [one, its] : running_) {
      all.pending += its.pending;
      all.firing += its.firing;
      all.ledger.completed += its.ledger.completed;
      // The one that takes longest says when they are done.
      if (its.planned - its.elapsed >= all.planned - all.elapsed) {
        all.planned = its.planned;
        all.elapsed = its.elapsed;
      }
    }
    show_line(fmt::format("{} live, {} of {} done", running_.size(), done_, scenarios_), all);
  }

  void finished(std::size_t index) {
    const std::lock_guard lock(mutex_);
    running_.erase(index);
    ++done_;
    bar_.clear();
  }

 private:
  void show_line(std::string_view title, const run::LiveProgress& progress) {
    bar_.show(title, progress.elapsed, progress.planned,
              fmt::format("{} requests, {} alerts pending, {} firing", progress.ledger.completed,
                          progress.pending, progress.firing));
  }

  const std::size_t scenarios_;
  std::mutex mutex_;
  ProgressBar bar_;
  std::map<std::size_t, run::LiveProgress> running_;
  std::size_t done_ = 0;
};

class Runner {
 public:
  Runner(const RunCommandOptions& options, RealStack stack, run::DashboardOptions dashboards,
         std::vector<Task> tasks)
      : options_(options),
        stack_(std::move(stack)),
        dashboards_(std::move(dashboards)),
        tasks_(std::move(tasks)),
        artefacts_(options.artefacts, files_of(tasks_)),
        summaries_(tasks_.size()) {}

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
    if (summary.scenarios.size() < tasks_.size()) {
      complain(fmt::format("interrupted: {} of {} scenarios did not run\n",
                           tasks_.size() - summary.scenarios.size(), tasks_.size()));
    }
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
    const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
    side_by_side(tasks_of(false), options_.jobs > 0 ? options_.jobs : cores,
                 [&](std::size_t index) { simulate(index); });
  }

  /// Live ones come one after another unless asked for otherwise: they measure the machine. They
  /// share no port: the kernel chooses all.
  void run_live() {
    const std::vector<std::size_t> mine = tasks_of(true);
    const std::size_t jobs = std::min<std::size_t>(options_.live_jobs, mine.size());
    LiveProgressBar bar(jobs > 1 ? mine.size() : 0);
    side_by_side(mine, jobs, [&](std::size_t index) { live(index, bar); });
  }

  std::vector<std::size_t> tasks_of(bool live) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (tasks_[i].scenario.live == live) found.push_back(i);
    }
    return found;
  }

  void side_by_side(const std::vector<std::size_t>& mine, std::size_t most,
                    const std::function<void(std::size_t)>& run_one) {
    const std::size_t jobs = std::min(most, mine.size());
    std::atomic<std::size_t> next{0};
    const auto work = [&] {
      for (std::size_t n = next++; n < mine.size() && !interrupted(); n = next++) {
        run_one(mine[n]);
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < jobs; ++i) threads.emplace_back(work);
    if (jobs > 0) work();
    for (std::thread& thread : threads) thread.join();
  }

  /// A thread's entry: what is thrown (no memory is left) ends here.
  void simulate(std::size_t index) {
    const Nanos began = system_clock().monotonic();
    const Task& task = tasks_[index];
    try {
      run::SimulationOptions simulation;
      simulation.stop = &interrupted();
      simulation.routing = task.routing.get();
      take(index, run::simulate(task.scenario, *task.rules, simulation), began);
    } catch (const std::bad_alloc&) {
      take_trouble(index, io_error("not enough memory"), began);
    } catch (const std::exception& error) {
      take_trouble(index, io_error(error.what()), began);
    }
  }

  void live(std::size_t index, LiveProgressBar& bar) {
    const Nanos began = system_clock().monotonic();
    const Task& task = tasks_[index];
    try {
      run::LiveOptions live;
      live.time_scale = task.scenario.time_scale;
      live.target_url = options_.target_url;
      live.guard_program = "/proc/self/exe";
      live.verify_tls = !options_.insecure;
      live.ca_file = options_.ca_file;
      live.routing = task.routing.get();
      live.real = stack_.started;
      live.staging = stack_.running;
      live.dashboards = dashboards_;
      live.without_exporters = options_.stack.no_fakes;
      if (!options_.stack.listen.empty()) live.listen = options_.stack.listen;
      live.stop = &interrupted();
      live.progress = [&](const run::LiveProgress& progress) {
        bar.show(index, task.scenario.name, progress);
      };
      auto evidence = run::run_live(task.scenario, *task.rules, live);
      bar.finished(index);
      if (evidence.has_error()) {
        take_trouble(index, evidence.error(), began);
      } else {
        take(index, *evidence, began);
      }
    } catch (const std::bad_alloc&) {
      bar.finished(index);
      take_trouble(index, io_error("not enough memory"), began);
    } catch (const std::exception& error) {
      bar.finished(index);
      take_trouble(index, io_error(error.what()), began);
    }
  }

  void take(std::size_t index, const Evidence& evidence, Nanos began) {
    if (!artefacts_.keep(index, evidence)) artefact_failed_ = true;
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
    summary.run.mode = scenario.live ? RunMode::kLive : RunMode::kSimulated;
    summary.trouble = to_string(error);
    for (const std::string& context : error.context) summary.trouble += ", " + context;
    summary.took = system_clock().monotonic() - began;
    finished(index, std::move(summary));
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

  const RunCommandOptions& options_;
  RealStack stack_;
  run::DashboardOptions dashboards_;
  std::vector<Task> tasks_;
  Artefacts artefacts_;
  std::vector<std::optional<reports::ScenarioSummary>> summaries_;
  std::mutex mutex_;
  std::size_t printed_ = 0;
  std::atomic<bool> artefact_failed_{false};
};

/// Flags that only live runs heed are mistakes in any other.
Result<void> check_live_flags(const RunCommandOptions& options, const std::vector<Task>& tasks) {
  if (!options.target_url.empty()) {
    const auto url = http::parse_url(options.target_url);
    if (url.has_error()) return flag_error("--target", url.error());
  }
  if (!options.ca_file.empty()) {
    const auto readable = read_file(options.ca_file);
    if (readable.has_error()) return flag_error("--ca-file", readable.error());
  }
  const bool real = options.stack.stack == "real";
  if (options.live_jobs > 1) {
    const char* why = nullptr;
    if (real) {
      why = "--stack real: one stack runs at a time";
    } else if (!options.target_url.empty()) {
      why = "--target: the scenarios would drive the same service";
    } else if (!options.stack.prometheus.empty()) {
      why = "--prometheus: the scenarios' fakes would listen on the same ports";
    }
    if (why != nullptr) return input_error({}, std::string("--live-jobs does not go with ") + why);
  }
  const auto is_made_outside = [](const faults::Fault& fault) {
    return fault.is_made_outside(false);
  };
  const auto acts = [&](const Task& task) {
    const auto& faults = task.scenario.faults;
    return task.scenario.live && std::any_of(faults.begin(), faults.end(), is_made_outside);
  };
  if (options.live_jobs > 1 && std::any_of(tasks.begin(), tasks.end(), acts)) {
    return input_error({},
                       "--live-jobs does not go with faults by run, http or toxiproxy: the "
                       "scenarios would be in each other's way");
  }
  const auto is_live = [](const Task& task) { return task.scenario.live; };
  if (std::any_of(tasks.begin(), tasks.end(), is_live)) return {};
  const char* flag = options.tasks.time_scale      ? "--time-scale"
                     : !options.target_url.empty() ? "--target"
                     : options.insecure            ? "--insecure"
                     : !options.ca_file.empty()    ? "--ca-file"
                     : options.live_jobs > 1       ? "--live-jobs"
                                                   : given_stack_flag(options.stack);
  if (flag == nullptr) flag = given_dashboard_flag(options.dashboards);
  if (flag == nullptr) return {};
  Error error = input_error({}, fmt::format("{} is for live runs, and no scenario is live", flag));
  error.hints.emplace_back("add --live");
  return error;
}

ExitCode run_scenarios(const RunCommandOptions& options) {
  std::optional<std::vector<Task>> tasks = load_tasks(options.tasks);
  if (!tasks) return ExitCode::kBadInput;
  const auto checked = check_live_flags(options, *tasks);
  if (checked.has_error()) {
    complain(render(checked.error()));
    return ExitCode::kBadInput;
  }
  auto stack = real_stack_of(options.stack, options.target_url, *tasks);
  if (stack.has_error()) {
    complain(render(stack.error()));
    return ExitCode::kBadInput;
  }
  auto dashboards = dashboards_of(options.dashboards);
  if (dashboards.has_error()) {
    complain(render(dashboards.error()));
    return ExitCode::kBadInput;
  }
  if (options.list) {
    print(list_of(*tasks));
    return ExitCode::kPassed;
  }
  watch_interrupts();
  return Runner(options, std::move(*stack), std::move(*dashboards), std::move(*tasks)).run();
}

}  // namespace

void add_run_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<RunCommandOptions>();
  CLI::App* command = app.add_subcommand("run", "Run scenarios and judge what happened");
  add_task_options(*command, options->tasks);
  command->add_flag("--list", options->list, "Only show what would run");
  command
      ->add_option("--target", options->target_url,
                   "Live: drive this running service instead of the fake one")
      ->type_name("URL");
  add_stack_options(*command, options->stack);
  add_dashboard_options(*command, options->dashboards);
  command->add_flag("-k,--insecure", options->insecure, "Live: accept any TLS certificate");
  command->add_option("--ca-file", options->ca_file, "Live: PEM file of trusted authorities")
      ->type_name("FILE");
  command
      ->add_option("-j,--jobs", options->jobs, "Simulated scenarios side by side; default: cores")
      ->check(CLI::Range(1u, 1024u).description(""))
      ->type_name("N");
  command
      ->add_option("--live-jobs", options->live_jobs,
                   "Live scenarios side by side; they share the machine that they measure")
      ->check(CLI::Range(1u, 64u).description(""))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--timeline", options->timelines, "Show the timeline of passing scenarios too");
  add_artefact_options(*command, options->artefacts);
  add_report_options(*command, options->reports);
  command->callback([&chosen, options] { chosen = [options] { return run_scenarios(*options); }; });
}

}  // namespace tocsin::cli
