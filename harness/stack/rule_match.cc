#include "harness/stack/rule_match.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/promql/parser.h"

namespace tocsin::stack {
namespace {

struct Loaded {
  const GroupStatus* group = nullptr;
  const RuleStatus* rule = nullptr;
  bool taken = false;
};

std::string canonical(const std::string& query) {
  const auto parsed = promql::parse_expression(query);
  return parsed.has_error() ? query : promql::print(*parsed->root);
}

std::string written(Duration d) {
  return d.count() == 0 ? "none" : format_duration(d);
}

std::string written(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ", ", name, value);
  }
  return '{' + text + '}';
}

std::map<std::string, std::string> labels_of(const rules::RuleGroup& group,
                                             const rules::Rule& rule) {
  std::map<std::string, std::string> labels(group.labels.begin(), group.labels.end());
  for (const auto& [name, text] : rule.labels) labels[name] = text.text;
  return labels;
}

class RuleMatcher {
 public:
  explicit RuleMatcher(const std::vector<GroupStatus>& loaded) {
    for (const GroupStatus& group : loaded) {
      for (const RuleStatus& rule : group.rules) {
        loaded_.push_back({&group, &rule});
        names_[rule.alerting].insert(rule.name);
      }
    }
  }

  std::vector<RuleMismatch> run(const std::vector<rules::RuleFile>& wanted) {
    for (const rules::RuleFile& file : wanted) {
      for (const rules::RuleGroup& group : file.groups) {
        for (const rules::Rule& rule : group.rules) match(group, rule);
      }
    }
    return std::move(mismatches_);
  }

 private:
  void match(const rules::RuleGroup& group, const rules::Rule& rule) {
    const bool alerting = rule.kind == rules::Rule::Kind::kAlerting;
    Loaded* best = nullptr;
    std::vector<std::string> differences;
    for (Loaded& one : loaded_) {
      if (one.taken || one.rule->alerting != alerting || one.rule->name != rule.name) continue;
      std::vector<std::string> own = differences_of(group, rule, *one.rule);
      const bool nearer = best == nullptr || own.size() < differences.size() ||
                          (own.size() == differences.size() && one.group->name == group.name &&
                           best->group->name != group.name);
      if (!nearer) continue;
      best = &one;
      differences = std::move(own);
    }
    if (best == nullptr) {
      const std::vector<std::string> names(names_[alerting].begin(), names_[alerting].end());
      const std::string nearest = nearest_name(rule.name, names);
      mismatches_.push_back({group.name, rule.name, alerting, true,
                             nearest.empty() || nearest == rule.name
                                 ? "is not loaded"
                                 : fmt::format("is not loaded; {} is", nearest)});
      return;
    }
    best->taken = true;
    for (std::string& what : differences) {
      mismatches_.push_back({group.name, rule.name, alerting, false, std::move(what)});
    }
  }

  static std::vector<std::string> differences_of(const rules::RuleGroup& group,
                                                 const rules::Rule& rule,
                                                 const RuleStatus& loaded) {
    std::vector<std::string> all;
    const auto add = [&](const char* what, const std::string& there, const std::string& here) {
      if (there != here) all.push_back(fmt::format("has {} {} instead of {}", what, there, here));
    };
    add("the expression", canonical(loaded.query), promql::print(*rule.expression.root));
    add("for", written(loaded.hold), written(rule.hold));
    add("keep_firing_for", written(loaded.keep_firing_for), written(rule.keep_firing_for));
    add("the labels", written(loaded.labels), written(labels_of(group, rule)));
    return all;
  }

  std::vector<Loaded> loaded_;
  std::map<bool, std::set<std::string>> names_;  ///< of alerting rules or not
  std::vector<RuleMismatch> mismatches_;
};

}  // namespace

std::vector<RuleMismatch> mismatched_rules(const std::vector<rules::RuleFile>& wanted,
                                           const std::vector<GroupStatus>& loaded) {
  return RuleMatcher(loaded).run(wanted);
}

}  // namespace tocsin::stack
