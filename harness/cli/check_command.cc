#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/check/report.h"
#include "harness/check/run.h"
#include "harness/cli/command.h"
#include "harness/cli/fetch_page.h"
#include "harness/cli/flags.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"

/// `tocsin check`: what is wrong with rules and systems, without running anything.

namespace tocsin::cli {
namespace {

using check::Severity;

struct CheckFlags {
  check::CheckOptions what;
  std::vector<std::string> metrics;
  std::string scrape_interval;
  std::string evaluation_interval;
  std::string min_severity = "warning";
  std::string fail_on = "warning";
  std::string json;
  std::string sarif;
  std::string code_quality;
  std::string junit;
  bool show_silenced = false;
  bool list = false;
  bool markdown = false;
};

/// Nothing after a complaint. "never" is allowed where `never` is given.
std::optional<Severity> read_severity(const std::string& flag, const std::string& text) {
  const auto severity = check::parse_severity(text);
  if (severity) return severity;
  Error error = input_error({}, '"' + text + "\" is no severity");
  error.hints.push_back("one of info, warning, error");
  complain(render(flag_error(flag, error)));
  return std::nullopt;
}

bool read_interval(const std::string& flag, const std::string& text,
                   std::optional<Duration>& interval) {
  if (text.empty()) return true;
  Result<Duration> read = parse_duration(text);
  if (!read.has_error() && *read <= Duration(0)) read = input_error({}, "must be above zero");
  if (read.has_error()) {
    complain(render(flag_error(flag, read.error())));
    return false;
  }
  interval = *read;
  return true;
}

bool read_only(const std::vector<std::string>& patterns) {
  std::vector<std::string> ids;
  for (const check::Check* one : check::all_checks()) ids.emplace_back(one->id);
  for (const std::string& pattern : patterns) {
    const bool known = std::any_of(
        ids.begin(), ids.end(), [&](const std::string& id) { return check::names(pattern, id); });
    if (known) continue;
    Error error = input_error({}, "there is no check \"" + pattern + '"');
    const std::string nearest = nearest_name(pattern, ids);
    error.hints.push_back(nearest.empty() ? "tocsin check --list shows all checks"
                                          : "did you mean \"" + nearest + "\"?");
    complain(render(flag_error("--only", error)));
    return false;
  }
  return true;
}

bool write_check_file(const std::string& path, const std::string& bytes) {
  const auto written = write_file_atomically(path, bytes);
  if (written.has_error()) complain(render(written.error()));
  return !written.has_error();
}

bool write_reports(const CheckFlags& flags, const check::CheckReport& report, Severity least,
                   Severity fails_at) {
  return (flags.json.empty() ||
          write_check_file(flags.json, check::render_json(report, kVersion))) &&
         (flags.sarif.empty() ||
          write_check_file(flags.sarif, check::render_sarif(report, kVersion, least))) &&
         (flags.code_quality.empty() ||
          write_check_file(flags.code_quality, check::render_code_quality(report, least))) &&
         (flags.junit.empty() ||
          write_check_file(flags.junit, check::render_junit(report, fails_at)));
}

ExitCode check_paths(CheckFlags& flags) {
  if (flags.list) {
    print(flags.markdown ? check::render_list_markdown() : check::render_list());
    return ExitCode::kPassed;
  }
  if (flags.what.paths.empty()) {
    Error error = input_error({}, "no file or folder is given");
    error.hints.push_back("see tocsin check --help");
    complain(render(error));
    return ExitCode::kBadInput;
  }
  const auto least = read_severity("--min-severity", flags.min_severity);
  const auto fails_at = flags.fail_on == "never" ? std::optional(Severity::kError)
                                                 : read_severity("--fail-on", flags.fail_on);
  if (!least || !fails_at || !read_only(flags.what.only) ||
      !read_interval("--scrape-interval", flags.scrape_interval, flags.what.scrape_interval) ||
      !read_interval("--evaluation-interval", flags.evaluation_interval,
                     flags.what.evaluation_interval)) {
    return ExitCode::kBadInput;
  }
  Diagnostics diagnostics;
  for (const std::string& from : flags.metrics) {
    auto page = fetch_page(from);
    if (page.has_error()) {
      diagnostics.add(page.error());
    } else {
      flags.what.pages.push_back(std::move(*page));
    }
  }
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return ExitCode::kBadInput;
  }
  const check::CheckReport report = check::run_checks(flags.what, diagnostics);
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return ExitCode::kBadInput;
  }
  print(check::render_text(report, {colour_wanted(), *least, flags.show_silenced}));
  if (!write_reports(flags, report, *least, *fails_at)) return ExitCode::kInconclusive;
  const bool fails = flags.fail_on != "never" && report.count(*fails_at) > 0;
  return fails ? ExitCode::kFailed : ExitCode::kPassed;
}

