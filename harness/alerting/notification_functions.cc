#include "harness/alerting/notification_functions.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/alerting/template_data.h"
#include "harness/alerting/time_zone.h"
#include "harness/rules/go_text.h"
#include "harness/rules/text_functions.h"

namespace tocsin::alerting {
namespace {

using rules::TemplateData;
using rules::templates::Function;
using rules::templates::GoDuration;
using rules::templates::GoTime;
using rules::templates::ParameterType;
using rules::templates::problem;
using rules::templates::SafeUrl;
using CallArguments = std::span<const Value>;

const std::string& text_argument(const Value& value) {
  return *value.as<std::string>();
}

Error wrong_type(std::string_view wanted, const Value& value) {
  return problem(fmt::format("wrong type for value; expected {}; got {}", wanted,
                             rules::templates::type_name(value)));
}

// --- text ---

Result<Value> title(CallArguments args, const TemplateData&) {
  return Value(rules::templates::title_case(rules::templates::lower_case(text_argument(args[0]))));
}

Result<Value> trim_space(CallArguments args, const TemplateData&) {
  constexpr std::string_view kBlank = " \t\n\v\f\r";
  const std::string& text = text_argument(args[0]);
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string::npos) return Value(std::string());
  return Value(text.substr(begin, text.find_last_not_of(kBlank) - begin + 1));
}

Result<Value> join(CallArguments args, const TemplateData&) {
  const std::vector<std::string>* texts = texts_in(args[1]);
  if (texts == nullptr) return wrong_type("[]string", args[1]);
  return Value(fmt::format("{}", fmt::join(*texts, text_argument(args[0]))));
}

Result<Value> string_slice(CallArguments args, const TemplateData&) {
  std::vector<std::string> texts;
  for (const Value& value : args) {
    const std::string* text = value.as<std::string>();
    if (text == nullptr) return wrong_type("string", value);
    texts.push_back(*text);
  }
  return Value(make_texts(std::move(texts)));
}

Result<Value> safe_url(CallArguments args, const TemplateData&) {
  return Value(SafeUrl{text_argument(args[0])});
}

Result<Value> url_unescape(CallArguments args, const TemplateData&) {
  const std::string& text = text_argument(args[0]);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const std::string digits = text.substr(i + 1, 2);
    const bool good = digits.size() == 2 &&
                      digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
    if (!good) {
      return problem("invalid URL escape " + rules::go_quote(text.substr(i, 3)));
    }
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    i += 2;
  }
  return Value(std::move(out));
}

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Result<Value> base64_encode(CallArguments args, const TemplateData&) {
  const std::string& text = text_argument(args[0]);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > text.size() ? '=' : kBase64[bits >> (18 - 6 * j) & 63U];
    }
  }
  return Value(std::move(out));
}

