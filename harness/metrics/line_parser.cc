#include "harness/metrics/line_parser.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "harness/base/utf8.h"
#include "harness/metrics/number.h"

namespace tocsin::metrics {
namespace {

constexpr std::size_t kShownBytes = 40;
constexpr std::size_t kExcerptBytes = 4096;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_name_char(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

/// Quoted for a message: control characters escaped, cut when long.
std::string shown(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, kShownBytes)) {
    if (c == '\r') {
      result += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      result += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      if (c == '"' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + (text.size() > kShownBytes ? "…\"" : "\"");
}

/// Backslash escapes of help texts and label values. Unknown ones stay as they are, as in
/// Prometheus.
std::string unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n' || next == '\\' || next == '"') {
      result += next == 'n' ? '\n' : next;
      ++i;
    } else {
      result += text[i];
    }
  }
  return result;
}

struct TypeName {
  std::string_view name;
  MetricType type;
};
constexpr TypeName kTextTypes[] = {{"counter", MetricType::kCounter},
                                   {"gauge", MetricType::kGauge},
                                   {"histogram", MetricType::kHistogram},
                                   {"summary", MetricType::kSummary},
                                   {"untyped", MetricType::kUnknown}};
constexpr TypeName kOpenMetricsTypes[] = {
    {"counter", MetricType::kCounter},     {"gauge", MetricType::kGauge},
    {"histogram", MetricType::kHistogram}, {"gaugehistogram", MetricType::kGaugeHistogram},
    {"summary", MetricType::kSummary},     {"info", MetricType::kInfo},
    {"stateset", MetricType::kStateSet},   {"unknown", MetricType::kUnknown}};

}  // namespace

std::size_t series_bytes(std::string_view line) {
  std::size_t at = std::min(line.find_first_of("{ \t"), line.size());
  const std::size_t brace = std::min(line.find_first_not_of(" \t", at), line.size());
  if (brace == line.size() || line[brace] != '{') return at;
  for (at = brace + 1; at < line.size(); ++at) {
    if (line[at] == '}') return at + 1;
    if (line[at] != '"') continue;
    for (++at; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\') ++at;
    }
  }
  return line.size();
}

std::optional<Timestamp> openmetrics_timestamp(double seconds) {
  if (!(std::fabs(seconds) < 3.2e12)) return std::nullopt;
  const auto whole = static_cast<std::int64_t>(seconds);
  if (static_cast<double>(whole) == seconds) return from_ms(whole * 1000);
  const double ms = seconds * 1000;
  const double nearest = std::round(ms);
  return from_ms(static_cast<std::int64_t>(std::fabs(ms - nearest) < 1e-3 ? nearest : ms));
}

bool LineParser::fail(std::size_t at, std::string message, std::size_t length) {
  at = std::min(at, in_.size());
  const auto column = static_cast<int>(utf8_length(in_.substr(0, at))) + 1;
  const auto marked = static_cast<int>(utf8_length(in_.substr(at, length)));
  error_ = input_error({"", line_, column}, std::move(message), std::max(1, marked));
  if (in_.size() <= kExcerptBytes) error_.excerpt = in_;
  return false;
}

bool LineParser::expected(std::string_view what) {
  const std::string got = done() ? "the end of the line" : shown(in_.substr(at_, 1));
  return fail(at_, "expected " + std::string(what) + ", got " + got);
}

bool LineParser::too_many_samples() {
  error_ = input_error({"", line_, 0},
                       "more than " + std::to_string(limits_.samples) + " samples in one page");
  error_.kind = ErrorKind::kLimit;
  return false;
}

bool LineParser::skip_blanks() {
  if (!is_blank(peek())) return false;
  if (openmetrics()) {
    if (peek() != ' ') return false;
    ++at_;
    return true;
  }
  while (is_blank(peek())) ++at_;
  return true;
}

std::string_view LineParser::word() {
  const std::size_t begin = at_;
  while (!done() && !is_blank(in_[at_])) ++at_;
  return in_.substr(begin, at_ - begin);
}

LineParser::Line LineParser::next(std::string_view line) {
  ++line_;
  in_ = line;
  at_ = 0;
  unescaped_.clear();
  if (ended_) {
    fail(0, "expected nothing after \"# EOF\"", line.size());
    return Line::kError;
  }
  if (!fits(line.size())) {
    fail(0, "the line is longer than " + std::to_string(limits_.line_bytes) + " bytes");
    error_.kind = ErrorKind::kLimit;
    return Line::kError;
  }
  if (!openmetrics()) {
    skip_blanks();
    if (done()) return Line::kNothing;
  }
  return peek() == '#' ? comment_line() : sample_line();
}

LineParser::Line LineParser::next_known(std::string_view line, std::size_t head) {
  ++line_;
  in_ = line;
  at_ = head_ = head;
  unescaped_.clear();
  return tail();
}

