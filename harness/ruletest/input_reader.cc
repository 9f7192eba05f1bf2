#include "harness/ruletest/input_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/promqltest.h"
#include "harness/promql/series_notation.h"

namespace tocsin::ruletest {
namespace {

using Series = promql::LoadCommand::Series;

const std::vector<std::string> kSeriesKeys = {"series", "values"};
const std::vector<std::string> kSeriesExtensions = {"repeat"};
constexpr std::string_view kCounter = "${counter}";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string with_counter(std::string text, std::size_t count) {
  const std::string number = std::to_string(count);
  for (std::size_t at = text.find(kCounter); at != std::string::npos;
       at = text.find(kCounter, at + number.size())) {
    text.replace(at, kCounter.size(), number);
  }
  return text;
}

/// One item of input_series, or one of its repetitions.
struct Item {
  const yaml::Node* node = nullptr;
  const yaml::Node* series_node = nullptr;  ///< null where the key is missing
  const yaml::Node* values_node = nullptr;
  std::string series;
  std::string values;

  std::string line() const { return series + ' ' + values; }
  /// A line of a series, and nothing else.
  bool is_simple() const {
    const std::string_view labels = trimmed(series);
    return !labels.empty() && labels.front() != '#' && labels.front() != '@' &&
           series.find('\n') == std::string::npos && values.find('\n') == std::string::npos;
  }
};

class InputReader {
 public:
  InputReader(Fields& fields, std::vector<Error>& warnings)
      : fields_(fields), warnings_(warnings) {}

  std::shared_ptr<const Inputs> read(const yaml::Node& test, Timestamp start, Duration interval) {
    for (const yaml::NodePtr& node : fields_.list(test, "input_series")) read_item(*node);
    const bool simple = std::all_of(items_.begin(), items_.end(),
                                    [](const Item& item) { return item.is_simple(); });
    if (simple) {
      for (const Item& item : items_) read_line(item);
    } else {
      read_script(interval);
    }
    return std::make_shared<const Inputs>(series_, start, interval);
  }

 private:
  void read_item(const yaml::Node& node) {
    if (!fields_.expect_map(node, kSeriesKeys, "an item of input_series")) {
      if (node.is_null()) items_.push_back({&node, nullptr, nullptr, {}, {}});
      return;
    }
    Item item{&node, Fields::find(node, "series"), Fields::find(node, "values"),
              fields_.text_of(node, "series"), fields_.text_of(node, "values")};
    // With neither, promtool's list ends here; see read_script().
    if (item.series_node == nullptr && item.values_node != nullptr) {
      fields_.fail(node.error("an item of input_series needs a `series`"));
      return;
    }
    const yaml::Node* extension = Fields::find(node, "x-tocsin");
    if (extension == nullptr || !fields_.expect_map(*extension, kSeriesExtensions, "x-tocsin")) {
      return items_.push_back(std::move(item));
    }
    const std::size_t times = fields_.count_of(*extension, "repeat", kMostRepetitions).value_or(1);
    const Item pattern = item;
    for (std::size_t i = 0; i < times; ++i) {
      item.series = with_counter(pattern.series, i);
      item.values = with_counter(pattern.values, i);
      items_.push_back(item);
    }
  }

  /// Counts the values before they are kept; says so once when there are too many.
  bool spend(const Item& item, std::size_t values) {
    if (samples_ > kMostInputSamples) return false;
    samples_ += values;
    if (samples_ <= kMostInputSamples) return true;
    Error error = item.node->error(
        fmt::format("the series of a test may have {} values together", kMostInputSamples));
    error.kind = ErrorKind::kLimit;
    fields_.fail(std::move(error));
    return false;
  }

