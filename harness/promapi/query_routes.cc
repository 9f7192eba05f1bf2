// query, query_range, and what has to do with the language.

#include <array>

#include <fmt/format.h>

#include "harness/base/clock.h"
#include "harness/promapi/failure.h"
#include "harness/promapi/json_text.h"
#include "harness/promapi/result_json.h"
#include "harness/promapi/routes.h"
#include "harness/promapi/tree_json.h"

namespace tocsin::promapi {
namespace {

promql::Expression parse_query(const RouteCall& call) {
  Result<promql::Expression> parsed = promql::parse_expression(
      call.parameters.get("query"), {.version_2 = call.api.options().query.version_2});
  if (parsed) return std::move(*parsed);
  const Error& error = parsed.error();
  throw bad_parameter("query", fmt::format("{}:{}: parse error: {}", error.pos.line,
                                           error.pos.column, error.message));
}

ApiFailure failed_query(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kTimeout:
      return {503, "timeout", error.message};
    case ErrorKind::kCancelled:
      return {499, "canceled", error.message};
    default:
      return {422, "execution", error.message};
  }
}

/// The timings of Prometheus' statistics that mean the same here, in seconds.
std::string with_stats(std::string data, Nanos evaluated, Duration waited) {
  data.pop_back();  // the object's brace
  const double eval_s = to_seconds(evaluated);
  const double wait_s = to_seconds(waited);
  return data +
         fmt::format(R"(,"stats":{{"timings":{{"evalTotalTime":{0:.9f},"innerEvalTime":{0:.9f},)"
                     R"("execQueueTime":{1:.9f},"execTotalTime":{2:.9f}}}}}}})",
                     eval_s, wait_s, eval_s + wait_s);
}

std::string run_query(const RouteCall& call, const promql::Expression& expression,
                      const promql::Timeline& timeline, ResultShape shape) {
  promql::QueryOptions options = query_options(call.api, call.parameters, call.waited);
  options.abandoned = call.abandoned;
  if (options.timeout < Duration(0)) {
    throw ApiFailure(503, "timeout", "query timed out in query queue");
  }
  const std::size_t limit = call.parameters.limit();
  const Nanos began = system_clock().monotonic();
  const Result<promql::QueryResult> result =
      promql::evaluate(expression, call.api.store(), timeline, options);
  const Nanos evaluated = system_clock().monotonic() - began;
  if (!result) throw failed_query(result.error());
  Remarks remarks = remarks_of(*result, expression.text);
  const ResultJson json = result_json(*result, shape, limit);
  if (json.cut) remarks.warnings.emplace_back("results truncated due to limit");
  if (call.parameters.get("stats").empty()) return success_json(json.text, remarks);
  return success_json(with_stats(json.text, evaluated, call.waited), remarks);
}

Timestamp default_time(const Api& api) {
  return api.options().default_time.value_or(system_clock().now());
}

std::string answer_query(const RouteCall& call) {
  const Timestamp at = call.parameters.time("time").value_or(default_time(call.api));
  const promql::Expression expression = parse_query(call);
  return run_query(call, expression, promql::Timeline::instant(at), ResultShape::kInstant);
}

Timestamp needed_time(const Parameters& parameters, const std::string& name) {
  const auto time = parameters.time(name);
  if (!time) throw bad_parameter(name, "cannot parse \"\" to a valid timestamp");
  return *time;
}

promql::Timeline range_of(const RouteCall& call) {
  promql::Timeline timeline;
  timeline.start = needed_time(call.parameters, "start");
  timeline.end = needed_time(call.parameters, "end");
  if (timeline.end < timeline.start) {
    throw bad_parameter("end", "end timestamp must not be before start time");
  }
  const auto step = call.parameters.duration("step");
  if (!step) throw bad_parameter("step", "cannot parse \"\" to a valid duration");
  if (*step <= Duration(0)) {
    throw bad_parameter("step",
                        "zero or negative query resolution step widths are not accepted. Try a "
                        "positive integer");
  }
  timeline.step = *step;
  const auto points = (timeline.end - timeline.start) / timeline.step;
  if (points > static_cast<std::int64_t>(call.api.options().most_points)) {
    throw bad_data(fmt::format(
        "exceeded maximum resolution of {} points per timeseries. Try decreasing the query "
        "resolution (?step=XX)",
        fmt::group_digits(call.api.options().most_points)));
  }
  return timeline;
}

std::string answer_query_range(const RouteCall& call) {
  const promql::Timeline timeline = range_of(call);
  const promql::Expression expression = parse_query(call);
  const promql::ValueType type = expression.root->type;
  if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
    throw bad_parameter("query", fmt::format("invalid expression type \"{}\" for range query, must "
                                             "be Scalar or instant Vector",
                                             promql::describe(type)));
  }
  return run_query(call, expression, timeline, ResultShape::kRange);
}

std::string answer_format_query(const RouteCall& call) {
  const promql::Expression expression = parse_query(call);
  std::string data;
  append_json_string(data, promql::pretty_print(*expression.root));
  return success_json(data);
}

std::string answer_parse_query(const RouteCall& call) {
  const promql::Expression expression = parse_query(call);
  std::string data;
  append_tree(data, *expression.root);
  return success_json(data);
}

std::string answer_query_exemplars(const RouteCall& call) {
  const TimeRange range = call.parameters.range();
  if (range.to < range.from) {
    throw bad_data("end timestamp must not be before start timestamp");
  }
  const promql::Expression expression = parse_query(call);
  return success_json("[]");
}

constexpr std::array kQueryRoutes = {
    Route{"query", true, answer_query},
    Route{"query_range", true, answer_query_range},
    Route{"query_exemplars", true, answer_query_exemplars},
    Route{"format_query", true, answer_format_query},
    Route{"parse_query", true, answer_parse_query},
};

}  // namespace

std::span<const Route> query_routes() {
  return kQueryRoutes;
}

promql::QueryOptions query_options(const Api& api, const Parameters& parameters, Duration waited) {
  promql::QueryOptions options = api.options().query;
  if (const auto lookback = parameters.duration("lookback_delta")) {
    if (*lookback > Duration(0)) options.lookback = *lookback;
  }
  if (const auto timeout = parameters.duration("timeout")) {
    const bool tighter = options.timeout == Duration(0) || *timeout < options.timeout;
    if (tighter) options.timeout = std::max(*timeout, Duration(1));
  }
  if (options.timeout == Duration(0)) return options;
  // A negative rest says that there is none; 0 would mean no limit.
  options.timeout -= waited;
  if (options.timeout == Duration(0)) options.timeout = Duration(-1);
  return options;
}

}  // namespace tocsin::promapi
