#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "harness/check/facts.h"

/// What the name, the type and the help of a metric say about its values.

namespace tocsin::check {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The last words of a name say the unit. The first that fits counts.
struct UnitWord {
  std::string_view suffix;
  Unit unit;
};
/// Of metrics about something that is asked and answered.
constexpr std::array<std::string_view, 8> kAnswered = {"latency", "request", "requests", "response",
                                                       "http",    "rpc",     "query",    "call"};
constexpr std::array kUnitWords = {
    UnitWord{"_timestamp_seconds", Unit::kTimestamp},
    UnitWord{"_timestamp", Unit::kTimestamp},
    UnitWord{"_time_seconds", Unit::kUnknown},  // both times of day and times taken
    UnitWord{"_percent", Unit::kPercent},
    UnitWord{"_percentage", Unit::kPercent},
    UnitWord{"_pct", Unit::kPercent},
    UnitWord{"_ratio", Unit::kRatio},
    UnitWord{"_milliseconds", Unit::kMilliseconds},
    UnitWord{"_millis", Unit::kMilliseconds},
    UnitWord{"_ms", Unit::kMilliseconds},
    UnitWord{"_seconds", Unit::kSeconds},
    UnitWord{"_bytes", Unit::kBytes},
};

Unit unit_of_name(std::string_view name) {
  for (const UnitWord& word : kUnitWords) {
    if (name.ends_with(word.suffix)) return word.unit;
  }
  return Unit::kUnknown;
}

/// "Cache hit rate percentage", "Share of …", "… in milliseconds".
Unit unit_of_help(std::string_view help) {
  const std::string text = lower(help);
  if (contains(text, "percent") || contains(text, "0-100") || contains(text, "(%)")) {
    return Unit::kPercent;
  }
  if (text.starts_with("share of") || text.starts_with("fraction of") || contains(text, "0-1)") ||
      contains(text, "(0 to 1)")) {
    return Unit::kRatio;
  }
  if (contains(text, "in milliseconds")) return Unit::kMilliseconds;
  return Unit::kUnknown;
}

Unit unit_word(std::string_view unit) {
  if (unit == "seconds") return Unit::kSeconds;
  if (unit == "bytes") return Unit::kBytes;
  if (unit == "ratio" || unit == "ratios") return Unit::kRatio;
  if (unit == "percent") return Unit::kPercent;
  if (unit == "milliseconds") return Unit::kMilliseconds;
  return Unit::kUnknown;
}

/// A gauge called a rate or usage of something: its values tell which.
Unit unit_of_values(std::string_view name, const ExportedMetric& metric) {
  const bool rate_like = name.ends_with("_rate") || name.ends_with("_usage");
  if (!rate_like || metric.family.type != MetricType::kGauge || !(metric.highest > 0)) {
    return Unit::kUnknown;
  }
  if (metric.highest <= 1 && metric.lowest >= 0) return Unit::kRatio;
  return metric.highest <= 100 && metric.highest > 10 ? Unit::kPercent : Unit::kUnknown;
}

bool is_switch(std::string_view name) {
  return name == "up" || name.ends_with("_up") || name.ends_with("_enabled") ||
         name.ends_with("_is_replica") || name == "probe_success";
}

void bound_from_below(Facts& facts, double lowest) {
  facts.lowest = std::max(facts.lowest, lowest);
}

Facts facts_of_family_part(std::string_view name, const ExportedMetric& metric) {
  Facts facts;
  facts.type_is_certain = metric.family.type != MetricType::kUnknown;
  const bool grown =
      metric.family.type == MetricType::kHistogram || metric.family.type == MetricType::kSummary;
  const bool part =
      name != metric.family.name &&
      (name.ends_with("_bucket") || name.ends_with("_sum") || name.ends_with("_count"));
  facts.type = grown && part ? MetricType::kCounter : metric.family.type;
  return facts;
}

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

}  // namespace

bool has_word(std::string_view name, std::string_view word) {
  for (std::size_t at = name.find(word); at != std::string_view::npos;
       at = name.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || name[at - 1] == '_' || name[at - 1] == ':';
    const bool ends = end == name.size() || name[end] == '_' || name[end] == ':';
    if (begins && ends) return true;
  }
  return false;
}

Facts facts_of_metric(std::string_view name, const ExportedMetric* metric) {
  Facts facts;
  if (metric != nullptr) facts = facts_of_family_part(name, *metric);
  facts.metric = std::string(name);
  if (!facts.type_is_certain) {
    if (name.ends_with("_total") || name.ends_with("_bucket")) facts.type = MetricType::kCounter;
  }
  const bool counter = facts.type == MetricType::kCounter;
  if (counter) bound_from_below(facts, 0);

  std::string_view base = name;
  if (counter || !facts.type_is_certain) {
    base = without_suffix(without_suffix(base, "_total"), "_sum");
  }
  facts.unit = unit_of_name(base);
  const bool counts = name.ends_with("_bucket") || name.ends_with("_count");
  if (counts) facts.unit = Unit::kCount;
  if (facts.unit == Unit::kUnknown && metric != nullptr && !counts) {
    facts.unit = unit_word(metric->family.unit);
    if (facts.unit == Unit::kUnknown) facts.unit = unit_of_help(metric->family.help);
    if (facts.unit == Unit::kUnknown) facts.unit = unit_of_values(name, *metric);
  }
  if (is_switch(name) && !counter) {
    facts.unit = Unit::kBool;
    facts.lowest = 0;
    facts.highest = 1;
  }
  if (facts.unit == Unit::kUnknown && counter) facts.unit = Unit::kCount;
  if (facts.unit == Unit::kBytes || facts.unit == Unit::kTimestamp) bound_from_below(facts, 0);
  const bool time = facts.unit == Unit::kSeconds || facts.unit == Unit::kMilliseconds;
  facts.latency = time && std::any_of(kAnswered.begin(), kAnswered.end(),
                                      [&](std::string_view w) { return has_word(name, w); });
  facts.direct = !counter;
  if (metric != nullptr && metric->family.type == MetricType::kGauge &&
      !std::isnan(metric->lowest)) {
    facts.seen = std::pair(metric->lowest, metric->highest);
  }
  return facts;
}

}  // namespace tocsin::check
