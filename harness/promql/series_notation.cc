#include "harness/promql/series_notation.h"

#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/model/series.h"
#include "harness/promql/evaluation_failure.h"
#include "harness/promql/histogram_math.h"
#include "harness/promql/lexer.h"
#include "harness/promql/literals.h"
#include "harness/promql/numbers.h"

namespace tocsin::promql {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Reads a description from left to right; throws an EvaluationFailure where it cannot go on.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  SeriesDescription description() {
    SeriesDescription result;
    result.labels = labels(Braces::kAtName);
    if (!at_end() && !is_space(peek())) fail("expected a space before the values");
    result.values = sequence();
    return result;
  }

  /// Where the braces of the labels may begin: before values, a space ends the labels.
  enum class Braces { kAtName, kAnywhere };

  Labels labels(Braces braces) {
    std::vector<std::pair<std::string, std::string>> all;
    skip_space();
    const std::size_t begin = at_;
    while (!at_end() && (is_letter(peek()) || is_digit(peek()) || peek() == '_' || peek() == ':')) {
      ++at_;
    }
    if (at_ > begin) {
      const std::string name(text_.substr(begin, at_ - begin));
      if (!is_legacy_metric_name(name)) fail("\"" + name + "\" is no metric name");
      all.emplace_back(kMetricName, name);
    }
    const std::size_t after_name = at_;
    if (braces == Braces::kAnywhere || all.empty()) skip_space();
    const bool histogram_follows = text_.substr(at_).starts_with("{{") && !all.empty();
    if (!at_end() && peek() == '{' && !histogram_follows) {
      ++at_;
      label_list(all);
    } else {
      at_ = after_name;
      if (all.empty()) fail("expected a metric name or \"{\"");
    }
    std::vector<LabelView> views;
    for (const auto& [name, value] : all) views.push_back({name, value});
    return Labels::from(std::move(views));
  }

  std::vector<SequenceValue> sequence() {
    std::vector<SequenceValue> values;
    for (skip_space(); !at_end(); skip_space()) {
      item(values);
      if (!at_end() && !is_space(peek())) {
        fail(fmt::format("unexpected \"{}\" in series values", peek()));
      }
    }
    return values;
  }

  void expect_end() {
    skip_space();
    if (at_end()) return;
    if (peek() == '{') fail("no space may stand between a metric's name and its labels");
    fail("expected nothing more");
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek() const { return text_[at_]; }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (!at_end() && is_space(peek())) ++at_;
  }
  [[noreturn]] void fail(std::string why) const {
    const auto at = static_cast<std::uint32_t>(at_);
    throw EvaluationFailure(ErrorKind::kInput, std::move(why), {at, at + 1});
  }

  void label_list(std::vector<std::pair<std::string, std::string>>& all) {
    for (;;) {
      skip_space();
      if (take("}")) return;
      std::string name = label_name();
      skip_space();
      if (take("=")) {
        skip_space();
        all.emplace_back(std::move(name), string_literal());
      } else if (quoted_name_) {
        all.emplace_back(kMetricName, std::move(name));
      } else {
        fail("expected \"=\" after a label's name");
      }
      skip_space();
      if (take(",")) continue;
      if (!take("}")) fail("expected \",\" or \"}\"");
      return;
    }
  }

  std::string label_name() {
    quoted_name_ = !at_end() && (peek() == '"' || peek() == '\'' || peek() == '`');
    if (quoted_name_) return string_literal();
    const std::size_t begin = at_;
    while (!at_end() && (is_letter(peek()) || is_digit(peek()) || peek() == '_')) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (!is_legacy_label_name(name)) fail("expected a label's name");
    return std::string(name);
  }

  std::string string_literal() {
    if (at_end() || (peek() != '"' && peek() != '\'' && peek() != '`')) fail("expected a string");
    Lexer lexer(text_.substr(at_));
    const Token token = lexer.next();
    if (token.kind != TokenKind::kString) fail(lexer.error());
    at_ += token.range.end;
    return unquote(lexer.text_of(token));
  }

