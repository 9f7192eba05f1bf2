#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/facts.h"
#include "harness/check/subject.h"

/// Thresholds in another unit than the values that they are compared with.

namespace tocsin::check {
namespace {

using promql::BinaryOp;

enum ThresholdCheck {
  kRateAsRatio,
  kPercentRatio,
  kMilliseconds,
  kBytesPercent,
  kUnitsDiffer,
  kFloatEquality,
  kDivisionNan,
};

constexpr Check kThresholds[] = {
    {"rule/rate-as-ratio", Severity::kWarning,
     "Requests per second are compared with what looks like a share",
     "rate() of failed requests is so many a second; whether 0.1 of these is much depends on the "
     "traffic.",
     "Divide by the rate of all requests; or name the alert and its threshold as a rate."},
    {"rule/percent-ratio", Severity::kWarning,
     "A percentage is compared with a share, or the other way round",
     "A value between 0 and 1 never passes 5, and is always below 70; a percentage is nearly "
     "always "
     "above 0.9.",
     "Give value and threshold the same unit."},
    {"rule/milliseconds", Severity::kWarning, "Seconds are compared with milliseconds",
     "Values in seconds do not pass a threshold meant in milliseconds.",
     "Divide the threshold by 1000."},
    {"rule/bytes-percent", Severity::kWarning, "Bytes are compared with a percentage",
     "A size in bytes is nearly always above 100.", "Divide by the total, and multiply by 100."},
    {"rule/units-differ", Severity::kWarning, "Values of different units are compared or added",
     "The result means nothing.", "Convert one of them."},
    {"rule/float-equality", Severity::kWarning, "A measured number is compared for equality",
     "Computed values hardly ever are exactly so.", "Use < or >, or round() first."},
    {"rule/division-nan", Severity::kInfo, "The division gives NaN when there is no traffic",
     "0 / 0 is NaN, which no comparison holds for: without traffic the alert is silent.",
     "Add `and` a condition on the traffic, or an alert on its absence."},
};

constexpr std::array<std::string_view, 12> kOutcomeLabels = {
    "status",  "code",    "status_code",   "http_status", "response_code", "http_code",
    "outcome", "success", "response_flag", "error",       "result",        "status_class"};
constexpr std::array<std::string_view, 9> kAsked = {"request",    "requests", "call",
                                                    "calls",      "queries",  "responses",
                                                    "executions", "http",     "handled"};

template <std::size_t n>
bool any_word(std::string_view name, const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return has_word(name, word); });
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Whether it selects some outcomes out of all requests.
bool selects_failures(const promql::Node& node) {
  bool found = false;
  for_all(node, [&](const promql::Node& below) {
    const auto* selector = as_selector(below);
    if (selector == nullptr || !any_word(metric_name(*selector), kAsked)) return;
    for (const Matcher& matcher : selector->matchers) {
      found = found || std::find(kOutcomeLabels.begin(), kOutcomeLabels.end(), matcher.name()) !=
                           kOutcomeLabels.end();
    }
  });
  return found;
}

/// Some text of the alert calls its value a percentage.
bool speaks_of_percent(const RuleUse& use) {
  for (const auto& [name, text] : use.rule->annotations) {
    const std::string lower = lower_case(text.text);
    if (lower.find("humanizepercentage") != std::string::npos ||
        lower.find("$value }}%") != std::string::npos ||
        lower.find("error percentage") != std::string::npos) {
      return true;
    }
  }
  return false;
}

/// Shares that nobody expects above 1: of errors, hits, usage.
bool named_like_share(std::string_view alert, std::string_view metric) {
  const std::string text = lower_case(std::string(alert)) + ' ' + std::string(metric);
  for (const char* word : {"error", "fail", "hit", "success", "avail", "util", "percent"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

/// "HighErrorRate": so many of a hundred requests, whatever PromQL calls a rate.
bool named_like_rate(std::string_view alert) {
  const std::string text = lower_case(std::string(alert));
  for (const char* word : {"rate", "ratio", "percent", "share", "budget", "slo"}) {
    if (text.find(word) != std::string::npos) return true;
  }
  return false;
}

class ThresholdLook {
 public:
  ThresholdLook(const RuleUse& use, FactFinder& facts, Findings& findings)
      : use_(use), facts_(facts), findings_(findings) {}

  void look() {
    for (const Condition& condition : conditions_in(*use_.rule->expression.root)) {
      look_at_condition(condition);
    }
    for_all(*use_.rule->expression.root, [&](const promql::Node& node) {
      const auto* binary = as_binary(node);
      if (binary != nullptr && binary->matching) look_at_pair(*binary);
    });
  }

 private:
  void add(ThresholdCheck check, Severity severity, const promql::Binary& at, std::string message,
           std::string way_out = {}) {
    findings_.add(kThresholds[check], severity,
                  about(use_, at.range, std::move(message), std::move(way_out)));
  }

  void look_at_condition(const Condition& condition) {
    const Facts value = facts_.of(*condition.value);
    look_at_rate(condition, value);
    look_at_share(condition, value);
    look_at_time_and_size(condition, value);
    look_at_equality(condition, value);
    if (use_.alerts()) look_at_division(condition);
  }

  void look_at_rate(const Condition& condition, const Facts& value) {
    if (!value.per_second || value.unit != Unit::kCount || !asks_above(condition.op)) return;
    if (condition.limit <= 0 || condition.limit >= 1) return;
    const bool percent = speaks_of_percent(use_);
    if (!selects_failures(*condition.value) && !percent) return;
    // Some failures a second may be too many whatever the traffic; an error rate is a share.
    const bool share = percent || named_like_rate(use_.rule->name);
    add(kRateAsRatio, share ? Severity::kWarning : Severity::kInfo, *condition.comparison,
        fmt::format("events per second are compared with {}, which looks like {} %",
                    condition.limit, format_number(condition.limit * 100, 6)));
  }

  void look_at_share(const Condition& condition, const Facts& value) {
    const double limit = condition.limit;
    if (value.unit == Unit::kPercent && limit > 0 && limit < 1) {
      const Severity severity = value.direct ? Severity::kWarning : Severity::kInfo;
      add(kPercentRatio, severity, *condition.comparison,
          fmt::format("{} is {}, and {} a share", name_of(value), describe(value.unit), limit),
          fmt::format("write {}, if {} % is meant", format_number(limit * 100, 6),
                      format_number(limit * 100, 6)));
    }
    if (value.unit != Unit::kRatio || limit <= 1.5 || limit > 100) return;
    const bool sure = value.share || value.direct;
    if (!sure && (limit < 5 || !named_like_share(use_.rule->name, value.metric))) return;
    add(kPercentRatio, Severity::kWarning, *condition.comparison,
        fmt::format("{} is {}, and {} looks like a percentage", name_of(value),
                    describe(value.unit), limit),
        fmt::format("write {}, or multiply the value by 100", format_number(limit / 100, 6)));
  }

  static std::string name_of(const Facts& value) {
    if (!value.direct || value.metric.empty()) return "the value";
    return value.type_is_certain ? value.metric : "by its name, " + value.metric;
  }

  void look_at_time_and_size(const Condition& condition, const Facts& value) {
    const double limit = condition.limit;
    if (value.latency && value.unit == Unit::kSeconds && !value.per_second && !value.increase &&
        limit >= 100) {
      add(kMilliseconds, Severity::kWarning, *condition.comparison,
          fmt::format("the value is in seconds, and {} looks like milliseconds", limit),
          fmt::format("write {}, if {} ms is meant", format_number(limit / 1000, 6),
                      format_number(limit, 6)));
    }
    if (value.latency && value.unit == Unit::kMilliseconds && limit > 0 && limit < 1) {
      add(kMilliseconds, Severity::kWarning, *condition.comparison,
          fmt::format("the value is in milliseconds, and {} looks like seconds", limit),
          fmt::format("write {}", format_number(limit * 1000, 6)));
    }
    if (value.unit == Unit::kBytes && !value.per_second && !value.increase && limit > 1 &&
        limit <= 100) {
      add(kBytesPercent, Severity::kWarning, *condition.comparison,
          fmt::format("{} is in bytes, and {} looks like a percentage", name_of(value), limit));
    }
  }

  void look_at_equality(const Condition& condition, const Facts& value) {
    if (condition.op != BinaryOp::kEqual && condition.op != BinaryOp::kNotEqual) return;
    if (value.type == MetricType::kCounter && condition.limit != 0) {
      // That something happened once may be asked of a counter that began with the thing.
      const bool sure = value.type_is_certain || condition.limit != 1;
      add(kFloatEquality, sure ? Severity::kWarning : Severity::kInfo, *condition.comparison,
          fmt::format("{} is a counter: it passes {} sometime, if it is ever exactly that",
                      value.metric, format_number(condition.limit)),
          "use >= or <");
      return;
    }
    const bool whole = std::trunc(condition.limit) == condition.limit;
    const bool measured = value.per_second || value.latency || value.unit == Unit::kRatio ||
                          value.unit == Unit::kPercent;
    const bool end_of_range =
        condition.limit == 0 || condition.limit == 1 || condition.limit == 100;
    if (std::isnan(condition.limit) || (whole && (!measured || end_of_range))) return;
    add(kFloatEquality, Severity::kWarning, *condition.comparison,
        fmt::format("the value is hardly ever exactly {}", condition.limit));
  }

  void look_at_division(const Condition& condition) {
    const auto* division = as_binary(bare(*condition.value));
    while (division != nullptr && division->op == BinaryOp::kMul) {
      const bool scaled = constant_of(*division->right).has_value();
      division = as_binary(bare(scaled ? *division->left : *division->right));
    }
    if (division == nullptr || division->op != BinaryOp::kDiv) return;
    const Facts divisor = facts_.of(*division->right);
    if (!divisor.per_second && !divisor.increase) return;
    add(kDivisionNan, Severity::kInfo, *condition.comparison,
        "without traffic this is 0 / 0, and the alert is silent");
  }

  void look_at_pair(const promql::Binary& binary) {
    const bool adds = binary.op == BinaryOp::kAdd || binary.op == BinaryOp::kSub;
    if (!adds && !promql::is_comparison(binary.op)) return;
    const Facts left = facts_.of(*binary.left);
    const Facts right = facts_.of(*binary.right);
    const auto plain = [](Unit unit) {
      return unit == Unit::kRatio || unit == Unit::kPercent || unit == Unit::kSeconds ||
             unit == Unit::kMilliseconds || unit == Unit::kBytes || unit == Unit::kTimestamp;
    };
    if (!plain(left.unit) || !plain(right.unit) || left.unit == right.unit) return;
    if (left.per_second || right.per_second || left.increase || right.increase) return;
    const bool time = (left.unit == Unit::kTimestamp && right.unit == Unit::kSeconds) ||
                      (left.unit == Unit::kSeconds && right.unit == Unit::kTimestamp);
    if (time) return;
    add(kUnitsDiffer, Severity::kWarning, binary,
        fmt::format("{} on the left, {} on the right", describe(left.unit), describe(right.unit)));
  }

  const RuleUse& use_;
  FactFinder& facts_;
  Findings& findings_;
};

void look_at_thresholds(const Subject& subject, Findings& findings) {
  FactFinder facts(subject);
  for (const RuleUse& use : subject.rules) ThresholdLook(use, facts, findings).look();
}

}  // namespace

const CheckGroup kThresholdChecks{kThresholds, look_at_thresholds};

}  // namespace tocsin::check
