#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/serve_receivers.h"
#include "harness/cli/serve_samples.h"
#include "harness/cli/terminal.h"
#include "harness/run/fake_stage.h"
#include "harness/run/live_clock.h"
#include "harness/run/stack.h"
#include "harness/scenario/load.h"

/// `tocsin serve`: a system's fake service and exporters, and with --receivers whoever is told, on
/// real ports; or, with --samples,
/// Prometheus' HTTP API over sample files (serve_samples.h), until interrupted.

namespace tocsin::cli {
namespace {

struct ServeOptions {
  std::string system;
  std::string host = "127.0.0.1";
  bool free_ports = false;
  std::uint16_t control_port = 0;
  std::uint64_t seed = 1;
  bool no_noise = false;
  ServeReceiversFlags receivers;
  ServeSamplesFlags samples;
};

std::string describe(const scenario::System& system, const run::FakeStage& stage) {
  std::string text = fmt::format("{} is up; stop it with Ctrl-C\n", system.title);
  for (const scenario::Target* target : run::targets_of(system)) {
    const std::string url = stage.url(target->name);
    text += fmt::format("  {:<12} {}{}\n", target->name, url, target->metrics_path);
    for (const scenario::HealthEndpoint& health : target->health) {
      text += fmt::format("  {:<12} {}{}\n", "", url, health.path);
    }
    for (const scenario::AdminEndpoint& admin : target->admin) {
      text += fmt::format("  {:<12} {}{} ({})\n", "", url, admin.path, admin.method);
    }
  }
  return text + fmt::format("  {:<12} {}/tocsin\n", "faults", stage.control_url());
}

std::string port_lines(const scenario::System& system, const run::FakeStage& stage) {
  std::string text;
  for (const scenario::Target* target : run::targets_of(system)) {
    text += target->name + ' ' + stage.url(target->name) + '\n';
  }
  return text + "control " + stage.control_url() + '\n';
}

ExitCode serve_system(const ServeOptions& options) {
  Diagnostics diagnostics;
  const auto system = scenario::load_system(options.system, diagnostics);
  if (!system) {
    complain(diagnostics.render());
    return ExitCode::kBadInput;
  }
  std::shared_ptr<const alerting::Config> alertmanager;
  if (options.receivers.port && !system->alertmanager_file.empty()) {
    alertmanager = alerting::load_config(system->alertmanager_file, diagnostics);
    if (!diagnostics.ok()) {
      complain(diagnostics.render());
      return ExitCode::kBadInput;
    }
  }
  watch_interrupts();
  const faults::FaultTimeline no_faults;
  const run::LiveClock clock(system_clock(), 1);
  run::StageOptions stage_options;
  stage_options.host = options.host;
  stage_options.documented_ports = !options.free_ports;
  stage_options.control = true;
  stage_options.control_port = options.control_port;
  stage_options.seed = options.seed;
  stage_options.noise = options.no_noise ? scenario::Noise::kNone : scenario::Noise::kRandom;
  stage_options.start = clock.start();
  stage_options.offset = [&clock] { return clock.offset(); };
  auto stage = run::FakeStage::open(*system, no_faults, std::move(stage_options));
  if (stage.has_error()) {
    complain(render(stage.error()));
    return ExitCode::kInconclusive;
  }
  std::unique_ptr<ServedReceivers> receivers;
  if (options.receivers.port) {
    auto opened = ServedReceivers::open(options.receivers, options.host, alertmanager);
    if (opened.has_error()) {
      complain(render(opened.error()));
      return ExitCode::kInconclusive;
    }
    receivers = std::move(*opened);
  }
  print(describe(*system, **stage) + (receivers ? receivers->describe() : ""));
  if (!options.samples.port_file.empty()) {
    const auto written = write_file_atomically(
        options.samples.port_file,
        port_lines(*system, **stage) + (receivers ? receivers->port_lines() : ""));
    if (written.has_error()) {
      complain(render(written.error()));
      return ExitCode::kInconclusive;
    }
  }
  while (!interrupted()) {
    if (receivers) receivers->print_arrivals();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (receivers) receivers->print_arrivals();
  return ExitCode::kPassed;
}

ExitCode serve(const ServeOptions& options) {
  const bool samples = !options.samples.samples.files.empty();
  if (samples != options.system.empty()) {
    complain(render(input_error({}, "serve needs either a system or sample files (--samples)")));
    return ExitCode::kBadInput;
  }
  const ServeReceiversFlags& receivers = options.receivers;
  if (!receivers.port && (receivers.mail_port != 0 || !receivers.config_file.empty())) {
    complain(
        render(input_error({}, "--mail-port and --write-alertmanager-config need --receivers")));
    return ExitCode::kBadInput;
  }
  return samples ? serve_samples(options.samples) : serve_system(options);
}

void add_receiver_options(CLI::App& command, ServeReceiversFlags& flags) {
  command
      .add_option("--receivers", flags.port,
                  "Take notifications of an Alertmanager on this port, in the services' own\n"
                  "protocols, and print each that comes; 0: a free port")
      ->type_name("PORT");
  command.add_option("--mail-port", flags.mail_port, "Port of the mail server; default: free")
      ->type_name("PORT");
  command
      .add_option("--write-alertmanager-config", flags.config_file,
                  "Write the system's alertmanager.yml, with all addresses changed to these\n"
                  "receivers, into this file")
      ->type_name("FILE");
}

void add_sample_options(CLI::App& command, ServeOptions& options) {
  add_sample_flags(command, options.samples.samples);
  command
      .add_option("--listen", options.samples.listen,
                  "Address and port of the API over the samples; port 0: the kernel's choice")
      ->capture_default_str()
      ->type_name("ADDRESS:PORT");
  command
      .add_option("--rules", options.samples.rule_files,
                  "Rule file to evaluate over the samples; may be given several times")
      ->type_name("FILE");
  command
      .add_option("--interval", options.samples.interval,
                  "Evaluation interval of rule groups that name none")
      ->capture_default_str()
      ->type_name("DURATION");
}

}  // namespace

void add_serve_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command = app.add_subcommand(
      "serve",
      "Serve a system's fake service and exporters, with an HTTP API for faults; or, with\n"
      "--samples, Prometheus' HTTP API over sample files");
  command->add_option("system", options->system, "System folder or system.yaml")->type_name("");
  command->add_option("--host", options->host, "Address to listen on")
      ->capture_default_str()
      ->type_name("ADDRESS");
  command->add_flag("--free-ports", options->free_ports,
                    "Ports chosen by the kernel, instead of the documented ones");
  command
      ->add_option("--control-port", options->control_port, "Port of the fault API; default: free")
      ->type_name("PORT");
  expect_whole_number(
      *command->add_option("--seed", options->seed, "Seed of all draws")->capture_default_str());
  command->add_flag("--no-noise", options->no_noise, "Expected values instead of random draws");
  command
      ->add_option("--port-file", options->samples.port_file,
                   "Once all listen, write a line \"NAME URL\" each into this file")
      ->type_name("FILE");
  add_receiver_options(*command, options->receivers);
  add_sample_options(*command, *options);
  command->callback([&chosen, options] { chosen = [options] { return serve(*options); }; });
}

}  // namespace tocsin::cli
