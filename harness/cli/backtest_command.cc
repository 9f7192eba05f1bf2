#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/backtest/backtest.h"
#include "harness/backtest/compare.h"
#include "harness/backtest/report.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/units.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/prometheus_flags.h"
#include "harness/cli/terminal.h"
#include "harness/cli/version.h"
#include "harness/metrics/openmetrics_file.h"
#include "harness/rules/rule.h"

/// `tocsin backtest`: when would these rules have fired on that data?

namespace tocsin::cli {
namespace {

struct BacktestFlags {
  std::vector<std::string> rules;
  std::vector<std::string> against;
  std::vector<std::string> samples;
  PrometheusFlags prometheus;
  std::string from;
  std::string to;
  std::string interval = "1m";
  std::string promql = "3";
  std::vector<std::string> external_labels;
  std::string external_url;
  std::string format = "console";
  std::string json;
  std::string markdown;
  std::size_t episodes = 50;
  std::optional<double> max_pages;
  bool fail_on_change = false;
  unsigned jobs = 0;
};

/// What the flags say, understood.
struct BacktestPlan {
  std::vector<rules::RuleFile> rules;
  std::vector<rules::RuleFile> old_rules;
  std::optional<TimeFlag> from;
  std::optional<TimeFlag> to;
  backtest::BacktestOptions options;
  std::optional<backtest::PrometheusOptions> prometheus;
};

std::vector<rules::RuleFile> load_rules(const std::vector<std::string>& paths,
                                        const promql::ParseOptions& language,
                                        Diagnostics& diagnostics) {
  std::vector<rules::RuleFile> files;
  for (const std::string& path : paths) {
    files.push_back(rules::load_rule_file(path, diagnostics, language));
    for (const Error& warning : files.back().warnings) {
      complain("warning: " + to_string(warning) + '\n');
    }
  }
  return files;
}

std::optional<TimeFlag> time_flag(const std::string& flag, const std::string& text,
                                  Diagnostics& diagnostics) {
  if (text.empty()) return std::nullopt;
  auto time = parse_time_flag(text);
  if (time.has_error()) {
    diagnostics.add(flag_error(flag, time.error()));
    return std::nullopt;
  }
  return *time;
}

void read_external_labels(const BacktestFlags& flags, backtest::BacktestOptions& options,
                          Diagnostics& diagnostics) {
  for (const std::string& text : flags.external_labels) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || !is_legacy_label_name(text.substr(0, equals))) {
      diagnostics.add(
          input_error({}, fmt::format("--external-label: expected NAME=VALUE, got \"{}\"", text)));
      continue;
    }
    options.external_labels.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
}

void read_prometheus_flags(const BacktestFlags& flags, BacktestPlan& plan,
                           Diagnostics& diagnostics) {
  if (flags.prometheus.url.empty()) {
    const char* flag = needless_prometheus_flag(flags.prometheus);
    if (flag != nullptr) {
      diagnostics.add(input_error({}, fmt::format("{} says nothing without --prometheus", flag)));
    }
    return;
  }
  if (!flags.samples.empty()) {
    diagnostics.add(input_error({}, "samples come from --samples or --prometheus, not from both"));
  }
  if (flags.from.empty()) {
    Error error = input_error({}, "--prometheus needs --from");
    error.hints.emplace_back("--from 7d is a week ago");
    diagnostics.add(std::move(error));
  }
  plan.prometheus = prometheus_options(flags.prometheus, diagnostics);
}

std::optional<BacktestPlan> make_backtest_plan(const BacktestFlags& flags) {
  BacktestPlan plan;
  Diagnostics diagnostics;
  const promql::ParseOptions language{.version_2 = flags.promql == "2"};
  plan.rules = load_rules(flags.rules, language, diagnostics);
  plan.old_rules = load_rules(flags.against, language, diagnostics);
  plan.from = time_flag("--from", flags.from, diagnostics);
  plan.to = time_flag("--to", flags.to, diagnostics);
  const auto interval = parse_duration(flags.interval);
  if (interval.has_error()) {
    diagnostics.add(flag_error("--interval", interval.error()));
  } else if (*interval <= Duration(0)) {
    diagnostics.add(input_error({}, "--interval: expected a duration above 0"));
  } else {
    plan.options.interval = *interval;
  }
  read_external_labels(flags, plan.options, diagnostics);
  if (flags.fail_on_change && flags.against.empty()) {
    diagnostics.add(input_error({}, "--fail-on-change says nothing without --against"));
  }
  if (flags.samples.empty() && flags.prometheus.url.empty()) {
    diagnostics.add(
        input_error({}, "no samples are given: --samples FILE, or --prometheus URL --from TIME"));
  }
  read_prometheus_flags(flags, plan, diagnostics);
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return std::nullopt;
  }
  plan.options.external_url = flags.external_url;
  plan.options.query.version_2 = flags.promql == "2";
  plan.options.query.default_subquery_step = plan.options.interval;
  plan.options.query.max_samples = 0;
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  plan.options.threads = flags.jobs > 0 ? flags.jobs : cores;
  return plan;
}

