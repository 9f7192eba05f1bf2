#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/metrics/exposition.h"

namespace tocsin::metrics {

/// Reads expositions line by line; the core of every reader in this folder. After an error the
/// parser is done.
class LineParser {
 public:
  enum class Line { kNothing, kSample, kType, kHelp, kUnit, kEof, kError };

  LineParser(ExpositionFormat format, const ExpositionLimits& limits)
      : format_(format), limits_(limits) {}

  /// The next line, without its line break.
  Line next(std::string_view line);
  /// The next line, whose first `head` bytes are known to be a good series: reads the rest. Only
  /// value, value_text, at, exemplar and line of sample() are set.
  Line next_known(std::string_view line, std::size_t head);
  /// Whether a line may be so long.
  bool fits(std::size_t line_bytes) const { return line_bytes <= limits_.line_bytes; }
  /// Whether the page has all the samples it may have.
  bool full() const { return samples_ >= limits_.samples; }
  /// The next line is a good sample and needs no parsing. Not when full().
  void count_known_sample() { count_known_samples(1); }
  void count_known_samples(std::size_t count) {
    line_ += static_cast<int>(count);
    samples_ += count;
  }
  /// The same for a line that is no sample.
  void count_known_line() { ++line_; }
  /// After the last line.
  Result<void> finish();

  const ParsedSample& sample() const { return sample_; }
  /// Bytes of a sample line before the blank that ends its series.
  std::size_t head_bytes() const { return head_; }
  /// Of TYPE, HELP and UNIT lines.
  std::string_view family() const { return sample_.name; }
  MetricType type() const { return type_; }
  std::string_view text() const { return text_; }

  Error error() const { return error_; }
  int line_number() const { return line_; }

 private:
  Line sample_line();
  Line tail();
  Line comment_line();
  Line type_line();
  Line help_line();
  Line unit_line();
  bool metric_name();
  bool family_name(std::string_view keyword);
  bool labels(bool for_exemplar);
  bool label(bool for_exemplar);
  bool quoted(std::string_view what, std::string_view& value);
  bool timestamp(std::optional<Timestamp>& at);
  bool exemplar();
  bool too_many_samples();

  bool openmetrics() const { return format_ == ExpositionFormat::kOpenMetrics; }
  bool done() const { return at_ >= in_.size(); }
  char peek() const { return done() ? '\0' : in_[at_]; }
  /// Blanks between tokens: one space in OpenMetrics, any number of spaces and tabs else.
  bool skip_blanks();
  /// Up to the next blank.
  std::string_view word();
  bool fail(std::size_t at, std::string message, std::size_t length = 1);
  bool expected(std::string_view what);

  ExpositionFormat format_;
  ExpositionLimits limits_;
  std::string_view in_;  ///< the line
  std::size_t at_ = 0;
  std::size_t head_ = 0;
  int line_ = 0;
  std::size_t samples_ = 0;
  bool ended_ = false;  ///< # EOF was seen

  ParsedSample sample_;
  std::vector<LabelView> labels_;
  std::vector<LabelView> exemplar_labels_;
  Exemplar exemplar_;
  MetricType type_ = MetricType::kUnknown;
  std::string_view text_;
  std::deque<std::string> unescaped_;  ///< of this line
  Error error_;
};

/// Bytes of the series at the start of a sample line, judged by its brackets alone.
std::size_t series_bytes(std::string_view line);

/// The time that OpenMetrics gives in seconds; nullopt beyond ±100,000 years. What is behind the
/// millisecond is cut off, as in Prometheus, but for the last bits that a double of seconds cannot
/// hold.
std::optional<Timestamp> openmetrics_timestamp(double seconds);

/// Calls take(line) for each line of a page, without its break, until it returns false.
template <class Take>
void for_each_line(std::string_view page, Take take) {
  while (!page.empty()) {
    const std::size_t end = page.find('\n');
    if (!take(page.substr(0, end))) return;
    if (end == std::string_view::npos) return;
    page.remove_prefix(end + 1);
  }
}

}  // namespace tocsin::metrics
