#include "harness/cli/stack_flags.h"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace tocsin::cli {

void add_stack_options(CLI::App& command, StackFlags& flags) {
  command
      .add_option("--stack", flags.stack,
                  "Live: who monitors; embedded (this process) or real (Prometheus and "
                  "Alertmanager, which it starts)")
      ->check(CLI::IsMember({"embedded", "real"}).description(""))
      ->type_name("STACK");
  command
      .add_option("--prometheus-bin", flags.prometheus_bin,
                  "With --stack real: this Prometheus; default: the one in PATH")
      ->type_name("FILE");
  command
      .add_option("--alertmanager-bin", flags.alertmanager_bin,
                  "With --stack real: this Alertmanager; default: the one in PATH")
      ->type_name("FILE");
  command.add_flag("--keep-logs", flags.keep_logs,
                   "With --stack real: keep logs and configuration of runs that went well, too");
}

const char* given_stack_flag(const StackFlags& flags) {
  if (flags.stack != "embedded") return "--stack";
  if (!flags.prometheus_bin.empty()) return "--prometheus-bin";
  if (!flags.alertmanager_bin.empty()) return "--alertmanager-bin";
  return flags.keep_logs ? "--keep-logs" : nullptr;
}

Result<std::optional<run::RealStackOptions>> real_stack_of(const StackFlags& flags,
                                                           const std::vector<Task>& tasks) {
  if (flags.stack != "real") {
    const char* given = given_stack_flag(flags);
    if (given == nullptr) return std::optional<run::RealStackOptions>();
    return input_error({}, std::string(given) + " is for --stack real");
  }
  run::RealStackOptions real;
  real.keep_logs = flags.keep_logs;
  TRY(real.prometheus, stack::find_program(stack::ProgramKind::kPrometheus, flags.prometheus_bin));
  const bool routed = std::any_of(tasks.begin(), tasks.end(), [](const Task& task) {
    return task.scenario.live && !task.scenario.system->alertmanager_file.empty();
  });
  if (routed || !flags.alertmanager_bin.empty()) {
    TRY(real.alertmanager,
        stack::find_program(stack::ProgramKind::kAlertmanager, flags.alertmanager_bin));
  }
  return std::optional<run::RealStackOptions>(std::move(real));
}

}  // namespace tocsin::cli