/// Reads all files; nothing after a complaint.
bool read_samples(const BacktestFlags& flags, const BacktestPlan& plan, metrics::Store& store,
                  backtest::SamplesInfo& samples) {
  Diagnostics diagnostics;
  metrics::ImportOptions how;
  how.threads = plan.options.threads;
  for (const std::string& path : flags.samples) {
    const auto imported = metrics::import_openmetrics(path, store, how);
    if (imported.has_error()) {
      diagnostics.add(imported.error());
    } else {
      samples.refused += imported->refused;
    }
  }
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return false;
  }
  samples.series = store.series_count();
  samples.samples = store.size();
  samples.source = flags.samples.size() == 1 ? flags.samples.front()
                                             : fmt::format("{} files", flags.samples.size());
  return true;
}

void set_prometheus_times(BacktestPlan& plan) {
  const Timestamp now = std::chrono::floor<std::chrono::seconds>(system_clock().now());
  plan.options.to = plan.to ? plan.to->at(now) : now;
  plan.options.from = plan.from->at(plan.options.to);
}

/// Fetches what the rules look at; says how it ended.
ExitCode fetch(BacktestPlan& plan, metrics::Store& store, backtest::SamplesInfo& samples) {
  set_prometheus_times(plan);
  if (plan.options.from > plan.options.to) {
    complain(render(input_error({}, "--from is after --to")));
    return ExitCode::kBadInput;
  }
  std::vector<std::vector<rules::RuleFile>> versions;
  versions.push_back(std::move(plan.rules));
  if (!plan.old_rules.empty()) versions.push_back(std::move(plan.old_rules));
  const backtest::FetchPlan wanted = backtest::plan_fetch(versions, plan.options);
  plan.rules = std::move(versions.front());
  if (versions.size() > 1) plan.old_rules = std::move(versions.back());
  for (const std::string& selector : wanted.absolute) {
    complain(fmt::format(
        "warning: {} is used with \"@\": what it looks at may lie outside of what is fetched\n",
        printable(selector)));
  }
  for (const std::string& alert : wanted.computed) {
    complain(fmt::format(
        "warning: a template of {} puts a query together: what it looks at may not be fetched\n",
        printable(alert)));
  }
  const Result<backtest::FetchStats> fetched = fetch_with_progress(wanted, *plan.prometheus, store);
  if (fetched.has_error()) {
    complain(render(fetched.error()));
    return fetched.error().kind == ErrorKind::kInput ? ExitCode::kBadInput
                                                     : ExitCode::kInconclusive;
  }
  samples.source = to_string(plan.prometheus->url);
  samples.without_stale_markers = true;
  samples.series = store.series_count();
  samples.samples = store.size();
  return ExitCode::kPassed;
}

/// Sets the first and last evaluation; complains when there is none between them.
bool set_times(BacktestPlan& plan, const metrics::Store& store) {
  const std::optional<TimeRange> data = store.time_range();
  if (!data) {
    complain(render(input_error({}, "there are no samples")));
    return false;
  }
  plan.options.to = plan.to ? plan.to->at(data->to) : data->to;
  plan.options.from = plan.from ? plan.from->at(plan.options.to) : data->from;
  const bool overlap = plan.options.from <= plan.options.to && plan.options.from <= data->to &&
                       plan.options.to >= data->from;
  if (overlap) return true;
  Error error = input_error(
      {}, fmt::format("there are no samples from {} to {}", format_rfc3339(plan.options.from),
                      format_rfc3339(plan.options.to)));
  error.hints.push_back(fmt::format("the samples are from {} to {}", format_rfc3339(data->from),
                                    format_rfc3339(data->to)));
  complain(render(error));
  return false;
}

bool write_study(const backtest::Study& study, const BacktestFlags& flags) {
  backtest::ReportOptions options;
  options.episodes = flags.episodes;
  options.colour = colour_wanted();
  bool good = true;
  const auto write = [&](const std::string& path, const std::string& bytes) {
    if (path.empty()) return;
    const auto written = write_file_atomically(path, bytes);
    if (!written.has_error()) return;
    complain(render(written.error()));
    good = false;
  };
  if (!flags.json.empty()) write(flags.json, backtest::render_json(study));
  if (!flags.markdown.empty()) write(flags.markdown, backtest::render_markdown(study, options));
  if (flags.format == "json") print(backtest::render_json(study));
  if (flags.format == "markdown") print(backtest::render_markdown(study, options));
  if (flags.format == "console") print(backtest::render_console(study, options));
  return good;
}

