#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/query_text.h"
#include "harness/cli/sample_flags.h"
#include "harness/cli/terminal.h"
#include "harness/promapi/parameters.h"
#include "harness/promapi/result_json.h"

/// `tocsin query`: one PromQL expression over sample files.

namespace tocsin::cli {
namespace {

struct QueryFlags {
  SampleFlags samples;
  std::string expression;
  std::string at;
  std::string from;
  std::string to;
  std::string step;
  bool json = false;

  bool range() const { return !from.empty() || !to.empty() || !step.empty(); }
};

constexpr std::int64_t kMostPoints = 11'000;

/// RFC 3339, seconds since the epoch, or "start" or "end" of the samples with a distance:
/// "end-1h30m".
Result<Timestamp> time_flag(const std::string& flag, const std::string& text, TimeRange samples) {
  for (const std::string_view anchor : {"start", "end"}) {
    if (!text.starts_with(anchor)) continue;
    const Timestamp from = anchor == "end" ? samples.to : samples.from;
    const std::string rest = text.substr(anchor.size());
    if (rest.empty()) return from;
    if (rest.front() != '+' && rest.front() != '-') break;
    const Result<Duration> distance = parse_duration(rest.substr(1));
    if (!distance) return flag_error(flag, distance.error());
    return rest.front() == '+' ? from + *distance : from - *distance;
  }
  if (const Result<Timestamp> time = promapi::parse_api_time(text)) return *time;
  if (const Result<Timestamp> date = parse_rfc3339(text)) return *date;
  Error error = input_error({}, flag + ": \"" + text + "\" is no point in time");
  error.hints.emplace_back("write 2026-01-28T09:00:00Z, seconds since 1970, start+10m or end-1h");
  return error;
}

Result<Duration> step_of(const QueryFlags& flags, Duration length) {
  if (flags.step.empty()) {
    // As many points as a plot has room for, on whole seconds.
    const auto second = std::chrono::seconds(1);
    return std::max<Duration>(std::chrono::floor<std::chrono::seconds>(length / 250), second);
  }
  const Result<Duration> step = promapi::parse_api_duration(flags.step);
  if (!step) {
    // The own parser says more.
    const Result<Duration> duration = parse_duration(flags.step);
    if (!duration) return flag_error("--step", duration.error());
    return duration;
  }
  if (*step <= Duration(0)) return input_error({}, "--step: expected more than zero");
  if (length / *step > kMostPoints) {
    return input_error({}, fmt::format("--step: these are more than {} points", kMostPoints));
  }
  return step;
}

Result<promql::Timeline> timeline_of(const QueryFlags& flags, TimeRange samples) {
  if (!flags.range()) {
    const std::string& at = flags.at.empty() ? "end" : flags.at;
    TRY(const Timestamp time, time_flag("--at", at, samples));
    return promql::Timeline::instant(time);
  }
  if (!flags.at.empty()) return input_error({}, "--at does not go with --from, --to and --step");
  promql::Timeline timeline;
  TRY(timeline.start, time_flag("--from", flags.from.empty() ? "start" : flags.from, samples));
  TRY(timeline.end, time_flag("--to", flags.to.empty() ? "end" : flags.to, samples));
  if (timeline.end < timeline.start) return input_error({}, "--to is before --from");
  TRY(timeline.step, step_of(flags, timeline.end - timeline.start));
  return timeline;
}

std::vector<std::string> metric_names(const metrics::Store& store) {
  std::vector<std::string> names;
  for (const SeriesView& view : store.select({}, {})) {
    const std::string_view name = view.labels.metric_name();
    if (!name.empty() && (names.empty() || names.back() != name)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::string selector_text(const std::vector<Matcher>& matchers) {
  std::string text;
  for (const Matcher& matcher : matchers) {
    text += (text.empty() ? "{" : ",") + matcher.to_string();
  }
  return text + '}';
}

/// Why a selector finds nothing at all.
void explain_selector(const metrics::Store& store, const std::vector<Matcher>& matchers) {
  if (!store.select(matchers, {}).empty()) return;
  const auto name = std::find_if(matchers.begin(), matchers.end(), [](const Matcher& matcher) {
    return matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual;
  });
  std::string text;
  if (name != matchers.end() && store.select({&*name, 1}, {}).empty()) {
    text = fmt::format("note: no series is called \"{}\"", printable(name->value()));
    const std::string nearest = nearest_name(name->value(), metric_names(store));
    if (!nearest.empty()) text += fmt::format("; did you mean \"{}\"?", printable(nearest));
  } else {
    text = "note: no series matches " + printable(selector_text(matchers));
  }
  complain(text + '\n');
}

void explain_nothing(const metrics::Store& store, const promql::Expression& expression,
                     const promql::QueryOptions& options) {
  complain("nothing was found\n");
  for (const promql::SelectorUse& use : promql::selectors_of(*expression.root, options)) {
    explain_selector(store, use.matchers);
  }
}

std::optional<promql::Expression> parse(const QueryFlags& flags) {
  std::vector<Error> errors;
  auto parsed = promql::parse_expression(flags.expression, errors,
                                         {.version_2 = flags.samples.version == "2"});
  if (parsed) return std::move(*parsed);
  Diagnostics diagnostics;
  diagnostics.add(std::move(errors));
  complain(diagnostics.render());
  return std::nullopt;
}

/// With the line that the error is in.
void complain_of(Error error, const std::string& expression) {
  if (error.pos.line > 0 && error.excerpt.empty()) {
    std::size_t begin = 0;
    for (int line = 1; line < error.pos.line; ++line) begin = expression.find('\n', begin) + 1;
    error.excerpt = expression.substr(begin, expression.find('\n', begin) - begin);
  }
  complain(render(error));
}

std::string header(const promql::Timeline& timeline, bool range) {
  if (!range) return "at " + format_rfc3339(timeline.start) + '\n';
  return fmt::format("{} to {}, every {}\n", format_rfc3339(timeline.start),
                     format_rfc3339(timeline.end), format_duration(timeline.step));
}

void print_result(const promql::QueryResult& result, const promql::Expression& expression,
                  const QueryFlags& flags) {
  const bool range = flags.range();
  const promapi::Remarks remarks = promapi::remarks_of(result, expression.text);
  if (flags.json) {
    const auto shape = range ? promapi::ResultShape::kRange : promapi::ResultShape::kInstant;
    print(promapi::success_json(promapi::result_json(result, shape).text, remarks) + '\n');
    return;
  }
  for (const auto* list : {&remarks.warnings, &remarks.infos}) {
    for (const std::string& remark : *list) complain(printable(remark) + '\n');
  }
  const std::string text =
      range ? range_text(result, {output_width(), colour_wanted()}) : instant_text(result);
  const bool alone =
      result.type == promql::ValueType::kScalar || result.type == promql::ValueType::kString;
  if (!text.empty()) print((alone && !range ? "" : header(result.timeline, range)) + text);
}

bool is_empty(const promql::QueryResult& result) {
  return result.columns.empty() && result.matrix.empty() &&
         result.type != promql::ValueType::kString;
}

ExitCode query(const QueryFlags& flags) {
  const auto options = query_options(flags.samples);
  auto expression = parse(flags);
  if (!options || !expression) return ExitCode::kBadInput;
  const auto store = load_samples(flags.samples.files);
  if (!store) return ExitCode::kBadInput;
  const Result<promql::Timeline> timeline =
      timeline_of(flags, store->time_range().value_or(TimeRange{Timestamp{}, Timestamp{}}));
  if (!timeline) {
    complain(render(timeline.error()));
    return ExitCode::kBadInput;
  }
  const promql::ValueType type = expression->root->type;
  if (flags.range() && type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
    complain(render(input_error(
        {}, fmt::format("a {} cannot be evaluated over a range of time", promql::describe(type)))));
    return ExitCode::kBadInput;
  }
  const auto result = promql::evaluate(*expression, *store, *timeline, *options);
  if (!result) {
    complain_of(result.error(), expression->text);
    const bool bad = result.error().kind == ErrorKind::kInput;
    return bad ? ExitCode::kBadInput : ExitCode::kInconclusive;
  }
  print_result(*result, *expression, flags);
  if (is_empty(*result)) explain_nothing(*store, *expression, *options);
  return ExitCode::kPassed;
}

}  // namespace

void add_query_command(CLI::App& app, Action& chosen) {
  auto flags = std::make_shared<QueryFlags>();
  CLI::App* command = app.add_subcommand(
      "query",
      "Evaluate a PromQL expression over sample files: at one time, or with --from, --to or\n"
      "--step over a range. Times are RFC 3339, seconds since 1970, or relative to the samples:\n"
      "start+10m, end-1h");
  command->add_option("expression", flags->expression, "PromQL")->required()->type_name("");
  add_sample_flags(*command, flags->samples);
  command->get_option("--samples")->required();
  command->add_option("--at", flags->at, "Time of an instant query; default: end")
      ->type_name("TIME");
  command->add_option("--from", flags->from, "Start of a range; default: start")->type_name("TIME");
  command->add_option("--to", flags->to, "End of a range; default: end")->type_name("TIME");
  command->add_option("--step", flags->step, "Between points; default: about 250 points")
      ->type_name("DURATION");
  command->add_flag("--json", flags->json, "Print what Prometheus' API answers");
  command->callback([&chosen, flags] { chosen = [flags] { return query(*flags); }; });
}

}  // namespace tocsin::cli
