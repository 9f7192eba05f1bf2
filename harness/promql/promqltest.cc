#include "harness/promql/promqltest.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "harness/base/regex.h"
#include "harness/base/utf8.h"
#include "harness/promql/classic_histogram.h"
#include "harness/promql/literals.h"

namespace tocsin::promql {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

/// The words of a line, taken from the left.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(trimmed(line)) {}

  std::string_view take() {
    const std::size_t end = std::min(rest_.find_first_of(" \t"), rest_.size());
    const std::string_view word = rest_.substr(0, end);
    rest_ = trimmed(rest_.substr(end));
    return word;
  }
  bool take_if(std::string_view word) {
    Words ahead = *this;
    if (ahead.take() != word) return false;
    *this = ahead;
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

/// Reads one script. The first error ends it.
class ScriptParser {
 public:
  ScriptParser(std::string_view text, const std::string& file) : file_(file) {
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const std::string_view line = trimmed(text.substr(0, end));
      written_.push_back(text.substr(0, end));
      lines_.push_back(line.starts_with('#') ? std::string_view() : line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  Result<std::vector<ScriptCommand>> parse() {
    std::vector<ScriptCommand> commands;
    for (; at_ < lines_.size(); ++at_) {
      if (lines_[at_].empty()) continue;
      ScriptCommand command;
      command.line = static_cast<int>(at_) + 1;
      const Result<void> done = read(command);
      if (!done) return done.error();
      commands.push_back(std::move(command));
    }
    return commands;
  }

 private:
  Error error(std::string message) const {
    Error result = input_error({file_, static_cast<int>(at_) + 1, 1}, std::move(message));
    if (at_ < lines_.size()) {
      result.pos.column += indentation();
      result.excerpt = written_[at_];
      result.length = std::max(1, static_cast<int>(utf8_length(lines_[at_])));
    }
    return result;
  }
  /// `part`, which the error is about, is a part of the line.
  Error located(Error found, std::string_view part) const {
    const std::string_view line = lines_[at_];
    const std::size_t begin = part.empty() ? line.size() : part.data() - line.data();
    found.pos.file = file_;
    found.pos.line = static_cast<int>(at_) + 1;
    found.pos.column = std::max(found.pos.column, 1) + indentation() +
                       static_cast<int>(utf8_length(line.substr(0, begin)));
    found.excerpt = written_[at_];
    return found;
  }
  /// Blanks before the line's text.
  int indentation() const {
    if (lines_[at_].empty()) return 0;
    return static_cast<int>(lines_[at_].data() - written_[at_].data());
  }
  /// Counts what a line stands for, which may be much longer than its text.
  Result<void> count(std::size_t values) {
    values_ += values;
    if (values_ <= kMostScriptValues) return {};
    return error(fmt::format("the script has more than {} values", kMostScriptValues));
  }

  /// Moves on to the next line of the same command.
  bool next_line() {
    if (at_ + 1 >= lines_.size() || lines_[at_ + 1].empty()) return false;
    ++at_;
    return true;
  }

  Result<void> read(ScriptCommand& command) {
    Words words(lines_[at_]);
    std::string verb(words.take());
    std::transform(verb.begin(), verb.end(), verb.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (verb == "clear") {
      command.kind = ScriptCommand::Kind::kClear;
      return {};
    }
    if (verb == "load" || verb == "load_with_nhcb") {
      command.kind = ScriptCommand::Kind::kLoad;
      command.load.with_custom_buckets = verb == "load_with_nhcb";
      return read_load(words, command.load);
    }
    if (verb.starts_with("eval")) {
      command.kind = ScriptCommand::Kind::kEval;
      const Result<void> known = read_modifier(verb, command.eval);
      return known ? read_eval(words, command.eval) : known;
    }
    return error("unknown command \"" + verb + "\": expected load, clear or eval");
  }

  Result<Duration> duration(std::string_view text) const {
    const bool negative = text.starts_with('-');
    auto result = parse_duration(negative ? text.substr(1) : text);
    if (!result) return located(result.error(), text);
    return negative ? -*result : *result;
  }

  Result<void> read_load(Words words, LoadCommand& load) {
    TRY(load.interval, duration(words.rest()));
    if (load.interval <= Duration(0)) return error("a load's interval must be above zero");
    std::optional<LoadCommand::Series> pending;
    while (next_line()) {
      const std::string_view line = lines_[at_];
      const std::string_view metric = line.substr(0, line.find_first_of(" \t"));
      if (metric.ends_with("@st")) {
        if (pending) return error("an @st line must be followed by its samples");
        pending.emplace();
        const std::string_view name = metric.substr(0, metric.size() - 3);
        auto labels = parse_series_labels(name);
        if (!labels) return located(labels.error(), name);
        pending->labels = *labels;
        TRY(pending->starts, start_offsets(line.substr(metric.size())));
        continue;
      }
      auto description = parse_series_description(line);
      if (!description) return located(description.error(), line);
      TRY_VOID(count(description->values.size()));
      LoadCommand::Series series{description->labels, std::move(description->values), {}};
      if (pending) {
        if (pending->labels != series.labels) {
          return error("the @st line before names another series");
        }
        if (pending->starts.size() != series.values.size()) {
          return error("the @st line before has another number of values");
        }
        series.starts = std::move(pending->starts);
        pending.reset();
      }
      load.series.push_back(std::move(series));
    }
    if (pending) return error("an @st line must be followed by its samples");
    return {};
  }

  /// -1m, 0sx5, -1m+30sx3, _, _x2: offsets of start timestamps, in ms.
  Result<std::vector<SequenceValue>> start_offsets(std::string_view text) const {
    std::vector<SequenceValue> values;
    for (Words words(text); !words.rest().empty();) {
      std::string_view item = words.take();
      std::size_t times = 1;
      const std::size_t x = item.rfind('x');
      if (x != std::string_view::npos) {
        const auto count = parse_go_float(item.substr(x + 1));
        if (!count || !(*count >= 0) || *count > static_cast<double>(kLongestSequence)) {
          return error("expected a number of repetitions");
        }
        times = static_cast<std::size_t>(*count);
        if (times > kMostScriptValues - values.size()) {
          return error(fmt::format("the script has more than {} values", kMostScriptValues));
        }
        item = item.substr(0, x);
      }
      SequenceValue value;
      value.omitted = item == "_";
      double step = 0;
      if (!value.omitted) {
        const std::size_t sign = item.find_first_of("+-", 1);
        TRY(const Duration base, signed_duration(item.substr(0, sign)));
        value.value = static_cast<double>(base.count());
        if (sign != std::string_view::npos) {
          TRY(const Duration delta, signed_duration(item.substr(sign)));
          step = static_cast<double>(delta.count());
        }
        if (x != std::string_view::npos) ++times;
      }
      for (std::size_t i = 0; i < times; ++i, value.value += step) values.push_back(value);
    }
    return values;
  }

  Result<Duration> signed_duration(std::string_view text) const {
    return duration(text.starts_with('+') ? text.substr(1) : text);
  }

  Result<void> read_modifier(std::string_view verb, EvalCommand& eval) const {
    const std::string_view modifier = verb.substr(4);
    if (modifier == "_fail") {
      eval.fails = true;
    } else if (modifier == "_warn") {
      eval.some_warning = true;
    } else if (modifier == "_info") {
      eval.some_info = true;
    } else if (modifier == "_ordered") {
      eval.ordered = true;
    } else if (!modifier.empty()) {
      return error("unknown command \"" + std::string(verb) + "\"");
    }
    return {};
  }

  Result<void> read_eval(Words words, EvalCommand& eval) {
    if (words.take_if("instant")) {
      Duration at{0};
      if (words.take_if("at")) {
        TRY(at, duration(words.take()));
      }
      eval.timeline = Timeline::instant(Timestamp(at));
    } else if (words.take_if("range")) {
      eval.instant = false;
      TRY(eval.timeline, timeline(words));
    } else {
      return error(
          "expected \"eval instant at TIME EXPR\" or \"eval range from TIME to TIME step "
          "DURATION EXPR\"");
    }
    eval.expression = words.rest();
    if (eval.expression.empty()) return error("expected an expression");
    while (next_line()) {
      TRY(const bool more, read_expectation(eval));
      if (!more) break;
    }
    return {};
  }

  Result<Timeline> timeline(Words& words) const {
    Timeline result;
    if (!words.take_if("from")) return error("expected \"from\"");
    TRY(const Duration from, duration(words.take()));
    if (!words.take_if("to")) return error("expected \"to\"");
    TRY(const Duration to, duration(words.take()));
    if (!words.take_if("step")) return error("expected \"step\"");
    TRY(result.step, duration(words.take()));
    result.start = Timestamp(from);
    result.end = Timestamp(to);
    if (result.end < result.start) return error("the range ends before it starts");
    if (result.step <= Duration(0)) return error("the step must be above zero");
    return result;
  }

  /// False when the line was the last one of the command.
  Result<bool> read_expectation(EvalCommand& eval) {
    const std::string_view line = lines_[at_];
    Words words(line);
    if (eval.fails && words.take_if("expected_fail_message")) {
      eval.failure.push_back({std::string(words.rest()), std::nullopt});
      return false;
    }
    if (eval.fails && words.take_if("expected_fail_regexp")) {
      eval.failure.push_back({std::nullopt, std::string(words.rest())});
      return false;
    }
    if (words.take_if("expect")) return read_expect(words, eval);
    const bool negative = line.starts_with('-');
    const bool has_sign = negative || line.starts_with('+');
    if (const auto number = parse_number(line.substr(has_sign ? 1 : 0))) {
      eval.scalar = negative ? -*number : *number;
      return false;
    }
    auto description = parse_series_description(line);
    if (!description) return located(description.error(), line);
    TRY_VOID(count(description->values.size()));
    if (eval.instant && !eval.range_vector && description->values.size() > 1) {
      return error("an instant query gives one value a series: use \"expect range vector\"");
    }
    eval.series.push_back({description->labels, std::move(description->values)});
    return true;
  }

  Result<bool> read_expect(Words words, EvalCommand& eval) const {
    if (words.take_if("range")) {
      if (!words.take_if("vector")) return error("expected \"range vector\"");
      TRY(eval.range_vector, timeline(words));
      return true;
    }
    if (words.take_if("string")) {
      if (words.rest().size() < 2) return error("expected a quoted string");
      eval.text = unquote(words.rest());
      return true;
    }
    const std::string_view what = words.take();
    TRY(ExpectedText text, expected_text(words));
    if (what == "ordered") {
      eval.ordered = true;
    } else if (what == "fail") {
      if (!eval.failure.empty()) return error("only one \"expect fail\" makes sense");
      eval.fails = true;
      eval.failure.push_back(std::move(text));
    } else if (what == "warn") {
      eval.warnings.push_back(std::move(text));
    } else if (what == "info") {
      eval.infos.push_back(std::move(text));
    } else if (what == "no_warn") {
      eval.no_warning = true;
    } else if (what == "no_info") {
      eval.no_info = true;
    } else {
      return error("unknown expectation \"" + std::string(what) + "\"");
    }
    if (eval.no_warning && !eval.warnings.empty()) return error("warn contradicts no_warn");
    if (eval.no_info && !eval.infos.empty()) return error("info contradicts no_info");
    return true;
  }

  Result<ExpectedText> expected_text(const Words& words) const {
    ExpectedText text;
    const std::string_view rest = words.rest();
    if (rest.starts_with("msg:")) {
      text.message = trimmed(rest.substr(4));
    } else if (rest.starts_with("regex:")) {
      text.pattern = trimmed(rest.substr(6));
      auto valid = regex_search(*text.pattern, "");
      if (!valid) return located(valid.error(), rest);
    } else if (!rest.empty()) {
      return error("expected \"msg:\" or \"regex:\"");
    }
    return text;
  }

  std::string file_;
  std::vector<std::string_view> written_;
  std::vector<std::string_view> lines_;  ///< without blanks around them; empty for comments
  std::size_t values_ = 0;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<ScriptCommand>> parse_script(std::string_view text, const std::string& file) {
  return ScriptParser(text, file).parse();
}

}  // namespace tocsin::promql