Result<Value> base64_decode(CallArguments args, const TemplateData&) {
  const std::string& text = text_argument(args[0]);
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t end = text.size();
  while (end > 0 && text[end - 1] == '=' && text.size() - end < 2) --end;
  for (std::size_t i = 0; i < end; ++i) {
    const std::size_t value = kBase64.find(text[i]);
    if (value == std::string_view::npos) {
      return problem(fmt::format("illegal base64 data at input byte {}", i));
    }
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  if (text.size() % 4 != 0)
    return problem(fmt::format("illegal base64 data at input byte {}", end));
  return Value(std::move(out));
}

// --- times ---

Result<Value> date(CallArguments args, const TemplateData&) {
  const GoTime* time = args[1].as<GoTime>();
  if (time == nullptr) return wrong_type("time.Time", args[1]);
  return Value(rules::go_time_format(time->at, text_argument(args[0]), {time->offset, time->zone}));
}

Result<Value> time_zone(CallArguments args, const TemplateData&) {
  const GoTime* time = args[1].as<GoTime>();
  if (time == nullptr) return wrong_type("time.Time", args[1]);
  TRY(const TimeZone zone, TimeZone::load(text_argument(args[0])));
  const TimeZone::Offset offset = zone.offset_at(time->at);
  return Value(GoTime{time->at, offset.from_utc, offset.abbreviation});
}

Result<Value> now(CallArguments, const TemplateData& data) {
  return Value(GoTime{data.now});
}

Result<Value> since(CallArguments args, const TemplateData& data) {
  const GoTime* time = args[0].as<GoTime>();
  if (time == nullptr) return wrong_type("time.Time", args[0]);
  return Value(GoDuration{data.now - time->at});
}

/// Prometheus' function takes Alertmanager's durations, too.
Result<Value> humanize_duration(CallArguments args, const TemplateData& data) {
  const Function* original =
      rules::templates::find_function(rules::templates::prometheus_functions(), "humanizeDuration");
  if (const GoDuration* length = args[0].as<GoDuration>()) {
    const Value seconds = static_cast<double>(length->length.count()) / 1e9;
    return original->body({&seconds, 1}, data);
  }
  return original->body(args, data);
}

/// The layouts that people use: what Go would read with others is refused.
Result<Timestamp> parse_date(const std::string& layout, const std::string& text) {
  const bool whole = layout == "2006-01-02T15:04:05Z07:00" || layout == "2006-01-02";
  Result<Timestamp> at = parse_rfc3339(text);
  if (whole && at.has_value()) return at;
  if (layout == "2006-01-02 15:04:05" && text.size() == layout.size()) {
    at = parse_rfc3339(text + "Z");
    if (at.has_value()) return at;
  }
  return problem("parsing time " + rules::go_quote(text) + " as " + rules::go_quote(layout) +
                 ": cannot parse");
}

Result<Value> to_date(CallArguments args, const TemplateData&) {
  const Result<Timestamp> at = parse_date(text_argument(args[0]), text_argument(args[1]));
  constexpr std::int64_t kYearOne = -62'135'596'800'000;
  return Value(GoTime{at.has_value() ? *at : from_ms(kYearOne)});
}
Result<Value> must_to_date(CallArguments args, const TemplateData&) {
  TRY(const Timestamp at, parse_date(text_argument(args[0]), text_argument(args[1])));
  return Value(GoTime{at});
}

// --- data ---

Result<Value> to_json(CallArguments args, const TemplateData&) {
  TRY(std::string text, value_json(args[0]));
  return Value(std::move(text));
}

Result<Value> list(CallArguments args, const TemplateData&) {
  return Value(make_list({args.begin(), args.end()}));
}

Result<Value> append(CallArguments args, const TemplateData&) {
  const std::vector<Value>* items = list_in(args[0]);
  if (items == nullptr) return wrong_type("[]interface {}", args[0]);
  std::vector<Value> longer = *items;
  longer.insert(longer.end(), args.begin() + 1, args.end());
  return Value(make_list(std::move(longer)));
}

Result<Value> dict(CallArguments args, const TemplateData&) {
  if (args.size() % 2 != 0) return problem("dict requires an even number of arguments");
  auto map = std::make_shared<std::map<std::string, Value>>();
  for (std::size_t i = 0; i < args.size(); i += 2) {
    const std::string* key = args[i].as<std::string>();
    if (key == nullptr) return problem("dict keys must be strings");
    (*map)[*key] = args[i + 1];
  }
  return Value(rules::templates::Arguments(std::move(map)));
}

Result<Value> route_labels(CallArguments args, const TemplateData& data) {
  const auto& own = static_cast<const NotificationTemplateData&>(data);
  TRY(std::string text, own.route_label(text_argument(args[0])));
  return Value(std::move(text));
}

/// Functions of Prometheus' templates under their own names.
std::vector<Function> shared(std::initializer_list<std::string_view> names) {
  std::vector<Function> functions;
  for (const std::string_view name : names) {
    functions.push_back(
        *rules::templates::find_function(rules::templates::prometheus_functions(), name));
  }
  return functions;
}

std::vector<Function> builtins() {
  return shared({"and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne",
                 "not", "or", "print", "printf", "println", "slice", "urlquery"});
}

std::vector<Function> sorted_by_name(std::vector<Function> functions) {
  std::sort(functions.begin(), functions.end(),
            [](const Function& a, const Function& b) { return a.name < b.name; });
  return functions;
}

}  // namespace

rules::templates::FunctionTable go_functions() {
  static const std::vector<Function> functions = sorted_by_name(builtins());
  return functions;
}

rules::templates::FunctionTable notification_functions() {
  using enum ParameterType;
  static const std::vector<Function> functions = [] {
    std::vector<Function> all = builtins();
    for (Function& one : shared({"match", "reReplaceAll", "safeHtml", "toLower", "toUpper"})) {
      all.push_back(std::move(one));
    }
    const std::vector<Function> own = {{"append", {kAny}, true, append},
                                       {"base64decode", {kString}, false, base64_decode},
                                       {"base64encode", {kString}, false, base64_encode},
                                       {"date", {kString, kAny}, false, date},
                                       {"dict", {}, true, dict},
                                       {"humanizeDuration", {kAny}, false, humanize_duration},
                                       {"join", {kString, kAny}, false, join},
                                       {"list", {}, true, list},
                                       {"mustToDate", {kString, kString}, false, must_to_date},
                                       {"now", {}, false, now},
                                       {"routeLabels", {kString}, false, route_labels},
                                       {"safeUrl", {kString}, false, safe_url},
                                       {"since", {kAny}, false, since},
                                       {"stringSlice", {}, true, string_slice},
                                       {"title", {kString}, false, title},
                                       {"toDate", {kString, kString}, false, to_date},
                                       {"toJson", {kAny}, false, to_json},
                                       {"trimSpace", {kString}, false, trim_space},
                                       {"tz", {kString, kAny}, false, time_zone},
                                       {"urlUnescape", {kString}, false, url_unescape}};
    all.insert(all.end(), own.begin(), own.end());
    return sorted_by_name(std::move(all));
  }();
  return functions;
}

}  // namespace tocsin::alerting
