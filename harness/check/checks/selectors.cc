#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/check/check_groups.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/subject.h"
#include "harness/check/visit.h"

/// Selectors against what targets export and rules record.

namespace tocsin::check {
namespace {

enum SelectorCheck {
  kUnknownMetric,
  kUnknownLabel,
  kUnknownLabelValue,
  kUnknownCombination,
  kContradiction,
  kRegexDeadBranch,
  kRegexPlain,
  kRegexAnchored,
  kMissingRecording,
  kUnknownAlert,
};

constexpr Check kSelectors[] = {
    {"rule/unknown-metric", Severity::kError,
     "No target exports the metric, and no rule records it",
     "The expression has no result, so the alert never fires; under absent() it always does.",
     "Use the name that the target exports."},
    {"rule/unknown-label", Severity::kError, "The metric never has the label",
     "A matcher on a label that is not there matches no series.",
     "Use a label that the metric has."},
    {"rule/unknown-label-value", Severity::kError, "The label never has such a value",
     "The selector matches no series.", "Use a value that occurs."},
    {"rule/unknown-combination", Severity::kWarning, "No series has all these label values at once",
     "Each matcher matches some series, but none matches all of them.",
     "Look at the series that the metric has."},
    {"rule/contradiction", Severity::kError, "Two matchers exclude each other",
     "No series can match both.", "Remove one, or use a regular expression with both values."},
    {"rule/regex-dead-branch", Severity::kWarning,
     "A branch of a regular expression matches no value", "The branch selects nothing.",
     "Correct the value, or remove the branch."},
    {"rule/regex-plain", Severity::kInfo, "A regular expression without anything regular in it",
     "= says the same, is faster, and cannot be misread.", "Use = or !=."},
    {"rule/regex-anchored", Severity::kInfo, "A regular expression with ^ or $",
     "Prometheus anchors regular expressions at both ends anyhow.", "Leave ^ and $ out."},
    {"rule/missing-recording", Severity::kInfo, "A recorded metric that no rule here records",
     "Names with colons come from recording rules. Where it is known what targets export, this is "
     "rule/unknown-metric.",
     "Check the recording rule's file too, or correct the name."},
    {"rule/unknown-alert", Severity::kWarning, "ALERTS is asked for an alert that no rule defines",
     "The selector matches no series.", "Use the name of an alert."},
};

bool is_alert_series(std::string_view name) {
  return name == "ALERTS" || name == "ALERTS_FOR_STATE";
}

bool is_plain_regex(std::string_view text) {
  return text.find_first_of(".+*?()[]{}|^$\\") == std::string_view::npos;
}

/// The alternatives of "a|b|c"; nothing when the expression is of another form.
std::vector<std::string> alternatives(std::string_view regex) {
  if (regex.find_first_of("()[]\\^$") != std::string_view::npos) return {};
  std::vector<std::string> all;
  while (true) {
    const std::size_t end = std::min(regex.find('|'), regex.size());
    all.emplace_back(regex.substr(0, end));
    if (end == regex.size()) break;
    regex.remove_prefix(end + 1);
  }
  return all.size() > 1 ? all : std::vector<std::string>();
}

std::vector<std::string> as_list(const std::set<std::string>& names) {
  return {names.begin(), names.end()};
}

/// One selector of one rule.
class SelectorLook {
 public:
  SelectorLook(const Subject& subject, const RuleUse& use, const promql::VectorSelector& selector,
               Findings& findings)
      : subject_(subject),
        use_(use),
        selector_(selector),
        findings_(findings),
        name_(metric_name(selector)) {}

  void look() {
    look_at_matchers();
    if (is_alert_series(name_)) return look_at_alert();
    if (recorded()) return;
    if (!subject_.exported) return look_at_name();
    metrics_ = subject_.exported->named(selector_.matchers);
    if (metrics_.empty()) return report_unknown_metric();
    bool all_known = true;
    for (const Matcher& matcher : selector_.matchers) {
      if (matcher.name() != kMetricName) all_known = look_at_label(matcher) && all_known;
    }
    if (all_known) look_at_combination();
  }

 private:
  void add(SelectorCheck check, std::string message, std::string way_out = {}) {
    findings_.add(kSelectors[check],
                  about(use_, selector_.range, std::move(message), std::move(way_out)));
  }
  void add(SelectorCheck check, Severity severity, std::string message, std::string way_out = {}) {
    findings_.add(kSelectors[check], severity,
                  about(use_, selector_.range, std::move(message), std::move(way_out)));
  }