void add_knowledge(CLI::App& command, CheckFlags& flags) {
  command
      .add_option("--system", flags.what.system,
                  "A system folder whose targets export what rule files read; by default, the\n"
                  "one that a rule file lies in")
      ->type_name("DIR");
  command
      .add_option("--samples", flags.what.samples,
                  "An OpenMetrics file of recorded samples: this is exported; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command
      .add_option("--metrics", flags.metrics,
                  "A page of metrics that a target shows or showed: this is exported; may be\n"
                  "repeated")
      ->type_name("FILE|URL")
      ->allow_extra_args(false);
  command
      .add_option("--scrape-interval", flags.scrape_interval,
                  "How often targets are scraped; by default as the system has it")
      ->type_name("DURATION");
  command
      .add_option("--evaluation-interval", flags.evaluation_interval,
                  "How often rules are evaluated; by default as the system has it")
      ->type_name("DURATION");
}

}  // namespace

void add_check_command(CLI::App& app, Action& chosen) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command =
      app.add_subcommand("check", "Look for mistakes in rules and systems, without running them");
  command->footer(
      "In a system folder the system, its rules and scenarios are checked together, against the\n"
      "series that its targets really export. Elsewhere, routes and receivers are checked against\n"
      "the alerts of the rules that are given with them. A comment `# tocsin:ignore ID: reason` "
      "on\n"
      "a line, or above a rule, silences a check there; `# tocsin:ignore-file ID: reason` in a "
      "file;\n`# tocsin:known ID: reason` shows what it finds and does not count it.");
  command
      ->add_option(
          "paths", flags->what.paths,
          "Rule files, prometheus.yml, alertmanager.yml, scenarios, systems, pages of metrics\n"
          "(.prom), or folders of them")
      ->type_name("");
  add_knowledge(*command, *flags);
  command
      ->add_option("--only", flags->what.only,
                   "Only this check, or these; an id may end in *; may be repeated")
      ->allow_extra_args(false)
      ->type_name("ID");
  command->add_option("--min-severity", flags->min_severity, "Show findings from here on")
      ->type_name("SEVERITY")
      ->capture_default_str();
  command
      ->add_option("--fail-on", flags->fail_on,
                   "Exit with 1 on findings from here on: info, warning, error or never")
      ->type_name("SEVERITY")
      ->capture_default_str();
  command->add_flag("--show-silenced", flags->show_silenced, "Show silenced findings too");
  command->add_option("--json", flags->json, "Write all findings as JSON")->type_name("FILE");
  command->add_option("--sarif", flags->sarif, "Write SARIF 2.1.0, for code scanning")
      ->type_name("FILE");
  command->add_option("--code-quality", flags->code_quality, "Write GitLab's Code Quality report")
      ->type_name("FILE");
  command->add_option("--junit", flags->junit, "Write JUnit XML")->type_name("FILE");
  command->add_flag("--list", flags->list, "List all checks, with what to do about each");
  command->add_flag("--markdown", flags->markdown, "With --list: as CHECKS.md has them");
  command->callback([&chosen, flags] { chosen = [flags] { return check_paths(*flags); }; });
}

}  // namespace tocsin::cli
