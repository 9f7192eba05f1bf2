#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/base/units.h"
#include "harness/check/check_groups.h"
#include "harness/check/checks/conditions.h"
#include "harness/check/subject.h"

/// What rules say beside their expressions, and rules that say the same.

namespace tocsin::check {
namespace {

enum ConventionCheck {
  kDuplicate,
  kSameName,
  kUnknownSeverity,
  kMissingSeverity,
  kMissingSummary,
  kMissingRunbook,
  kRecordingName,
  kMilderLater,
};

constexpr Check kConventions[] = {
    {"rule/duplicate", Severity::kWarning, "Two rules say the same",
     "Both fire together, and whoever changes one leaves the other as it was.", "Remove one."},
    {"rule/same-name", Severity::kWarning, "One name, two thresholds, the same labels",
     "Nothing tells the two alerts apart, and Alertmanager takes them for one.",
     "Give them different names, or different severities."},
    {"rule/unknown-severity", Severity::kWarning, "A severity that looks misspelt",
     "Routes on the right spelling do not match.", "Correct the spelling."},
    {"rule/missing-severity", Severity::kInfo, "An alert without a label severity",
     "Routes by severity do not know it.", "Add a label severity."},
    {"rule/missing-summary", Severity::kInfo, "An alert without summary or description",
     "Whoever is called learns no more than its name.", "Add an annotation summary."},
    {"rule/missing-runbook", Severity::kInfo, "An alert without a runbook",
     "Whoever is called has to find out what to do.", "Add an annotation runbook_url."},
    {"rule/recording-name", Severity::kInfo, "A recorded metric named like an exported one",
     "Names with colons, level:metric:operations, tell recorded metrics from exported ones.",
     "Name it like job:http_requests:rate5m."},
    {"rule/milder-later", Severity::kInfo, "The milder alert fires after the graver one",
     "Both are about the same value; when it jumps past both thresholds, the warning comes when "
     "somebody is at work already.",
     "Give the milder one a shorter `for`, or inhibit it."},
};

constexpr std::array<std::string_view, 12> kSeverities = {"critical", "warning", "info",  "error",
                                                          "page",     "ticket",  "none",  "high",
                                                          "low",      "medium",  "major", "minor"};

std::string severity_of(const RuleUse& use) {
  for (const auto& [name, text] : use.rule->labels) {
    if (name == "severity") return text.text;
  }
  for (const auto& [name, value] : use.group->labels) {
    if (name == "severity") return value;
  }
  return {};
}

bool has_annotation(const rules::Rule& rule, std::initializer_list<std::string_view> names) {
  return std::any_of(rule.annotations.begin(), rule.annotations.end(), [&](const auto& annotation) {
    return std::any_of(names.begin(), names.end(),
                       [&](std::string_view name) { return annotation.first.starts_with(name); });
  });
}

std::string labels_text(const RuleUse& use) {
  std::map<std::string, std::string> all(use.group->labels.begin(), use.group->labels.end());
  for (const auto& [name, text] : use.rule->labels) all[name] = text.text;
  std::string out;
  for (const auto& [name, value] : all) out += name + '=' + value + '\n';
  return out;
}

std::string line_of(const RuleUse& other, const RuleUse& use) {
  const SourcePos& pos = other.rule->pos;
  if (pos.file == use.rule->pos.file) return fmt::format("in line {}", pos.line);
  return fmt::format("in {}:{}", pos.file, pos.line);
}

class ConventionLook {
 public:
  ConventionLook(const Subject& subject, Findings& findings)
      : subject_(subject), findings_(findings) {}

  void look() {
    for (const RuleUse& use : subject_.rules) {
      look_for_duplicates(use);
      if (use.alerts()) {
        look_at_severity(use);
        look_at_texts(use);
        look_for_graver(use);
      } else if (use.rule->name.find(':') == std::string::npos) {
        add(kRecordingName, use, fmt::format("{} looks like an exported metric", use.rule->name));
      }
    }
  }

 private:
  void add(ConventionCheck check, const RuleUse& use, std::string message,
           std::string way_out = {}) {
    findings_.add(kConventions[check], about(use, std::move(message), std::move(way_out)));
  }

