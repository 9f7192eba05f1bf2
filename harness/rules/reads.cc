#include "harness/rules/reads.h"

#include <algorithm>
#include <optional>

namespace tocsin::rules {
namespace {

bool name_matches(const Matcher& matcher, const Written& written) {
  if (!written.alert) return matcher.matches(written.name);
  return matcher.matches("ALERTS") || matcher.matches("ALERTS_FOR_STATE");
}

bool may_match(const Matcher& matcher, const Written& written) {
  if (matcher.name() == kMetricName) return name_matches(matcher, written);
  const auto label = written.labels.find(matcher.name());
  return label == written.labels.end() || matcher.matches(label->second);
}

/// The name that a selector's matchers ask for; nullopt when it may be several.
std::optional<std::string> asked_name(const promql::SelectorUse& use) {
  for (const Matcher& matcher : use.matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual) return matcher.value();
  }
  return std::nullopt;
}

bool has_query(const std::string& text) {
  return text.find("{{") != std::string::npos && text.find("query") != std::string::npos;
}

}  // namespace

Written written_by(const RuleGroup& group, const Rule& rule) {
  Written written;
  written.alert = rule.kind == Rule::Kind::kAlerting;
  written.name = rule.name;
  written.labels.insert(group.labels.begin(), group.labels.end());
  for (const auto& [name, value] : rule.labels) written.labels[name] = value.text;
  if (written.alert) {
    std::erase_if(written.labels,
                  [](const auto& label) { return label.second.find("{{") != std::string::npos; });
    written.labels["alertname"] = rule.name;
  }
  return written;
}

bool may_read(const promql::SelectorUse& use, const Written& written) {
  return std::all_of(use.matchers.begin(), use.matchers.end(),
                     [&](const Matcher& matcher) { return may_match(matcher, written); });
}

bool labels_query(const RuleGroup& group, const Rule& rule) {
  if (rule.kind != Rule::Kind::kAlerting) return false;
  return std::any_of(rule.labels.begin(), rule.labels.end(),
                     [](const auto& label) { return has_query(label.second.text); }) ||
         std::any_of(group.labels.begin(), group.labels.end(),
                     [](const auto& label) { return has_query(label.second); });
}

bool annotations_query(const Rule& rule) {
  return std::any_of(rule.annotations.begin(), rule.annotations.end(),
                     [](const auto& annotation) { return has_query(annotation.second.text); });
}

Reads::Reads(const std::vector<PlannedRule>& rules, const promql::QueryOptions& options,
             bool alerts_are_series) {
  for (std::size_t i = 0; i < rules.size(); ++i) {
    written_.push_back(written_by(*rules[i].group, *rules[i].rule));
    if (written_[i].alert && !alerts_are_series) continue;
    writers_.push_back(i);
    if (!written_[i].alert) by_name_[written_[i].name].push_back(i);
    if (written_[i].alert) alerts_.push_back(i);
  }
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].rule->expression.root) {
      for (const promql::SelectorUse& use :
           promql::selectors_of(*rules[i].rule->expression.root, options)) {
        add(i, use);
      }
    }
    if (!labels_query(*rules[i].group, *rules[i].rule)) continue;
    for (const std::size_t writer : writers_) reads_.push_back({i, writer, true});
  }
}

void Reads::add(std::size_t reader, const promql::SelectorUse& use) {
  const bool past_only = use.after <= Duration(0) && !use.absolute;
  for (const std::size_t writer : writers_for(use)) reads_.push_back({reader, writer, past_only});
}

std::vector<std::size_t> Reads::writers_for(const promql::SelectorUse& use) const {
  std::vector<std::size_t> writers;
  for (const std::size_t writer : candidates(use)) {
    if (may_read(use, written_[writer])) writers.push_back(writer);
  }
  return writers;
}

const std::vector<std::size_t>& Reads::candidates(const promql::SelectorUse& use) const {
  static const std::vector<std::size_t> kNone;
  const std::optional<std::string> name = asked_name(use);
  if (!name) return writers_;
  if (*name == "ALERTS" || *name == "ALERTS_FOR_STATE") return alerts_;
  const auto it = by_name_.find(*name);
  return it == by_name_.end() ? kNone : it->second;
}

}  // namespace tocsin::rules
