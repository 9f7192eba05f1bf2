#include "harness/metrics/lint.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/metrics/exposition_writer.h"

namespace tocsin::metrics {
namespace {

struct Unit {
  std::string_view name;
  std::string_view base;
};
constexpr Unit kUnits[] = {
    {"amperes", "amperes"}, {"bytes", "bytes"},        {"celsius", "celsius"},
    {"grams", "grams"},     {"joules", "joules"},      {"kelvin", "kelvin"},
    {"meters", "meters"},   {"metres", "metres"},      {"moles", "moles"},
    {"seconds", "seconds"}, {"volts", "volts"},        {"minutes", "seconds"},
    {"hours", "seconds"},   {"days", "seconds"},       {"weeks", "seconds"},
    {"kelvins", "kelvin"},  {"fahrenheit", "celsius"}, {"rankine", "celsius"},
    {"inches", "meters"},   {"yards", "meters"},       {"miles", "meters"},
    {"bits", "bytes"},      {"calories", "joules"},    {"pounds", "grams"},
    {"ounces", "grams"},
};
constexpr std::string_view kPrefixes[] = {
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi",
    "mega", "mibi", "giga",  "gibi",  "tera",  "tebi", "peta", "pebi",  ""};
constexpr std::string_view kAbbreviations[] = {"s",  "ms", "us", "ns", "sec", "b", "kb",
                                               "mb", "gb", "tb", "pb", "m",   "h", "d"};
constexpr std::string_view kTypeNames[] = {"counter", "gauge", "summary", "histogram",
                                           "gauge_histogram"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// Whether `name` has `word` between underscores or, behind one, at its end.
bool has_word_inside(std::string_view name, std::string_view word) {
  const std::string ended = '_' + std::string(word);
  return name.ends_with(ended) || name.find(ended + '_') != std::string_view::npos;
}

bool is_camel_case(std::string_view name) {
  const auto found = std::adjacent_find(name.begin(), name.end(), [](char a, char b) {
    return a >= 'a' && a <= 'z' && b >= 'A' && b <= 'Z';
  });
  return found != name.end();
}

struct WrittenUnit {
  std::string written;
  std::string_view base;
};

/// The first unit among the words of a name.
std::optional<WrittenUnit> unit_of(std::string_view name) {
  while (true) {
    const std::size_t end = name.find('_');
    const std::string_view word = name.substr(0, end);
    for (const Unit& unit : kUnits) {
      if (!word.ends_with(unit.name)) continue;
      const std::string_view prefix = word.substr(0, word.size() - unit.name.size());
      if (std::find(std::begin(kPrefixes), std::end(kPrefixes), prefix) != std::end(kPrefixes))
        return WrittenUnit{std::string(word), unit.base};
    }
    if (end == std::string_view::npos) return std::nullopt;
    name.remove_prefix(end + 1);
  }
}

/// The findings on one family.
class Findings {
 public:
  explicit Findings(const FamilySamples& family)
      : family_(family), name_(family.info.name), type_(family.info.type) {}

  std::vector<std::string> all() && {
    if (family_.info.help.empty()) add("no help text");
    unit();
    total();
    reserved_suffixes_and_labels();
    words();
    return std::move(texts_);
  }

 private:
  void add(std::string text) { texts_.push_back(std::move(text)); }

  void unit() {
    const auto unit = unit_of(name_);
    if (unit && unit->written != unit->base)
      add("use base unit \"" + std::string(unit->base) + "\" instead of \"" + unit->written + '"');
  }

  void total() {
    const bool has_total = name_.ends_with("_total");
    if (type_ == MetricType::kCounter && !has_total)
      add("counter metrics should have \"_total\" suffix");
    if (type_ != MetricType::kCounter && type_ != MetricType::kUnknown && has_total)
      add("non-counter metrics should not have \"_total\" suffix");
  }

  void reserved_suffixes_and_labels() {
    if (type_ == MetricType::kUnknown) return;
    const bool histogram = type_ == MetricType::kHistogram;
    const bool summary = type_ == MetricType::kSummary;
    if (!histogram && name_.ends_with("_bucket"))
      add("non-histogram metrics should not have \"_bucket\" suffix");
    if (!histogram && !summary && name_.ends_with("_count"))
      add("non-histogram and non-summary metrics should not have \"_count\" suffix");
    if (!histogram && !summary && name_.ends_with("_sum"))
      add("non-histogram and non-summary metrics should not have \"_sum\" suffix");
    for (const ExpositionSample& sample : family_.samples) {
      if (!histogram && sample.labels.has("le"))
        add("non-histogram metrics should not have \"le\" label");
      if (!summary && sample.labels.has("quantile"))
        add("non-summary metrics should not have \"quantile\" label");
    }
  }

  void words() {
    const std::string lowered = lower(name_);
    for (const std::string_view type : kTypeNames) {
      if (has_word_inside(lowered, type))
        add("metric name should not include type '" + std::string(type) + '\'');
    }
    if (name_.find(':') != std::string_view::npos) add("metric names should not contain ':'");
    if (is_camel_case(name_)) add("metric names should be written in 'snake_case' not 'camelCase'");
    for (const ExpositionSample& sample : family_.samples) {
      for (const LabelView label : sample.labels) {
        if (is_camel_case(label.name))
          add("label names should be written in 'snake_case' not 'camelCase'");
      }
    }
    for (const std::string_view unit : kAbbreviations) {
      if (has_word_inside(lowered, unit)) add("metric names should not contain abbreviated units");
    }
  }

  const FamilySamples& family_;
  std::string_view name_;
  MetricType type_;
  std::vector<std::string> texts_;
};

}  // namespace

std::vector<std::string> lint(std::span<const FamilySamples> families) {
  std::vector<std::pair<std::string, std::string>> findings;
  for (const FamilySamples& family : text_form(families)) {
    if (family.samples.empty()) continue;
    for (std::string& text : Findings(family).all())
      findings.emplace_back(family.info.name, std::move(text));
  }
  std::stable_sort(findings.begin(), findings.end());
  std::vector<std::string> lines;
  for (const auto& [name, text] : findings) lines.push_back(name + ' ' + text);
  return lines;
}

}  // namespace tocsin::metrics
