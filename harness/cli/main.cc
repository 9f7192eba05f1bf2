#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/version.h"

namespace {

using tocsin::cli::ExitCode;

/// One entry a command, in the order of the help.
constexpr tocsin::cli::AddCommand kCommands[] = {
    tocsin::cli::add_run_command,   tocsin::cli::add_judge_command,  tocsin::cli::add_load_command,
    tocsin::cli::add_serve_command, tocsin::cli::add_schema_command,
};

ExitCode run(int argc, char** argv) {
  CLI::App app(
      "Tocsin rings the alarm on purpose and proves that it rings.\n"
      "Exit codes: 0 all expectations hold; 1 one failed; 2 input refused, nothing started;\n"
      "3 the run could not be made, was interrupted or proves nothing.");
  app.name("tocsin");
  app.require_subcommand(1);
  app.set_version_flag("--version", tocsin::cli::kVersion);
  tocsin::cli::Action chosen;
  for (const auto add : kCommands) add(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version end with 0; everything else is bad input.
    return app.exit(error) == 0 ? ExitCode::kPassed : ExitCode::kBadInput;
  }
  tocsin::cli::watch_interrupts();
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(run(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tocsin: %s\n", error.what());
    return static_cast<int>(ExitCode::kInconclusive);
  }
}