  void item(std::vector<SequenceValue>& values) {
    if (take("_")) {
      SequenceValue omitted;
      omitted.omitted = true;
      const std::optional<std::size_t> times = repetitions();
      return append(values, omitted, times ? *times : 1);
    }
    if (text_.substr(at_).starts_with("{{")) return histogram_item(values);
    SequenceValue value;
    if (take("stale")) {
      value.value = stale_marker();
    } else {
      value.value = number("a number, \"stale\" or \"_\"");
    }
    if (!at_end() && (peek() == '+' || peek() == '-')) {
      const double step = number();
      const std::optional<std::size_t> times = repetitions();
      if (!times) fail("expected \"x\" and a number of repetitions");
      check_length(values.size() + *times + 1);
      for (std::size_t i = 0; i <= *times; ++i) {
        values.push_back(value);
        value.value += step;
      }
      return;
    }
    append(values, value, repetitions().value_or(0) + 1);
  }

  void histogram_item(std::vector<SequenceValue>& values) {
    SequenceValue first = histogram();
    if (!at_end() && (peek() == '+' || peek() == '-')) {
      const bool addition = peek() == '+';
      ++at_;
      const SequenceValue step = histogram();
      first.hint_given = step.hint_given;
      const std::optional<std::size_t> times = repetitions();
      if (!times) fail("expected \"x\" and a number of repetitions");
      check_length(values.size() + *times + 1);
      values.push_back(first);
      for (std::size_t i = 0; i < *times; ++i) {
        auto next = std::make_shared<NativeHistogram>(*values.back().histogram);
        const Combined outcome =
            addition ? add(*next, *step.histogram) : subtract(*next, *step.histogram);
        if (!outcome.compatible) fail("histograms with exponential and custom buckets do not add");
        values.push_back(first);
        values.back().histogram = std::move(next);
      }
      return;
    }
    append(values, first, repetitions().value_or(0) + 1);
  }

  void check_length(std::size_t length) const {
    if (length > kLongestSequence) fail("too many values");
  }
  void append(std::vector<SequenceValue>& values, const SequenceValue& value,
              std::size_t times) const {
    check_length(values.size() + times);
    values.insert(values.end(), times, value);
  }