/// Whether what was asked of the rules holds.
bool holds(const backtest::Study& study, const BacktestFlags& flags) {
  bool good = true;
  if (flags.max_pages && study.result.pages_a_day() > *flags.max_pages) {
    complain(fmt::format("{} pages a day are more than --max-pages {}\n",
                         format_number(study.result.pages_a_day(), 3),
                         format_number(*flags.max_pages)));
    good = false;
  }
  if (flags.fail_on_change && study.comparison->episodes_change()) {
    complain("episodes change, and --fail-on-change is given\n");
    good = false;
  }
  return good;
}

ExitCode run_backtest(const BacktestFlags& flags) {
  std::optional<BacktestPlan> plan = make_backtest_plan(flags);
  if (!plan) return ExitCode::kBadInput;
  backtest::Study study;
  study.version = kVersion;
  metrics::Store store;
  try {
    if (plan->prometheus) {
      const ExitCode fetched = fetch(*plan, store, study.samples);
      if (fetched != ExitCode::kPassed) return fetched;
    } else if (!read_samples(flags, *plan, store, study.samples) || !set_times(*plan, store)) {
      return ExitCode::kBadInput;
    }
    watch_interrupts();
    plan->options.query.cancelled = &interrupted();
    study.result = backtest::run_backtest(plan->rules, store, plan->options);
    if (!plan->old_rules.empty() && !interrupted()) {
      study.old_result = backtest::run_backtest(plan->old_rules, store, plan->options);
      study.comparison = backtest::compare(*study.old_result, study.result);
    }
  } catch (const std::bad_alloc&) {
    complain(render(io_error("not enough memory")));
    return ExitCode::kInconclusive;
  }
  study.interrupted = interrupted();
  if (!write_study(study, flags)) return ExitCode::kInconclusive;
  if (study.interrupted) {
    complain("interrupted: the report is partial\n");
    return ExitCode::kInconclusive;
  }
  return holds(study, flags) ? ExitCode::kPassed : ExitCode::kFailed;
}

void add_input_options(CLI::App& command, BacktestFlags& flags) {
  command.add_option("rules", flags.rules, "Rule files")->required()->type_name("");
  command
      .add_option("--samples", flags.samples,
                  "OpenMetrics file with timestamps, plain or gzip; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      .add_option("--against", flags.against,
                  "The old rules: show only what changes; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  command
      .add_option("--from", flags.from,
                  "First evaluation: RFC 3339, Unix seconds, or a duration before the end (7d); "
                  "default: the first sample")
      ->type_name("TIME");
  command.add_option("--to", flags.to, "Last evaluation; default: the last sample")
      ->type_name("TIME");
}

void add_evaluation_options(CLI::App& command, BacktestFlags& flags) {
  command.add_option("--interval", flags.interval, "Evaluation interval of groups that name none")
      ->capture_default_str()
      ->type_name("DURATION");
  add_promql_option(command, flags.promql);
  command
      .add_option("--external-label", flags.external_labels,
                  "For templates, as in prometheus.yml; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME=VALUE");
  command.add_option("--external-url", flags.external_url, "For templates")->type_name("URL");
  command.add_option("-j,--jobs", flags.jobs, "Threads; default: cores")
      ->check(CLI::Range(1u, 1024u).description(""))
      ->type_name("N");
}

void add_output_options(CLI::App& command, BacktestFlags& flags) {
  command.add_option("--format", flags.format, "What is printed")
      ->check(CLI::IsMember({"console", "json", "markdown"}).description(""))
      ->capture_default_str()
      ->type_name("console|json|markdown");
  command.add_option("--json", flags.json, "Write JSON, too (backtest.schema.json)")
      ->type_name("FILE");
  command.add_option("--markdown", flags.markdown, "Write Markdown, too")->type_name("FILE");
  expect_whole_number(*command
                           .add_option("--episodes", flags.episodes,
                                       "Most episodes to show; of more, those that fired longest")
                           ->capture_default_str());
  command.add_option("--max-pages", flags.max_pages, "Exit with 1 when there are more pages a day")
      ->check(CLI::NonNegativeNumber.description(""))
      ->type_name("N");
  command.add_flag("--fail-on-change", flags.fail_on_change,
                   "Exit with 1 when any episode changes (--against)");
}

}  // namespace

void add_backtest_command(CLI::App& app, Action& chosen) {
  auto flags = std::make_shared<BacktestFlags>();
  CLI::App* command =
      app.add_subcommand("backtest", "Tell when alert rules would have fired on recorded samples");
  add_input_options(*command, *flags);
  add_prometheus_options(*command, flags->prometheus);
  add_evaluation_options(*command, *flags);
  add_output_options(*command, *flags);
  command->callback([&chosen, flags] { chosen = [flags] { return run_backtest(*flags); }; });
}

}  // namespace tocsin::cli