  void look_for_duplicates(const RuleUse& use) {
    const std::string expression = promql::print(*use.rule->expression.root);
    const std::string labels = labels_text(use);
    const std::string key = fmt::format("{}\n{}\n{}\n{}", use.alerts(), expression, labels,
                                        use.alerts() ? use.rule->hold.count() : 0);
    // Two recorded names for the same expression may well be meant.
    if (use.alerts()) {
      // Files that nobody loads together may well hold copies.
      const auto [at, is_new] =
          by_content_.emplace(subject_.system ? key : key + use.file->path, &use);
      if (!is_new) {
        return add(kDuplicate, use,
                   fmt::format("{} {} has the same expression, duration and labels",
                               at->second->about(), line_of(*at->second, use)));
      }
    }
    const auto [at, is_new] = by_name_.emplace(
        use.about() + '\n' + labels + (subject_.system ? "" : use.file->path), &use);
    if (is_new || !use.alerts()) return;
    const std::string difference = difference_of(*at->second, use);
    if (difference.empty()) return;
    // One alert that fires the sooner the worse it is may well be meant.
    const bool by_time = use.rule->hold != at->second->rule->hold;
    findings_.add(kConventions[kSameName], by_time ? Severity::kInfo : Severity::kWarning,
                  about(use, fmt::format("{} {} has the same labels, and {}", use.about(),
                                         line_of(*at->second, use), difference)));
  }

  /// What two alerts on the same value compare it with.
  static std::string difference_of(const RuleUse& a, const RuleUse& b) {
    const auto first = conditions_in(*a.rule->expression.root);
    const auto second = conditions_in(*b.rule->expression.root);
    if (first.size() != 1 || second.size() != 1) return {};
    if (promql::print(bare(*first[0].value)) != promql::print(bare(*second[0].value))) return {};
    if (first[0].limit == second[0].limit) return {};
    return fmt::format("the threshold {} instead of {}", format_number(first[0].limit),
                       format_number(second[0].limit));
  }

  /// Another alert on the same value, further out, that waits less.
  void look_for_graver(const RuleUse& use) {
    const auto here = conditions_in(*use.rule->expression.root);
    if (here.size() != 1) return;
    const bool above = asks_above(here[0].op);
    if (!above && !asks_below(here[0].op)) return;
    std::vector<const RuleUse*>& others = by_value_[promql::print(bare(*here[0].value))];
    for (const RuleUse* other : others) {
      const Condition there = conditions_in(*other->rule->expression.root)[0];
      const bool same_way = above ? asks_above(there.op) : asks_below(there.op);
      if (!same_way || there.limit == here[0].limit) continue;
      const bool graver = above == (here[0].limit > there.limit);
      const RuleUse& mild = graver ? *other : use;
      const RuleUse& grave = graver ? use : *other;
      if (mild.rule->hold <= grave.rule->hold) continue;
      add(kMilderLater, mild,
          fmt::format("it waits {}, and {} {} only {}", format_duration(mild.rule->hold),
                      grave.about(), line_of(grave, mild), format_duration(grave.rule->hold)));
    }
    others.push_back(&use);
  }

  void look_at_severity(const RuleUse& use) {
    const std::string severity = severity_of(use);
    if (severity.empty()) return add(kMissingSeverity, use, "it has no label severity");
    if (severity.find("{{") != std::string::npos) return;
    std::string lower = severity;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::find(kSeverities.begin(), kSeverities.end(), lower) != kSeverities.end()) return;
    const std::string nearest = nearest_name(lower, kSeverities);
    if (nearest.empty() || lower.size() < 5) return;
    Finding finding = about(use, fmt::format("the severity {} looks misspelt", severity),
                            fmt::format("did you mean {}?", nearest));
    for (const auto& [name, text] : use.rule->labels) {
      if (name == "severity") finding.place.pos = text.pos;
    }
    findings_.add(kConventions[kUnknownSeverity], std::move(finding));
  }

  void look_at_texts(const RuleUse& use) {
    if (!has_annotation(*use.rule, {"summary", "description", "message", "title"})) {
      add(kMissingSummary, use, "it has neither summary nor description");
    }
    if (!has_annotation(*use.rule, {"runbook"})) add(kMissingRunbook, use, "it names no runbook");
  }

  const Subject& subject_;
  Findings& findings_;
  std::map<std::string, const RuleUse*> by_content_;
  std::map<std::string, const RuleUse*> by_name_;
  std::map<std::string, std::vector<const RuleUse*>> by_value_;
};

void look_at_conventions(const Subject& subject, Findings& findings) {
  ConventionLook(subject, findings).look();
}

}  // namespace

const CheckGroup kConventionChecks{kConventions, look_at_conventions};

}  // namespace tocsin::check