LineParser::Line LineParser::sample_line() {
  const std::size_t begin = at_;
  labels_.clear();
  sample_.name = {};
  if (peek() != '{' && !metric_name()) return Line::kError;
  const std::size_t after_name = at_;
  if (!openmetrics()) skip_blanks();
  if (peek() == '{') {
    if (!labels(false)) return Line::kError;
  } else {
    at_ = after_name;
  }
  if (sample_.name.empty()) {
    fail(begin, "expected a metric name, before \"{\" or quoted as the first thing within");
    return Line::kError;
  }
  head_ = at_;
  sample_.series = in_.substr(begin, at_ - begin);
  sample_.labels = labels_;
  return tail();
}

LineParser::Line LineParser::tail() {
  sample_.at.reset();
  sample_.exemplar = nullptr;
  sample_.line = line_;
  const bool labelled = in_[head_ - 1] == '}';
  if (!skip_blanks() && (openmetrics() || !labelled)) {
    expected(labelled ? "a blank and a value" : "\"{\" or a blank and a value");
    return Line::kError;
  }
  const std::size_t begin = at_;
  const std::string_view written = word();
  const std::optional<double> value = parse_value(written);
  if (!value) {
    if (written.empty()) {
      expected("a value");
    } else {
      fail(begin, "expected a number as value, got " + shown(written), written.size());
    }
    return Line::kError;
  }
  sample_.value = *value;
  sample_.value_text = written;
  const bool more = skip_blanks();
  if (more && openmetrics() && done()) {
    expected("a timestamp or an exemplar after the blank");
    return Line::kError;
  }
  if (more && !done() && !(openmetrics() && peek() == '#')) {
    if (!timestamp(sample_.at)) return Line::kError;
    if (skip_blanks() && openmetrics() && peek() != '#') {
      expected("\"#\" and an exemplar after the timestamp");
      return Line::kError;
    }
  }
  if (openmetrics() && peek() == '#' && !exemplar()) return Line::kError;
  if (!done()) {
    expected("the end of the line");
    return Line::kError;
  }
  if (++samples_ > limits_.samples) {
    too_many_samples();
    return Line::kError;
  }
  return Line::kSample;
}

bool LineParser::metric_name() {
  const std::size_t begin = at_;
  if (!is_name_start(peek()) && peek() != ':') return expected("a metric name");
  while (is_name_char(peek()) || peek() == ':') ++at_;
  sample_.name = in_.substr(begin, at_ - begin);
  return true;
}

bool LineParser::labels(bool for_exemplar) {
  const auto blanks = [&] {
    if (!openmetrics()) skip_blanks();
  };
  ++at_;  // {
  blanks();
  while (peek() != '}') {
    if (!label(for_exemplar)) return false;
    blanks();
    if (peek() == '}') break;
    if (peek() != ',') return expected("\",\" or \"}\" after a label");
    ++at_;
    blanks();
    if (peek() == '}' && openmetrics()) return expected("a label name after \",\"");
  }
  ++at_;  // }
  return true;
}

bool LineParser::label(bool for_exemplar) {
  std::vector<LabelView>& into = for_exemplar ? exemplar_labels_ : labels_;
  const auto blanks = [&] {
    if (!openmetrics()) skip_blanks();
  };
  const std::size_t begin = at_;
  LabelView label;
  if (peek() == '"') {
    if (!quoted("name", label.name)) return false;
    blanks();
    if (peek() != '=' && !for_exemplar) {
      if (!sample_.name.empty()) {
        return fail(at_, "expected \"=\" after a label name: the metric name is given already");
      }
      if (label.name.empty()) return fail(begin, "a metric name cannot be empty", 2);
      sample_.name = label.name;
      return true;
    }
    if (label.name.empty()) return fail(begin, "a label name cannot be empty", 2);
  } else {
    if (!is_name_start(peek())) return expected("a label name");
    while (is_name_char(peek())) ++at_;
    label.name = in_.substr(begin, at_ - begin);
    blanks();
  }
  const std::size_t name_bytes = label.name.size();
  if (label.name == kMetricName)
    return fail(begin, "the metric name cannot be given as label __name__", name_bytes);
  if (peek() != '=') return expected("\"=\" after a label name");
  ++at_;
  blanks();
  if (peek() != '"') return expected("a label value in double quotes");
  if (!quoted("label value", label.value)) return false;
  const auto same_name = [&](const LabelView& other) { return other.name == label.name; };
  if (std::any_of(into.begin(), into.end(), same_name))
    return fail(begin, "label " + shown(label.name) + " is given twice", name_bytes);
  if (into.size() == limits_.labels) {
    fail(begin, "more than " + std::to_string(limits_.labels) + " labels");
    error_.kind = ErrorKind::kLimit;
    return false;
  }
  into.push_back(label);
  return true;
}

bool LineParser::quoted(std::string_view what, std::string_view& value) {
  const std::size_t begin = ++at_;
  bool escaped = false;
  for (; !done() && in_[at_] != '"'; ++at_) {
    if (in_[at_] != '\\') continue;
    escaped = true;
    ++at_;
  }
  if (at_ >= in_.size())
    return fail(begin - 1, "expected a closing quote for this " + std::string(what));
  value = in_.substr(begin, at_ - begin);
  ++at_;
  if (const auto bad = find_invalid_utf8(value)) {
    return fail(begin + *bad, std::string(what) + " is not valid UTF-8");
  }
  if (escaped) value = unescaped_.emplace_back(unescape(value));
  return true;
}

