#include "harness/cli/stack_flags.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/cli/flags.h"
#include "harness/http/url.h"

namespace tocsin::cli {

namespace {

const char* given_staging_flag(const StackFlags& flags) {
  if (!flags.prometheus.empty()) return "--prometheus";
  if (!flags.alertmanager.empty()) return "--alertmanager";
  if (!flags.headers.empty()) return "--header";
  if (flags.receivers_port != 0) return "--receivers-port";
  return flags.no_fakes ? "--no-fakes" : nullptr;
}

Result<void> check_staging_flags(const StackFlags& flags, const std::string& target_url,
                                 const std::vector<Task>& tasks) {
  if (flags.stack == "real")
    return input_error({}, "--prometheus and --stack real exclude each other");
  if (flags.receivers_port != 0 && flags.alertmanager.empty()) {
    return input_error({}, "--receivers-port is for --alertmanager");
  }
  if (flags.no_fakes && target_url.empty()) return input_error({}, "--no-fakes needs --target");
  for (const Task& task : tasks) {
    if (!task.scenario.live || task.scenario.time_scale == 1) continue;
    Error error = input_error(
        {}, fmt::format("{}: the time scale is {}", task.scenario.file, task.scenario.time_scale));
    error.hints.emplace_back(
        "the rules of a Prometheus that runs already cannot be scaled: --time-scale 1");
    return error;
  }
  return {};
}

Result<std::optional<run::StagingOptions>> running_stack(const StackFlags& flags,
                                                         const std::string& target_url,
                                                         const std::vector<Task>& tasks) {
  if (flags.prometheus.empty()) {
    const char* given = given_staging_flag(flags);
    if (given == nullptr) return std::optional<run::StagingOptions>();
    return input_error({}, std::string(given) + " needs --prometheus");
  }
  TRY_VOID(check_staging_flags(flags, target_url, tasks));
  Diagnostics diagnostics;
  http::Headers headers;
  read_header_flags(flags.headers, headers, diagnostics);
  if (!diagnostics.ok()) return diagnostics.sorted().front();
  run::StagingOptions staging;
  TRY(staging.prometheus, api_options("--prometheus", "Prometheus", flags.prometheus, headers));
  if (!flags.alertmanager.empty()) {
    TRY(staging.alertmanager,
        api_options("--alertmanager", "Alertmanager", flags.alertmanager, headers));
  }
  if (flags.receivers_port != 0) {
    staging.receivers_port = static_cast<std::uint16_t>(flags.receivers_port);
  }
  staging.receivers_host = flags.listen;
  return std::optional<run::StagingOptions>(std::move(staging));
}

Result<std::optional<run::RealStackOptions>> started_stack(const StackFlags& flags,
                                                           const std::vector<Task>& tasks) {
  if (flags.stack != "real") {
    const char* given = !flags.prometheus_bin.empty()     ? "--prometheus-bin"
                        : !flags.alertmanager_bin.empty() ? "--alertmanager-bin"
                        : flags.keep_logs                 ? "--keep-logs"
                                                          : nullptr;
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

}  // namespace

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
  command
      .add_option("--prometheus", flags.prometheus,
                  "Live: this Prometheus, which runs already, scrapes and evaluates its own rules")
      ->type_name("URL");
  command
      .add_option("--alertmanager", flags.alertmanager,
                  "With --prometheus: the Alertmanager that it tells")
      ->type_name("URL");
  command
      .add_option("--header", flags.headers,
                  "Send \"Name: value\" to both with each request; may be repeated")
      ->allow_extra_args(false)
      ->type_name("HEADER");
  expect_whole_number(
      *command
           .add_option("--receivers-port", flags.receivers_port,
                       "With --alertmanager: our receivers listen here for what it tells them")
           ->check(CLI::Range(1, 65535).description(""))
           ->type_name("PORT"));
  command
      .add_option("--listen", flags.listen,
                  "Live: fake targets and receivers listen on this address, not 127.0.0.1")
      ->type_name("ADDRESS");
  command.add_flag("--no-fakes", flags.no_fakes,
                   "With --target and --prometheus: no fake exporters; what it scrapes is there");
}

const char* given_stack_flag(const StackFlags& flags) {
  if (flags.stack != "embedded") return "--stack";
  if (!flags.prometheus_bin.empty()) return "--prometheus-bin";
  if (!flags.alertmanager_bin.empty()) return "--alertmanager-bin";
  if (flags.keep_logs) return "--keep-logs";
  if (!flags.listen.empty()) return "--listen";
  return given_staging_flag(flags);
}

Result<RealStack> real_stack_of(const StackFlags& flags, const std::string& target_url,
                                const std::vector<Task>& tasks) {
  RealStack stack;
  TRY(stack.started, started_stack(flags, tasks));
  TRY(stack.running, running_stack(flags, target_url, tasks));
  return stack;
}

}  // namespace tocsin::cli
