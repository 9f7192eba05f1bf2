#include <cstdio>
#include <exception>
#include <string_view>

#include <CLI/CLI.hpp>

#include "harness/base/suggest.h"
#include "harness/cli/command.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/run/undo_guard.h"

namespace {

using tocsin::cli::ExitCode;

/// One entry a command, in the order of the help.
constexpr tocsin::cli::AddCommand kCommands[] = {
    tocsin::cli::add_run_command,    tocsin::cli::add_judge_command,
    tocsin::cli::add_load_command,   tocsin::cli::add_serve_command,
    tocsin::cli::add_query_command,  tocsin::cli::add_test_command,
    tocsin::cli::add_check_command,  tocsin::cli::add_prove_command,
    tocsin::cli::add_mutate_command, tocsin::cli::add_backtest_command,
    tocsin::cli::add_schema_command,
};

/// The flag or command that an unknown word may have meant; empty when none is near.
std::string nearest_word(const CLI::App& command, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) names.push_back(option->get_name());
  }
  for (const CLI::App* known : command.get_subcommands({})) names.push_back(known->get_name());
  return tocsin::nearest_name(word.substr(0, word.find('=')), names);
}

/// The innermost command that was named, and the words that led there.
struct Named {
  const CLI::App* command;
  std::string words;
};

Named named_command(const CLI::App& app) {
  Named named{&app, ""};
  while (!named.command->get_subcommands().empty()) {
    named.command = named.command->get_subcommands().front();
    named.words += named.command->get_name() + ' ';
  }
  return named;
}

void refuse(const CLI::App& app, const CLI::ParseError& error) {
  const auto [innermost, words] = named_command(app);
  const CLI::App& command = *innermost;
  const bool has_command = command.get_subcommands({}).empty();
  const std::vector<std::string> unknown = app.remaining(true);
  tocsin::Error shown = tocsin::input_error({}, error.what());
  if (!has_command && unknown.empty()) shown.message = "no command is given";
  if (!unknown.empty()) {
    shown.message =
        '"' + unknown.front() + (has_command ? "\" is not expected here" : "\" is no command");
    const std::string nearest = nearest_word(command, unknown.front());
    if (!nearest.empty()) shown.hints.push_back("did you mean \"" + nearest + "\"?");
  }
  shown.hints.push_back("see tocsin " + words + "--help");
  tocsin::cli::complain(render(shown));
}

ExitCode run(int argc, char** argv) {
  CLI::App app(
      "Tocsin rings the alarm on purpose and proves that it rings.\n"
      "Exit codes: 0 all expectations hold; 1 one failed; 2 input refused, nothing started;\n"
      "3 the run could not be made, was interrupted or proves nothing.");
  app.name("tocsin");
  app.require_subcommand(1);
  app.set_help_flag("-h,--help", "Show this help");
  app.set_version_flag("--version", tocsin::cli::kVersion, "Show the version");
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->label("Positionals", "Arguments");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.get_formatter()->column_width(28);
  tocsin::cli::Action chosen;
  for (const auto add : kCommands) add(app, chosen);
  for (CLI::App* command : app.get_subcommands({})) command->group("Commands");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help_or_version) {
    std::ostringstream text;
    app.exit(help_or_version, text);
    tocsin::cli::print(text.str());
    return ExitCode::kPassed;
  } catch (const CLI::ParseError& error) {
    refuse(app, error);
    return ExitCode::kBadInput;
  }
  tocsin::cli::exit_on_interrupts();
  return chosen();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    // Not a command for users: see the header.
    if (argc == 2 && std::string_view(argv[1]) == tocsin::run::UndoGuard::kWord) {
      return tocsin::run::UndoGuard::serve();
    }
    tocsin::cli::open_standard_streams();
    const ExitCode code = run(argc, argv);
    const auto printed = tocsin::cli::all_printed();
    if (!printed.has_error()) return static_cast<int>(code);
    tocsin::cli::complain(render(printed.error()));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tocsin: %s\n", error.what());
  }
  return static_cast<int>(ExitCode::kInconclusive);
}
