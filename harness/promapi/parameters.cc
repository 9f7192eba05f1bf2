#include "harness/promapi/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/promapi/failure.h"
#include "harness/promql/literals.h"
#include "harness/promql/parser.h"

namespace tocsin::promapi {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> unescape(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_blank) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// A number of seconds as Go's ParseFloat reads it.
std::optional<double> parse_seconds(const std::string& text) {
  if (text.empty()) return std::nullopt;
  const bool sign = text.front() == '+' || text.front() == '-';
  const Result<double> number = promql::parse_number(std::string_view(text).substr(sign ? 1 : 0));
  if (!number) return std::nullopt;
  return text.front() == '-' ? -*number : *number;
}

constexpr double kMostMilliseconds = 9.2e18;

bool accepts_nothing(const std::vector<Matcher>& matchers) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [](const Matcher& matcher) { return matcher.matches(std::string_view()); });
}

}  // namespace

std::optional<std::string> unescape_form(std::string_view text) {
  return unescape(text, true);
}

std::optional<std::string> unescape_path(std::string_view text) {
  return unescape(text, false);
}

Result<Timestamp> parse_api_time(const std::string& text) {
  if (const std::optional<double> seconds = parse_seconds(text)) {
    const double ms = std::round(*seconds * 1000);
    if (std::abs(ms) < kMostMilliseconds) return from_ms(static_cast<std::int64_t>(ms));
  } else if (const Result<Timestamp> time = parse_rfc3339(text); time && text.size() > 10) {
    return *time;
  }
  return input_error({}, "cannot parse " + promql::quote(text) + " to a valid timestamp");
}

Result<Duration> parse_api_duration(const std::string& text) {
  const std::string problem = "cannot parse " + promql::quote(text) + " to a valid duration";
  if (const std::optional<double> seconds = parse_seconds(text)) {
    const double ms = *seconds * 1000;
    // In nanoseconds it must fit, as in Prometheus.
    if (!(std::abs(ms) * 1e6 < kMostMilliseconds)) {
      return input_error({}, problem + ". It overflows int64");
    }
    return Duration(static_cast<std::int64_t>(ms));
  }
  if (const Result<Duration> duration = promql::parse_duration_literal(text)) return *duration;
  return input_error({}, problem);
}

Parameters::Parameters(const http::Request& request) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  const std::string_view type = request.headers.get("Content-Type");
  if (request.method == "POST" && type.substr(0, kForm.size()) == kForm) add(request.body);
  add(request.query());
}

void Parameters::add(std::string_view form) {
  while (!form.empty()) {
    const std::size_t end = std::min(form.find('&'), form.size());
    const std::string_view pair = form.substr(0, end);
    form.remove_prefix(std::min(end + 1, form.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = unescape_form(pair.substr(0, equals));
    auto value = unescape_form(pair.substr(std::min(equals + 1, pair.size())));
    if (!name || !value || pair.find(';') != std::string_view::npos) {
      throw bad_data("error parsing form values: " + promql::quote(pair) + " is no form value");
    }
    values_.emplace_back(std::move(*name), std::move(*value));
  }
}

const std::string& Parameters::get(std::string_view name) const {
  static const std::string kNone;
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& value) { return value.first == name; });
  return found == values_.end() ? kNone : found->second;
}

std::vector<std::string> Parameters::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

std::optional<Timestamp> Parameters::time(const std::string& name) const {
  const std::string& text = get(name);
  if (text.empty()) return std::nullopt;
  const Result<Timestamp> time = parse_api_time(text);
  if (!time) throw bad_parameter(name, time.error().message);
  return *time;
}

std::optional<Duration> Parameters::duration(const std::string& name) const {
  const std::string& text = get(name);
  if (text.empty()) return std::nullopt;
  const Result<Duration> duration = parse_api_duration(text);
  if (!duration) throw bad_parameter(name, duration.error().message);
  return *duration;
}

std::size_t Parameters::limit() const {
  const std::string& text = get("limit");
  if (text.empty()) return 0;
  std::int64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw bad_parameter("limit", promql::quote(text) + " is no whole number");
  }
  if (limit < 0) throw bad_parameter("limit", "limit must be non-negative");
  return static_cast<std::size_t>(limit);
}

TimeRange Parameters::range() const {
  TimeRange range;
  if (const auto start = time("start")) range.from = *start;
  if (const auto end = time("end")) range.to = *end;
  return range;
}

std::vector<std::vector<Matcher>> Parameters::selectors(
    const promql::ParseOptions& language) const {
  std::vector<std::vector<Matcher>> selectors;
  for (const std::string& text : all("match[]")) {
    const Result<promql::Expression> parsed = promql::parse_expression(text, language);
    if (!parsed) throw bad_parameter("match[]", to_string(parsed.error()));
    const promql::Node& root = *parsed->root;
    const auto* selector = root.kind == promql::NodeKind::kVectorSelector
                               ? static_cast<const promql::VectorSelector*>(&root)
                               : nullptr;
    if (selector == nullptr || selector->shift.offset != Duration(0) ||
        selector->shift.offset_expr || selector->shift.at != promql::AtKind::kNone) {
      throw bad_parameter("match[]", promql::quote(text) + " is no series selector");
    }
    if (accepts_nothing(selector->matchers)) {
      throw bad_parameter("match[]", "match[] must contain at least one non-empty matcher");
    }
    selectors.push_back(selector->matchers);
  }
  return selectors;
}

}  // namespace tocsin::promapi
