#include "harness/check/alert_labels.h"

#include <algorithm>

namespace tocsin::check {
namespace {

Verdict verdict_of(bool holds) {
  return holds ? Verdict::kYes : Verdict::kNo;
}

/// Adds what a route and those below may take; whether it takes the alert at all.
Verdict walk_routes(const alerting::Route& route, const AlertLabels& alert,
                    std::vector<const alerting::Route*>& found) {
  const Verdict here = alert.matches(route.matchers);
  if (here == Verdict::kNo) return here;
  bool surely_below = false;
  for (const alerting::Route& child : route.routes) {
    const Verdict below = walk_routes(child, alert, found);
    surely_below = surely_below || below == Verdict::kYes;
    if (below == Verdict::kYes && !child.continues) break;
  }
  if (!surely_below) found.push_back(&route);
  return here;
}

}  // namespace

AlertLabels::AlertLabels(const Subject& subject, const RuleUse& use, LabelFlow& flow)
    : use_(&use), of_series_(flow.of(*use.rule->expression.root)) {
  for (const auto& [name, value] : use.group->labels) fixed_[name] = value;
  for (const auto& [name, text] : use.rule->labels) {
    fixed_.erase(name);
    if (text.text.find("{{") != std::string::npos) {
      open_.insert(name);
    } else {
      fixed_[name] = text.text;
    }
  }
  fixed_["alertname"] = use.rule->name;
  const std::vector<std::pair<std::string, std::string>>* external = nullptr;
  if (subject.whole_system && subject.system) external = &subject.system->external_labels;
  if (subject.prometheuses.size() == 1) external = &subject.prometheuses.front().external_labels;
  if (external == nullptr) return;
  others_added_ = false;
  for (const auto& [name, value] : *external) {
    if (fixed_.contains(name) || open_.contains(name)) continue;
    if (of_series_.may_have(name)) {
      open_.insert(name);
    } else {
      fixed_[name] = value;
    }
  }
}

std::string AlertLabels::fixed(std::string_view label) const {
  const auto found = fixed_.find(label);
  return found == fixed_.end() ? std::string() : found->second;
}

bool AlertLabels::may_have(std::string_view label) const {
  const auto found = fixed_.find(label);
  if (found != fixed_.end()) return !found->second.empty();
  // Nobody gives all alerts of a Prometheus the same severity.
  const bool added = others_added_ && label != "severity";
  return open_.contains(label) || of_series_.may_have(label) || added;
}

Verdict AlertLabels::matches(const Matcher& matcher) const {
  const auto found = fixed_.find(matcher.name());
  if (found != fixed_.end()) return verdict_of(matcher.matches(found->second));
  return may_have(matcher.name()) ? Verdict::kMaybe : verdict_of(matcher.matches(""));
}

Verdict AlertLabels::matches(const alerting::Matchers& matchers) const {
  Verdict all = Verdict::kYes;
  for (const Matcher& matcher : matchers) all = std::min(all, matches(matcher));
  return all;
}

std::vector<const alerting::Route*> possible_routes(const alerting::Route& root,
                                                    const AlertLabels& alert) {
  std::vector<const alerting::Route*> found;
  walk_routes(root, alert, found);
  return found;
}

std::vector<AlertLabels> labels_of_alerts(const Subject& subject,
                                          const std::vector<const RuleUse*>& rules,
                                          LabelFlow& flow) {
  std::vector<AlertLabels> all;
  for (const RuleUse* use : rules) {
    if (use->alerts()) all.emplace_back(subject, *use, flow);
  }
  return all;
}

}  // namespace tocsin::check
