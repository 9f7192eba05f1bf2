#include "harness/check/selector_look.h"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/check/facts.h"
#include "harness/check/nearest_metric.h"
#include "harness/check/visit.h"

namespace tocsin::check {
namespace {

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

/// One selector.
class SelectorLook {
 public:
  SelectorLook(const Subject& subject, const promql::VectorSelector& selector)
      : subject_(subject), selector_(selector), name_(metric_name(selector)) {}

  std::vector<SelectorProblem> look() {
    look_at_all();
    return std::move(problems_);
  }

 private:
  void look_at_all() {
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

  void add(SelectorFlaw flaw, std::string message, std::string way_out = {}) {
    problems_.push_back({flaw, std::nullopt, std::move(message), std::move(way_out)});
  }
  void add(SelectorFlaw flaw, Severity severity, std::string message, std::string way_out = {}) {
    problems_.push_back({flaw, severity, std::move(message), std::move(way_out)});
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
    add(SelectorFlaw::kMissingRecording, fmt::format("no rule here records {}", name_));
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
      add(SelectorFlaw::kUnknownAlert, severity,
          fmt::format("no rule defines the alert {}", matcher.value()),
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
          add(SelectorFlaw::kContradiction,
              fmt::format("{} cannot be both \"{}\" and \"{}\"", matcher.name(),
                          at->second->value(), matcher.value()));
        }
        continue;
      }
      if (matcher.op() != MatchOp::kRegex && matcher.op() != MatchOp::kNotRegex) continue;
      const std::string& text = matcher.value();
      if (is_plain_regex(text)) {
        const char* op = matcher.op() == MatchOp::kRegex ? "=" : "!=";
        add(SelectorFlaw::kRegexPlain,
            fmt::format("{} is no regular expression", matcher.to_string()),
            fmt::format("write {}{}\"{}\"", matcher.name(), op, text));
      } else if (text.starts_with('^') || (text.ends_with('$') && !text.ends_with("\\$"))) {
        add(SelectorFlaw::kRegexAnchored,
            fmt::format("{} is anchored anyhow", matcher.to_string()));
      }
    }
    for (const auto& [label, matcher] : equal) {
      for (const Matcher& other : selector_.matchers) {
        if (other.name() != label || other.op() == MatchOp::kEqual) continue;
        if (!other.matches(matcher->value())) {
          add(SelectorFlaw::kContradiction,
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
    if (way_out.empty() && subject_.may_be_undescribed(wanted)) {
      return add(SelectorFlaw::kUndescribed, wanted);
    }
    if (way_out.empty()) {
      std::vector<std::string> candidates = known;
      for (const RuleUse& use : subject_.rules) {
        if (!use.alerts()) candidates.push_back(use.rule->name);
      }
      const std::string nearest = nearest_metric(wanted, candidates);
      if (!nearest.empty()) way_out = suggestion(wanted, nearest);
    }
    add(SelectorFlaw::kUnknownMetric,
        fmt::format("no target exports {}, and no rule records it", wanted), way_out);
    look_at_meant_labels();
  }

  std::string suggestion(const std::string& wanted, const std::string& nearest) const {
    const Unit here = facts_of_metric(wanted, nullptr).unit;
    const Unit there = facts_of_metric(nearest, subject_.exported->find(nearest)).unit;
    if (here == there || here == Unit::kUnknown || there == Unit::kUnknown) {
      return fmt::format("did you mean {}?", nearest);
    }
    return fmt::format("the nearest is {}, which is {}, not {}", nearest, describe(there),
                       describe(here));
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
      add(SelectorFlaw::kUnknownLabel,
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
    add(SelectorFlaw::kUnknownLabel, severity, fmt::format("{} no label {}", what, matcher.name()),
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
    add(SelectorFlaw::kUnknownLabelValue, complete ? Severity::kError : Severity::kInfo,
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
      add(SelectorFlaw::kRegexDeadBranch,
          fmt::format("the label {} is never \"{}\"", matcher.name(), branch),
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
    add(SelectorFlaw::kUnknownCombination, "no series has all these label values at once");
  }

  const Subject& subject_;
  const promql::VectorSelector& selector_;
  const std::string name_;
  std::vector<const ExportedMetric*> metrics_;
  std::vector<SelectorProblem> problems_;
};

}  // namespace

std::vector<SelectorProblem> look_at_selector(const Subject& subject,
                                              const promql::VectorSelector& selector) {
  return SelectorLook(subject, selector).look();
}

}  // namespace tocsin::check