  void read_line(const Item& item) {
    if (failed_ == item.node || samples_ > kMostInputSamples) return;  // repetitions of a mistake
    // One text serves many series, as a rule.
    const bool same = has_last_ && item.values == last_text_;
    auto labels = promql::parse_series_head(item.series);
    if (!same) {
      auto values = promql::parse_sequence(item.values);
      if (!labels.has_error() && values.has_error()) {
        return complain(item, item.values_node, std::move(values).error());
      }
      last_ = values.has_error() ? std::vector<promql::SequenceValue>() : std::move(*values);
      last_text_ = item.values;
      has_last_ = !labels.has_error();
    }
    if (!labels.has_error()) {
      if (spend(item, last_.size())) series_.push_back({std::move(*labels), last_, {}});
      return;
    }
    // Some values may stand in `series`.
    auto whole = promql::parse_series_description(item.line());
    if (whole.has_error()) return complain(item, item.series_node, std::move(labels).error());
    if (!spend(item, whole->values.size())) return;
    series_.push_back({std::move(whole->labels), std::move(whole->values), {}});
  }

  void complain(const Item& item, const yaml::Node* scalar, Error error) {
    failed_ = item.node;
    const bool repeated = item.series.find(kCounter) == std::string::npos && scalar != nullptr &&
                          scalar->is_scalar() && scalar->text.find(kCounter) != std::string::npos;
    if (scalar == nullptr || !scalar->is_scalar() || repeated) {
      error.pos = item.node->pos();
      error.excerpt = item.node->source->excerpt(error.pos.line);
      return fields_.fail(std::move(error));
    }
    if (error.pos.line == 0) error.pos.line = 1;
    fields_.fail(scalar->error_within(std::move(error)));
  }

  /// As promtool reads it: lines, up to the first that is blank or a comment.
  void read_script(Duration interval) {
    std::string script = fmt::format("load {}\n", format_duration(interval));
    std::vector<const Item*> item_of_line = {nullptr};
    const Item* stopped = nullptr;
    for (const Item& item : items_) {
      if (stopped != nullptr) return warn_of_loss(*stopped, item), load(script, item_of_line);
      const std::string text = item.line();
      for (std::size_t at = 0; at <= text.size() && stopped == nullptr;) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
        if (line.empty() || line.front() == '#') {
          stopped = &item;
        } else {
          script += "  " + std::string(line) + '\n';
          item_of_line.push_back(&item);
        }
        at = end + 1;
      }
    }
    load(script, item_of_line);
  }

  void warn_of_loss(const Item& stopped, const Item& lost) {
    Error warning = lost.node->error("promtool ignores this series and those after it");
    warning.hints.push_back(
        fmt::format("the series in line {} holds a line break, a comment or nothing, which ends "
                    "the list; a value written with \"|\" ends with a line break, \"|-\" does not",
                    stopped.node->pos().line));
    warnings_.push_back(std::move(warning));
  }

  void load(const std::string& script, const std::vector<const Item*>& item_of_line) {
    if (item_of_line.size() == 1) return;
    auto commands = promql::parse_script(script, "");
    if (commands.has_error()) {
      Error error = std::move(commands).error();
      const auto line = static_cast<std::size_t>(std::max(error.pos.line, 1)) - 1;
      const Item& item = *item_of_line[std::clamp<std::size_t>(line, 1, item_of_line.size() - 1)];
      error.pos = item.node->pos();
      error.length = 1;
      error.excerpt = item.node->source->excerpt(error.pos.line);
      return fields_.fail(std::move(error));
    }
    for (promql::ScriptCommand& command : *commands) {
      for (Series& series : command.load.series) {
        if (!spend(items_.front(), series.values.size())) return;
        series_.push_back(std::move(series));
      }
    }
  }

  Fields& fields_;
  std::vector<Error>& warnings_;
  std::vector<Item> items_;
  std::vector<Series> series_;
  std::size_t samples_ = 0;
  const yaml::Node* failed_ = nullptr;
  bool has_last_ = false;
  std::string last_text_;
  std::vector<promql::SequenceValue> last_;
};

}  // namespace

std::shared_ptr<const Inputs> read_inputs(const yaml::Node& test, Timestamp start,
                                          Duration interval, Fields& fields,
                                          std::vector<Error>& warnings) {
  return InputReader(fields, warnings).read(test, start, interval);
}

}  // namespace tocsin::ruletest