  bool recorded() const {
    if (!name_.empty()) return !subject_.recorders(name_).empty();
    return std::any_of(subject_.rules.begin(), subject_.rules.end(), [&](const RuleUse& use) {
      return !use.alerts() && std::all_of(selector_.matchers.begin(), selector_.matchers.end(),
                                          [&](const Matcher& matcher) {
                                            return matcher.name() != kMetricName ||
                                                   matcher.matches(use.rule->name);
                                          });
    });
  }

  void look_at_name() {
    if (name_.find(':') == std::string::npos || name_.starts_with(':')) return;
    add(kMissingRecording, fmt::format("no rule here records {}", name_));
  }

  void look_at_alert() {
    for (const Matcher& matcher : selector_.matchers) {
      if (matcher.name() != "alertname" || matcher.op() != MatchOp::kEqual) continue;
      if (subject_.rules.empty() || subject_.has_alert(matcher.value())) continue;
      std::vector<std::string> names;
      for (const RuleUse& use : subject_.rules) {
        if (use.alerts()) names.push_back(use.rule->name);
      }
      // Another file may define it, unless the system says which files there are.
      const Severity severity = subject_.whole_system ? Severity::kWarning : Severity::kInfo;
      add(kUnknownAlert, severity, fmt::format("no rule defines the alert {}", matcher.value()),
          unknown_name_hint(matcher.value(), names));
    }
  }

  void look_at_matchers() {
    std::map<std::string, const Matcher*> equal;
    for (const Matcher& matcher : selector_.matchers) {
      if (matcher.name() == kMetricName) continue;
      if (matcher.op() == MatchOp::kEqual) {
        const auto [at, is_new] = equal.emplace(matcher.name(), &matcher);
        if (!is_new && at->second->value() != matcher.value()) {
          add(kContradiction, fmt::format("{} cannot be both \"{}\" and \"{}\"", matcher.name(),
                                          at->second->value(), matcher.value()));
        }
        continue;
      }
      if (matcher.op() != MatchOp::kRegex && matcher.op() != MatchOp::kNotRegex) continue;
      const std::string& text = matcher.value();
      if (is_plain_regex(text)) {
        const char* op = matcher.op() == MatchOp::kRegex ? "=" : "!=";
        add(kRegexPlain, fmt::format("{} is no regular expression", matcher.to_string()),
            fmt::format("write {}{}\"{}\"", matcher.name(), op, text));
      } else if (text.starts_with('^') || (text.ends_with('$') && !text.ends_with("\\$"))) {
        add(kRegexAnchored, fmt::format("{} is anchored anyhow", matcher.to_string()));
      }
    }
    for (const auto& [label, matcher] : equal) {
      for (const Matcher& other : selector_.matchers) {
        if (other.name() != label || other.op() == MatchOp::kEqual) continue;
        if (!other.matches(matcher->value())) {
          add(kContradiction,
              fmt::format("{} and {} exclude each other", matcher->to_string(), other.to_string()));
        }
      }
    }
  }

  void report_unknown_metric() {
    const std::vector<std::string> known = subject_.exported->names();
    std::string way_out;
    const std::string wanted = name_.empty() ? selector_.matchers.front().value() : name_;
    for (const char* suffix : {"_bucket", "_total", "_count"}) {
      if (subject_.exported->find(name_ + suffix) != nullptr) {
        way_out = fmt::format("{}{} is exported", name_, suffix);
        break;
      }
    }
    if (way_out.empty()) {
      std::vector<std::string> candidates = known;
      for (const RuleUse& use : subject_.rules) {
        if (!use.alerts()) candidates.push_back(use.rule->name);
      }
      const std::string nearest = nearest_metric(wanted, candidates);
      if (!nearest.empty()) way_out = fmt::format("did you mean {}?", nearest);
    }
    add(kUnknownMetric, fmt::format("no target exports {}, and no rule records it", wanted),
        way_out);
    look_at_meant_labels();
  }

  /// Whoever only corrects the name would find out about the labels later.
  void look_at_meant_labels() {
    const ExportedMetric* meant = subject_.meant(name_);
    if (meant == nullptr || !subject_.exported->values_complete()) return;
    for (const Matcher& matcher : selector_.matchers) {
      if (matcher.name() == kMetricName || matcher.matches("")) continue;
      if (meant->has_label(matcher.name())) continue;
      const std::vector<std::string> known = as_list(meant->labels());
      const std::string nearest = nearest_metric(matcher.name(), known);
      add(kUnknownLabel,
          fmt::format("{}, which may be meant, has no label {}", meant->name, matcher.name()),
          nearest.empty() ? fmt::format("its labels are {}", listed(known, 12))
                          : fmt::format("did you mean {}?", nearest));
    }
  }