bool LineParser::timestamp(std::optional<Timestamp>& at) {
  const std::size_t begin = at_;
  const std::string_view written = word();
  if (openmetrics()) {
    const std::optional<double> seconds = parse_value(written);
    if (seconds) at = openmetrics_timestamp(*seconds);
    return at ||
           fail(begin, "expected a timestamp in seconds, got " + shown(written), written.size());
  }
  std::int64_t ms = 0;
  const auto read = std::from_chars(written.data(), written.data() + written.size(), ms);
  if (read.ec != std::errc() || read.ptr != written.data() + written.size())
    return fail(begin, "expected a timestamp in whole milliseconds, got " + shown(written),
                written.size());
  at = from_ms(ms);
  return true;
}

bool LineParser::exemplar() {
  ++at_;  // #
  if (!skip_blanks() || peek() != '{')
    return expected("\" {\" and an exemplar's labels after \"#\"");
  exemplar_labels_.clear();
  if (!labels(true)) return false;
  if (!skip_blanks()) return expected("a blank and the exemplar's value");
  const std::size_t begin = at_;
  const std::string_view written = word();
  const std::optional<double> value = parse_value(written);
  if (!value)
    return fail(begin, "expected a number as exemplar's value, got " + shown(written),
                written.size());
  exemplar_.labels = Labels::from(exemplar_labels_);
  exemplar_.value = *value;
  exemplar_.at.reset();
  if (skip_blanks() && !timestamp(exemplar_.at)) return false;
  sample_.exemplar = &exemplar_;
  return true;
}

LineParser::Line LineParser::comment_line() {
  ++at_;  // #
  if (openmetrics() && in_ == "# EOF") {
    ended_ = true;
    return Line::kEof;
  }
  const bool blank = skip_blanks();
  const std::size_t begin = at_;
  const std::string_view keyword = blank ? word() : std::string_view();
  if (!openmetrics() && done()) return Line::kNothing;  // "# HELP" alone is a remark
  if (keyword == "TYPE") return type_line();
  if (keyword == "HELP") return help_line();
  if (keyword == "UNIT" && openmetrics()) return unit_line();
  if (!openmetrics()) return Line::kNothing;
  at_ = begin;
  fail(begin, "expected TYPE, HELP, UNIT or EOF after \"# \": OpenMetrics has no other comments",
       keyword.size());
  return Line::kError;
}

bool LineParser::family_name(std::string_view keyword) {
  if (!skip_blanks()) return expected("a metric name after " + std::string(keyword));
  if (peek() == '"') return quoted("name", sample_.name);
  if (!metric_name()) return false;
  if (!done() && !is_blank(peek())) return expected("a blank after the metric name");
  return true;
}

LineParser::Line LineParser::type_line() {
  if (!family_name("TYPE")) return Line::kError;
  if (!skip_blanks()) {
    expected("a metric type");
    return Line::kError;
  }
  const std::size_t begin = at_;
  std::string_view written = in_.substr(at_);
  if (!openmetrics()) {
    while (!written.empty() && is_blank(written.back())) written.remove_suffix(1);
  }
  const std::span<const TypeName> types =
      openmetrics() ? std::span<const TypeName>(kOpenMetricsTypes) : kTextTypes;
  for (const TypeName& type : types) {
    if (type.name != written) continue;
    type_ = type.type;
    return Line::kType;
  }
  std::string allowed;
  for (const TypeName& type : types) {
    if (!allowed.empty()) allowed += type.name == types.back().name ? " or " : ", ";
    allowed += type.name;
  }
  fail(begin, "expected " + allowed + ", got " + shown(written), written.size());
  return Line::kError;
}

LineParser::Line LineParser::help_line() {
  if (!family_name("HELP")) return Line::kError;
  text_ = skip_blanks() ? in_.substr(at_) : std::string_view();
  if (const auto bad = find_invalid_utf8(text_)) {
    fail(at_ + *bad, "help text is not valid UTF-8");
    return Line::kError;
  }
  if (text_.find('\\') != std::string_view::npos) text_ = unescaped_.emplace_back(unescape(text_));
  return Line::kHelp;
}

LineParser::Line LineParser::unit_line() {
  if (!family_name("UNIT")) return Line::kError;
  const std::size_t begin = at_ + 1;
  text_ = skip_blanks() ? in_.substr(at_) : std::string_view();
  const std::string_view name = sample_.name;
  const bool is_suffix = text_.empty() || (name.size() > text_.size() && name.ends_with(text_) &&
                                           name[name.size() - text_.size() - 1] == '_');
  if (is_suffix) return Line::kUnit;
  fail(begin, "unit " + shown(text_) + " is not the end of the metric's name " + shown(name),
       text_.size());
  return Line::kError;
}

Result<void> LineParser::finish() {
  if (!openmetrics() || ended_) return {};
  return input_error({"", line_ + 1, 1}, "expected \"# EOF\" as the last line");
}

}  // namespace tocsin::metrics
