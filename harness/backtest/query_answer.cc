#include "harness/backtest/query_answer.h"

#include <array>
#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

#include "harness/backtest/answer_histogram.h"
#include "harness/metrics/number.h"

namespace tocsin::backtest {
namespace {

using nlohmann::json;

constexpr std::size_t kDeepest = 32;
constexpr std::size_t kLongestMessage = 300;

/// Reads an answer event by event, so that it never stands in memory as a tree. The place in the
/// document is a path of keys; elements of arrays count up.
///
///     data.result[].metric{name: value}
///     data.result[].values[][time, "value"]
///     data.result[].histograms[][time, {count, sum, buckets[][rule, lower, upper, count]}]
class MatrixReader : public nlohmann::json_sax<json> {
 public:
  std::vector<AnswerSeries> series;
  std::string status;
  std::string error_type;
  std::string error;
  std::string result_type;
  std::string trouble;  ///< why reading was given up

  bool null() override { return scalar(); }
  bool boolean(bool /*value*/) override { return scalar(); }
  bool number_integer(number_integer_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return number(value);
  }
  bool string(string_t& value) override {
    const std::size_t depth = path_.size();
    if (depth == 1) return root_text(value);
    if (in_result() && depth == 5 && path_[3].key == "metric") {
      labels_.emplace_back(path_[4].key, value);
      return true;
    }
    if (in_samples() && depth == 6 && path_[5].index == 1) return sample_value(value);
    if (in_histogram() && depth == 7) return histogram_field(value);
    if (in_histogram() && depth == 9 && path_[8].index > 0 && path_[8].index < 4) {
      const std::optional<double> read = metrics::parse_value(value);
      if (!read) return give_up("\"" + value + "\" is no number");
      bucket_[path_[8].index] = *read;
      return scalar();
    }
    if (depth == 2 && path_[0].key == "data" && path_[1].key == "resultType") result_type = value;
    return scalar();
  }
  bool binary(binary_t& /*value*/) override { return scalar(); }

  bool start_object(std::size_t /*size*/) override {
    if (at_series()) begin_series();
    if (in_samples_of("histograms") && path_.size() == 6) histogram_ = {};
    return push();
  }
  bool key(string_t& name) override {
    path_.back().key = name;
    return true;
  }
  bool end_object() override {
    path_.pop_back();
    if (at_series()) return end_series();
    if (in_samples_of("histograms") && path_.size() == 6) return end_histogram();
    return after_value();
  }
  bool start_array(std::size_t /*size*/) override {
    if (in_histogram() && path_.size() == 8) bucket_ = {};
    const bool pushed = push();
    path_.back().is_array = true;
    return pushed;
  }
  bool end_array() override {
    path_.pop_back();
    if (in_histogram() && path_.size() == 8) {
      histogram_.buckets.push_back(
          {static_cast<int>(bucket_[0]), bucket_[1], bucket_[2], bucket_[3]});
    }
    return after_value();
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const json::exception& /*why*/) override {
    if (trouble.empty()) trouble = "it is no JSON at byte " + std::to_string(position);
    return false;
  }

 private:
  struct Step {
    std::string key;
    std::size_t index = 0;
    bool is_array = false;
  };

  bool push() {
    if (path_.size() == kDeepest) return give_up("it is nested too deeply");
    path_.emplace_back();
    return true;
  }
  bool after_value() {
    if (!path_.empty() && path_.back().is_array) ++path_.back().index;
    return true;
  }
  bool scalar() { return after_value(); }
  bool give_up(std::string why) {
    trouble = std::move(why);
    return false;
  }

  bool in_result() const {
    return path_.size() > 3 && path_[0].key == "data" && path_[1].key == "result";
  }
  bool at_series() const {
    return path_.size() == 3 && path_[0].key == "data" && path_[1].key == "result";
  }
  /// Within [time, value].
  bool in_samples() const {
    return in_result() && path_.size() >= 6 &&
           (path_[3].key == "values" || path_[3].key == "histograms");
  }
  bool in_samples_of(std::string_view key) const { return in_samples() && path_[3].key == key; }
  bool in_histogram() const { return in_samples_of("histograms") && path_.size() >= 7; }

  bool root_text(const std::string& value) {
    const std::string& key = path_[0].key;
    if (key == "status") status = value;
    if (key == "errorType") error_type = value;
    if (key == "error") error = value;
    return true;
  }

  bool number(double value) {
    if (in_samples() && path_.size() == 6 && path_[5].index == 0) {
      if (!(std::fabs(value) < 1e14)) return give_up("a timestamp is out of range");
      time_ = std::llround(value * 1000);
    }
    if (in_histogram() && path_.size() == 9 && path_[8].index == 0) bucket_[0] = value;
    return scalar();
  }
  bool sample_value(const std::string& text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    if (metrics::parse_decimal(text.data(), end, value) != end) {
      const std::optional<double> read = metrics::parse_value(text);
      if (!read) return give_up("\"" + text + "\" is no number");
      value = *read;
    }
    AnswerSeries& current = series.back();
    current.times.push_back(time_);
    current.values.push_back(value);
    return scalar();
  }
  bool histogram_field(const std::string& text) {
    const std::optional<double> read = metrics::parse_value(text);
    if (!read) return give_up("\"" + text + "\" is no number");
    if (path_[6].key == "count") histogram_.count = *read;
    if (path_[6].key == "sum") histogram_.sum = *read;
    return true;
  }
  bool end_histogram() {
    std::optional<NativeHistogram> histogram = histogram_of(histogram_);
    if (!histogram) return give_up("a histogram has buckets that no schema has");
    AnswerSeries& current = series.back();
    current.histogram_times.push_back(time_);
    current.histograms.push_back(std::make_shared<const NativeHistogram>(std::move(*histogram)));
    return after_value();
  }

  void begin_series() {
    labels_.clear();
    series.emplace_back();
  }
  bool end_series() {
    std::vector<LabelView> views;
    views.reserve(labels_.size());
    for (const auto& [name, value] : labels_) views.push_back({name, value});
    series.back().labels = Labels::from(std::move(views));
    return after_value();
  }

  std::vector<Step> path_;
  std::vector<std::pair<std::string, std::string>> labels_;
  std::int64_t time_ = 0;
  AnswerHistogram histogram_;
  std::array<double, 4> bucket_{};
};

std::string said(const MatrixReader& reader) {
  std::string text = reader.error_type.empty() ? reader.error
                     : reader.error.empty()    ? reader.error_type
                                               : reader.error_type + ": " + reader.error;
  if (text.size() > kLongestMessage) text = text.substr(0, kLongestMessage) + "…";
  return text;
}

}  // namespace

Result<std::vector<AnswerSeries>> parse_matrix_answer(std::string_view body) {
  MatrixReader reader;
  const bool whole = json::sax_parse(body.begin(), body.end(), &reader);
  if (!whole) return io_error("the answer cannot be read: " + reader.trouble);
  if (reader.status != "success") {
    const std::string text = said(reader);
    return io_error(text.empty() ? "the answer is none of Prometheus' API" : text);
  }
  if (reader.result_type != "matrix") {
    return io_error("the answer is no matrix but \"" + reader.result_type + '"');
  }
  return std::move(reader.series);
}

std::string error_of_answer(std::string_view body) {
  MatrixReader reader;
  json::sax_parse(body.begin(), body.end(), &reader);
  return said(reader);
}

}  // namespace tocsin::backtest