  std::optional<std::size_t> repetitions() {
    if (at_end() || peek() != 'x') return std::nullopt;
    ++at_;
    std::size_t times = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), times);
    if (error != std::errc()) fail("expected a number of repetitions");
    at_ += static_cast<std::size_t>(end - begin);
    check_length(times);
    return times;
  }

  bool take_word(std::string_view lower_case) {
    if (text_.size() - at_ < lower_case.size()) return false;
    for (std::size_t i = 0; i < lower_case.size(); ++i) {
      if (std::tolower(static_cast<unsigned char>(text_[at_ + i])) != lower_case[i]) return false;
    }
    at_ += lower_case.size();
    return true;
  }

  /// A number with an optional sign; hexadecimal ones would be ambiguous here.
  double number(std::string_view wanted = "a number") {
    double sign = 1;
    if (!at_end() && (peek() == '+' || peek() == '-')) sign = text_[at_++] == '-' ? -1 : 1;
    if (take_word("inf")) return sign * std::numeric_limits<double>::infinity();
    if (take_word("nan")) return std::numeric_limits<double>::quiet_NaN();
    const std::size_t begin = at_;
    while (!at_end() && (is_digit(peek()) || peek() == '.')) ++at_;
    if (at_ == begin) fail(fmt::format("expected {}", wanted));
    if (!at_end() && (peek() == 'e' || peek() == 'E')) {
      ++at_;
      if (!at_end() && (peek() == '+' || peek() == '-')) ++at_;
      while (!at_end() && is_digit(peek())) ++at_;
    } else if (!at_end() && is_letter(peek()) && peek() != 'x') {
      while (!at_end() && (is_digit(peek()) || (is_letter(peek()) && peek() != 'x'))) ++at_;
      const auto duration = parse_duration_literal(text_.substr(begin, at_ - begin));
      if (!duration) fail(duration.error().message);
      return sign * to_seconds(*duration);
    }
    double value = 0;
    const std::string_view digits = text_.substr(begin, at_ - begin);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range) {
      return sign * std::strtod(std::string(digits).c_str(), nullptr);
    }
    if (error != std::errc() || end != digits.data() + digits.size()) {
      fail(fmt::format("\"{}\" is no number", digits));
    }
    return sign * value;
  }

  std::vector<double> number_list() {
    std::vector<double> list;
    if (!take("[")) fail("expected \"[\"");
    for (skip_space(); !take("]"); skip_space()) {
      if (at_end()) fail("expected \"]\"");
      list.push_back(number());
      if (!at_end() && !is_space(peek()) && peek() != ']') fail("expected a space or \"]\"");
    }
    return list;
  }

  std::int32_t whole_number() {
    const double value = number();
    if (value != std::floor(value) || std::abs(value) > 1e9) fail("expected a whole number");
    return static_cast<std::int32_t>(value);
  }

  CounterResetHint hint() {
    if (take("unknown")) return CounterResetHint::kUnknown;
    if (take("not_reset")) return CounterResetHint::kNotReset;
    if (take("reset")) return CounterResetHint::kReset;
    if (take("gauge")) return CounterResetHint::kGauge;
    fail("expected unknown, reset, not_reset or gauge");
  }

  SequenceValue histogram() {
    if (!take("{{")) fail("expected \"{{\"");
    auto h = std::make_shared<NativeHistogram>();
    SequenceValue result;
    NativeHistogram::Span positive;
    NativeHistogram::Span negative;
    for (skip_space(); !take("}}"); skip_space()) {
      if (at_end()) fail("expected \"}}\"");
      if (take("schema:")) {
        h->schema = whole_number();
      } else if (take("sum:")) {
        h->sum = number();
      } else if (take("count:")) {
        h->count = number();
      } else if (take("z_bucket_w:")) {
        h->zero_threshold = number();
      } else if (take("z_bucket:")) {
        h->zero_count = number();
      } else if (take("custom_values:")) {
        h->custom_bounds = number_list();
      } else if (take("buckets:")) {
        h->positive_buckets = number_list();
      } else if (take("offset:")) {
        positive.offset = whole_number();
      } else if (take("n_buckets:")) {
        h->negative_buckets = number_list();
      } else if (take("n_offset:")) {
        negative.offset = whole_number();
      } else if (take("counter_reset_hint:")) {
        h->hint = hint();
        result.hint_given = true;
      } else {
        fail("expected a histogram description key, e.g. buckets:[5 10 7]");
      }
    }
    check_schema(*h);
    const auto put_span = [](NativeHistogram::Span span, const std::vector<double>& buckets,
                             std::vector<NativeHistogram::Span>& spans) {
      if (buckets.empty()) return;
      span.length = static_cast<std::uint32_t>(buckets.size());
      spans.push_back(span);
    };
    put_span(positive, h->positive_buckets, h->positive_spans);
    put_span(negative, h->negative_buckets, h->negative_spans);
    result.histogram = std::move(h);
    return result;
  }

  void check_schema(const NativeHistogram& h) const {
    constexpr int kCoarsestSchema = -4;
    constexpr int kFinestSchema = 8;
    if (has_custom_buckets(h) || (h.schema >= kCoarsestSchema && h.schema <= kFinestSchema)) return;
    fail(fmt::format("histogram schemas are {} to {} and {}, not {}", kCoarsestSchema,
                     kFinestSchema, NativeHistogram::kCustomBuckets, h.schema));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool quoted_name_ = false;
};

template <class T, class Read>
Result<T> read(std::string_view text, Read&& how) {
  Reader reader(text);
  try {
    T result = how(reader);
    reader.expect_end();
    return result;
  } catch (const EvaluationFailure& failure) {
    const std::string_view before = text.substr(0, failure.range.begin);
    return input_error({"", 0, static_cast<int>(utf8_length(before)) + 1}, failure.message);
  }
}

}  // namespace

Result<SeriesDescription> parse_series_description(std::string_view text) {
  return read<SeriesDescription>(text, [](Reader& reader) { return reader.description(); });
}

Result<std::vector<SequenceValue>> parse_sequence(std::string_view text) {
  return read<std::vector<SequenceValue>>(text, [](Reader& reader) { return reader.sequence(); });
}

Result<Labels> parse_series_head(std::string_view text) {
  return read<Labels>(text, [](Reader& reader) { return reader.labels(Reader::Braces::kAtName); });
}

Result<Labels> parse_series_labels(std::string_view text) {
  return read<Labels>(text,
                      [](Reader& reader) { return reader.labels(Reader::Braces::kAnywhere); });
}

}  // namespace tocsin::promql
