#include "harness/rules/template_functions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/regex.h"
#include "harness/rules/go_builtins.h"
#include "harness/rules/go_printf.h"
#include "harness/rules/go_text.h"
#include "harness/rules/text_functions.h"

namespace tocsin::rules::templates {
namespace {

using Args = std::span<const Value>;

const std::string& text(const Value& value) {
  return *value.as<std::string>();
}

Result<double> to_float(const Value& value) {
  if (const double* number = value.as<double>()) return *number;
  if (const std::int64_t* number = value.as<std::int64_t>()) return static_cast<double>(*number);
  if (const std::string* digits = value.as<std::string>()) {
    if (const std::optional<double> number = go_parse_float(*digits)) return *number;
    return problem("strconv.ParseFloat: parsing " + go_quote(*digits) + ": invalid syntax");
  }
  return problem("can't convert " + type_name(value) + " to float");
}

// --- numbers for people ---

constexpr std::array<std::string_view, 8> kLarge = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr std::array<std::string_view, 8> kLarge1024 = {"ki", "Mi", "Gi", "Ti",
                                                        "Pi", "Ei", "Zi", "Yi"};
constexpr std::array<std::string_view, 8> kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};

std::string four_digits(double value) {
  return go_float(value, 'g', 4);
}

std::string scaled_down(double value, double base, std::span<const std::string_view> prefixes) {
  std::string_view prefix;
  for (const std::string_view next : prefixes) {
    if (std::abs(value) < base) break;
    prefix = next;
    value /= base;
  }
  return four_digits(value) + std::string(prefix);
}

std::string scaled_up(double value) {
  std::string_view prefix;
  for (const std::string_view next : kSmall) {
    if (std::abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return four_digits(value) + std::string(prefix);
}

Result<Value> humanize(Args args, const TemplateData&) {
  TRY(const double value, to_float(args[0]));
  if (value == 0 || !std::isfinite(value)) return Value(four_digits(value));
  return Value(std::abs(value) >= 1 ? scaled_down(value, 1000, kLarge) : scaled_up(value));
}

Result<Value> humanize_1024(Args args, const TemplateData&) {
  TRY(const double value, to_float(args[0]));
  if (std::abs(value) <= 1 || !std::isfinite(value)) return Value(four_digits(value));
  return Value(scaled_down(value, 1024, kLarge1024));
}

Result<Value> humanize_percentage(Args args, const TemplateData&) {
  TRY(const double value, to_float(args[0]));
  return Value(four_digits(value * 100) + '%');
}

Result<Value> humanize_duration(Args args, const TemplateData&) {
  TRY(const double value, to_float(args[0]));
  if (!std::isfinite(value)) return Value(four_digits(value));
  if (value == 0) return Value(four_digits(value) + 's');
  if (std::abs(value) < 1) return Value(scaled_up(value) + 's');
  const std::string sign = value < 0 ? "-" : "";
  // Go's conversion of what does not fit into 64 bits is the processor's.
  constexpr double kTooLong = 9.2e18;
  const double magnitude = std::abs(value);
  const std::int64_t whole = magnitude < kTooLong ? static_cast<std::int64_t>(magnitude)
                                                  : std::numeric_limits<std::int64_t>::min();
  const std::int64_t seconds = whole % 60;
  const std::int64_t minutes = whole / 60 % 60;
  const std::int64_t hours = whole / 3600 % 24;
  const std::int64_t days = whole / 86400;
  if (days != 0)
    return Value(fmt::format("{}{}d {}h {}m {}s", sign, days, hours, minutes, seconds));
  if (hours != 0) return Value(fmt::format("{}{}h {}m {}s", sign, hours, minutes, seconds));
  if (minutes != 0) return Value(fmt::format("{}{}m {}s", sign, minutes, seconds));
  return Value(sign + four_digits(magnitude) + 's');
}

Result<GoTime> time_of(double seconds) {
  if (!std::isfinite(seconds)) return problem("value is NaN or Inf");
  const double ns = seconds * 1e9;
  if (std::abs(ns) > 9223372036854775807.0) {
    return problem(go_float(seconds, 'g', -1) +
                   " cannot be represented as a nanoseconds timestamp since it overflows int64");
  }
  return GoTime{from_ms(static_cast<std::int64_t>(ns) / 1'000'000)};
}

Result<Value> humanize_timestamp(Args args, const TemplateData&) {
  TRY(const double seconds, to_float(args[0]));
  if (!std::isfinite(seconds)) return Value(four_digits(seconds));
  TRY(const GoTime time, time_of(seconds));
  return Value(go_time(time.at));
}

Result<Value> to_time(Args args, const TemplateData&) {
  TRY(const double seconds, to_float(args[0]));
  TRY(const GoTime time, time_of(seconds));
  return Value(time);
}

Result<Value> to_duration(Args args, const TemplateData&) {
  TRY(const double seconds, to_float(args[0]));
  if (!(std::abs(seconds) < 9.2e9)) return Value(GoDuration{std::chrono::nanoseconds::min()});
  return Value(GoDuration{std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9))});
}

Result<Value> parse_seconds(Args args, const TemplateData&) {
  std::string_view digits = text(args[0]);
  const bool negative = digits.starts_with('-');
  if (negative) digits.remove_prefix(1);
  const Result<Duration> length = parse_duration(digits);
  if (length.has_error() || digits.find('.') != std::string_view::npos) {
    return problem("not a valid duration string: " + go_quote(text(args[0])));
  }
  return Value(to_seconds(negative ? -*length : *length));
}

Result<Value> now(Args, const TemplateData& data) {
  return Value(static_cast<double>(to_ms(data.now)) / 1000.0);
}

// --- query results ---

Result<Value> query(Args args, const TemplateData& data) {
  if (!data.query) return problem("queries are not available here");
  TRY(std::vector<TemplateData::QuerySample> found, data.query(text(args[0])));
  Samples samples;
  samples.reserve(found.size());
  for (TemplateData::QuerySample& sample : found) {
    samples.push_back(std::make_shared<const TemplateData::QuerySample>(std::move(sample)));
  }
  return Value(std::move(samples));
}

Result<Value> first(Args args, const TemplateData&) {
  const Samples& samples = *args[0].as<Samples>();
  if (samples.empty()) return problem("first() called on vector with no elements");
  return Value(samples.front());
}

Result<Value> label(Args args, const TemplateData&) {
  return Value(std::string((*args[1].as<Sample>())->labels.get(text(args[0]))));
}

Result<Value> value_of(Args args, const TemplateData&) {
  return Value((*args[0].as<Sample>())->value);
}

Result<Value> string_value(Args args, const TemplateData&) {
  return Value(std::string((*args[0].as<Sample>())->labels.get("__value__")));
}

Result<Value> sort_by_label(Args args, const TemplateData&) {
  Samples samples = *args[1].as<Samples>();
  const std::string& name = text(args[0]);
  std::stable_sort(samples.begin(), samples.end(), [&](const Sample& a, const Sample& b) {
    return a->labels.get(name) < b->labels.get(name);
  });
  return Value(std::move(samples));
}

// --- text ---

Result<Value> match(Args args, const TemplateData&) {
  TRY(const bool found, regex_search(text(args[0]), text(args[1])));
  return Value(found);
}

Result<Value> replace_all(Args args, const TemplateData&) {
  TRY(std::string replaced, regex_replace_all(text(args[0]), text(args[2]), text(args[1])));
  return Value(std::move(replaced));
}

Result<Value> safe_html(Args args, const TemplateData&) {
  return Value(Html{text(args[0])});
}

/// A function of one text that cannot fail.
template <std::string (*F)(std::string_view)>
Result<Value> of_text(Args args, const TemplateData&) {
  return Value(F(text(args[0])));
}

std::string graph_link(std::string_view expression) {
  return "/graph?g0.expr=" + go_query_escape(expression) + "&g0.tab=0";
}
std::string table_link(std::string_view expression) {
  return "/graph?g0.expr=" + go_query_escape(expression) + "&g0.tab=1";
}

/// How Go fails where a URL is missing.
Error no_url() {
  return problem("runtime error: invalid memory address or nil pointer dereference");
}

Result<Value> external_url(Args, const TemplateData& data) {
  if (data.url_functions_fail) return no_url();
  return Value(data.external_url);
}
Result<Value> path_prefix(Args, const TemplateData& data) {
  if (data.url_functions_fail) return no_url();
  return Value(url_path(data.external_url));
}

Result<Value> arguments(Args args, const TemplateData&) {
  auto named = std::make_shared<std::map<std::string, Value>>();
  for (std::size_t i = 0; i < args.size(); ++i) named->emplace(fmt::format("arg{}", i), args[i]);
  return Value(Arguments(std::move(named)));
}

// --- Go's own ---

Result<Value> print(Args args, const TemplateData&) {
  return Value(go_sprint(args));
}
Result<Value> print_line(Args args, const TemplateData&) {
  return Value(go_sprintln(args));
}
Result<Value> print_format(Args args, const TemplateData&) {
  return Value(go_sprintf(text(args[0]), args.subspan(1)));
}
Result<Value> html(Args args, const TemplateData&) {
  return Value(html_escape(joined(args)));
}
Result<Value> js(Args args, const TemplateData&) {
  return Value(js_escape(joined(args)));
}
Result<Value> url_query(Args args, const TemplateData&) {
  return Value(go_query_escape(joined(args)));
}
Result<Value> negate(Args args, const TemplateData&) {
  return Value(!is_true(args[0]));
}
Result<Value> call(Args args, const TemplateData&) {
  if (args[0].is_nil()) return problem("call of nil");
  return problem("non-function of type " + type_name(args[0]));
}

/// The builtins that need no data.
template <Result<Value> (*F)(Args)>
Result<Value> builtin(Args args, const TemplateData&) {
  return F(args);
}

const std::vector<Function>& table() {
  using enum ParameterType;
  static const std::vector<Function> functions = {
      {"and", {kAny}, true, nullptr},
      {"args", {}, true, arguments},
      {"call", {kAny}, true, call},
      {"eq", {kAny}, true, builtin<go_equal>},
      {"externalURL", {}, false, external_url},
      {"first", {kSamples}, false, first},
      {"ge", {kAny, kAny}, false, builtin<go_greater_or_equal>},
      {"graphLink", {kString}, false, of_text<graph_link>},
      {"gt", {kAny, kAny}, false, builtin<go_greater>},
      {"html", {}, true, html},
      {"humanize", {kAny}, false, humanize},
      {"humanize1024", {kAny}, false, humanize_1024},
      {"humanizeDuration", {kAny}, false, humanize_duration},
      {"humanizePercentage", {kAny}, false, humanize_percentage},
      {"humanizeTimestamp", {kAny}, false, humanize_timestamp},
      {"index", {kAny}, true, builtin<go_index>},
      {"js", {}, true, js},
      {"label", {kString, kSample}, false, label},
      {"le", {kAny, kAny}, false, builtin<go_less_or_equal>},
      {"len", {kAny}, false, builtin<go_length>},
      {"lt", {kAny, kAny}, false, builtin<go_less>},
      {"match", {kString, kString}, false, match},
      {"ne", {kAny, kAny}, false, builtin<go_not_equal>},
      {"not", {kAny}, false, negate},
      {"now", {}, false, now},
      {"or", {kAny}, true, nullptr},
      {"parseDuration", {kString}, false, parse_seconds},
      {"pathPrefix", {}, false, path_prefix},
      {"print", {}, true, print},
      {"printf", {kString}, true, print_format},
      {"println", {}, true, print_line},
      {"query", {kString}, false, query},
      {"reReplaceAll", {kString, kString, kString}, false, replace_all},
      {"safeHtml", {kString}, false, safe_html},
      {"slice", {kAny}, true, builtin<go_slice>},
      {"sortByLabel", {kString, kSamples}, false, sort_by_label},
      {"stripDomain", {kString}, false, of_text<strip_domain>},
      {"stripPort", {kString}, false, of_text<strip_port>},
      {"strvalue", {kSample}, false, string_value},
      {"tableLink", {kString}, false, of_text<table_link>},
      {"title", {kString}, false, of_text<title_case>},
      {"toDuration", {kAny}, false, to_duration},
      {"toLower", {kString}, false, of_text<lower_case>},
      {"toTime", {kAny}, false, to_time},
      {"toUpper", {kString}, false, of_text<upper_case>},
      {"urlQueryEscape", {kString}, false, of_text<go_query_escape>},
      {"urlquery", {}, true, url_query},
      {"value", {kSample}, false, value_of},
  };
  return functions;
}

}  // namespace

std::string_view to_string(ParameterType type) {
  switch (type) {
    case ParameterType::kAny:
      return "interface {}";
    case ParameterType::kString:
      return "string";
    case ParameterType::kSample:
      return "*template.sample";
    case ParameterType::kSamples:
      return "template.queryResult";
  }
  return "interface {}";
}

FunctionTable prometheus_functions() {
  return table();
}

const Function* find_function(FunctionTable functions, std::string_view name) {
  const auto it = std::lower_bound(
      functions.begin(), functions.end(), name,
      [](const Function& function, std::string_view wanted) { return function.name < wanted; });
  return it != functions.end() && it->name == name ? &*it : nullptr;
}

std::vector<std::string> function_names(FunctionTable functions) {
  std::vector<std::string> names;
  for (const Function& function : functions) names.emplace_back(function.name);
  return names;
}

}  // namespace tocsin::rules::templates
