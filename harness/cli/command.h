#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tocsin::cli {

/// What the process ends with.
enum class ExitCode {
  kPassed = 0,
  kFailed = 1,        ///< an expectation failed
  kBadInput = 2,      ///< nothing was started
  kInconclusive = 3,  ///< the run could not be made, was interrupted, or proves nothing
};

/// A subcommand: declares its flags on a subcommand of `app` and sets `chosen` when it is called.
using Action = std::function<ExitCode()>;
using AddCommand = void (*)(CLI::App& app, Action& chosen);

void add_run_command(CLI::App& app, Action& chosen);
void add_judge_command(CLI::App& app, Action& chosen);
void add_load_command(CLI::App& app, Action& chosen);
void add_serve_command(CLI::App& app, Action& chosen);
void add_query_command(CLI::App& app, Action& chosen);
void add_test_command(CLI::App& app, Action& chosen);
void add_check_command(CLI::App& app, Action& chosen);
void add_mutate_command(CLI::App& app, Action& chosen);
void add_backtest_command(CLI::App& app, Action& chosen);
void add_prove_command(CLI::App& app, Action& chosen);
void add_schema_command(CLI::App& app, Action& chosen);

// Commands of `tocsin test`: `test` is that command.
void add_test_promql_command(CLI::App& test, Action& chosen);
void add_test_routes_command(CLI::App& test, Action& chosen);
void add_test_rules_command(CLI::App& test, Action& chosen);

}  // namespace tocsin::cli