  std::set<std::string> labels() const {
    std::set<std::string> all;
    for (const ExportedMetric* metric : metrics_) all.merge(metric->labels());
    return all;
  }
  std::set<std::string> values(const std::string& label) const {
    std::set<std::string> all;
    for (const ExportedMetric* metric : metrics_) all.merge(metric->values(label));
    return all;
  }

  /// False after a finding, or when nothing can be said.
  bool look_at_label(const Matcher& matcher) {
    const bool complete = subject_.exported->values_complete();
    const bool of_target = subject_.exported->target_labels().contains(matcher.name());
    if (!complete && of_target) return false;
    const bool wants_it = !matcher.matches("");
    const std::set<std::string> here = values(matcher.name());
    if (here.empty()) {
      const bool without = matcher.op() == MatchOp::kEqual && matcher.value().empty();
      if (!without) report_unknown_label(matcher, wants_it, complete);
      return false;
    }
    const bool any = std::any_of(here.begin(), here.end(),
                                 [&](const std::string& value) { return matcher.matches(value); });
    if (wants_it && !any) {
      report_unknown_value(matcher, here, complete);
      return false;
    }
    if (matcher.op() == MatchOp::kRegex && complete) look_at_branches(matcher, here);
    return true;
  }

  void report_unknown_label(const Matcher& matcher, bool wants_it, bool complete) {
    const std::set<std::string> known = labels();
    std::string nearest = nearest_metric(matcher.name(), as_list(known));
    const std::string what = name_.empty() ? "these metrics have" : name_ + " has";
    Severity severity = wants_it ? Severity::kError : Severity::kInfo;
    // A real scrape may add labels that the page does not have.
    if (!complete) severity = nearest.empty() || !wants_it ? Severity::kInfo : Severity::kWarning;
    add(kUnknownLabel, severity, fmt::format("{} no label {}", what, matcher.name()),
        nearest.empty() ? fmt::format("its labels are {}", listed(as_list(known), 12))
                        : fmt::format("did you mean {}?", nearest));
  }

  void report_unknown_value(const Matcher& matcher, const std::set<std::string>& here,
                            bool complete) {
    std::string nearest = nearest_name(matcher.value(), as_list(here));
    std::string way_out;
    const std::string& text = matcher.value();
    const bool class_of_status = text.size() == 3 && text.ends_with("xx");
    if (class_of_status) {
      way_out = fmt::format("write {}=~\"{}..\"", matcher.name(), text.substr(0, 1));
    } else if (!nearest.empty()) {
      way_out = fmt::format("did you mean \"{}\"?", nearest);
    } else {
      way_out = fmt::format("it is {}", listed(as_list(here), 8));
    }
    const std::string what = name_.empty() ? "these metrics" : name_;
    add(kUnknownLabelValue, complete ? Severity::kError : Severity::kInfo,
        fmt::format("the label {} of {} never matches {}", matcher.name(), what,
                    matcher.to_string()),
        way_out);
  }

  void look_at_branches(const Matcher& matcher, const std::set<std::string>& here) {
    for (const std::string& branch : alternatives(matcher.value())) {
      const auto alone = Matcher::make(MatchOp::kRegex, matcher.name(), branch);
      if (alone.has_error() || branch.empty()) continue;
      const bool any = std::any_of(here.begin(), here.end(),
                                   [&](const std::string& value) { return alone->matches(value); });
      if (any) continue;
      const std::string nearest = nearest_name(branch, as_list(here));
      add(kRegexDeadBranch, fmt::format("the label {} is never \"{}\"", matcher.name(), branch),
          nearest.empty() ? fmt::format("it is {}", listed(as_list(here), 8))
                          : fmt::format("did you mean \"{}\"?", nearest));
    }
  }

  void look_at_combination() {
    if (!subject_.exported->values_complete()) return;
    for (const ExportedMetric* metric : metrics_) {
      for (const Labels& series : metric->series) {
        const bool fits = std::all_of(
            selector_.matchers.begin(), selector_.matchers.end(), [&](const Matcher& matcher) {
              return matcher.name() == kMetricName || matcher.matches(series);
            });
        if (fits) return;
      }
    }
    add(kUnknownCombination, "no series has all these label values at once");
  }

  const Subject& subject_;
  const RuleUse& use_;
  const promql::VectorSelector& selector_;
  Findings& findings_;
  const std::string name_;
  std::vector<const ExportedMetric*> metrics_;
};

void look_at_selectors(const Subject& subject, Findings& findings) {
  for (const RuleUse& use : subject.rules) {
    for_all(*use.rule->expression.root, [&](const promql::Node& node) {
      const auto* selector = as_selector(node);
      if (selector != nullptr) SelectorLook(subject, use, *selector, findings).look();
    });
  }
}

}  // namespace

const CheckGroup kSelectorChecks{kSelectors, look_at_selectors};

}  // namespace tocsin::check
