#include "harness/backtest/compare.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>

#include <fmt/format.h>

namespace tocsin::backtest {
namespace {

constexpr std::string_view kAlertName = "alertname";

/// Pairs of old and new rules, found with ever weaker demands.
class RulePairs {
 public:
  RulePairs(const Backtest& before, const Backtest& after)
      : before_(before),
        after_(after),
        partner_(after.rules.size()),
        renamed_(after.rules.size()),
        taken_(before.rules.size()) {
    pair([](const RuleResult& a, const RuleResult& b) {
      return a.alert == b.alert && a.group == b.group && a.labels == b.labels;
    });
    pair([](const RuleResult& a, const RuleResult& b) {
      return a.alert == b.alert && a.group == b.group && a.expression == b.expression;
    });
    pair([](const RuleResult& a, const RuleResult& b) {
      return a.alert == b.alert && a.group == b.group;
    });
    pair([](const RuleResult& a, const RuleResult& b) {
      return a.alert == b.alert && a.labels == b.labels;
    });
    pair([](const RuleResult& a, const RuleResult& b) { return a.alert == b.alert; });
    const std::vector<std::optional<std::size_t>> same_name = partner_;
    pair([](const RuleResult& a, const RuleResult& b) { return a.expression == b.expression; });
    for (std::size_t i = 0; i < partner_.size(); ++i) renamed_[i] = partner_[i] != same_name[i];
  }

  std::optional<std::size_t> partner(std::size_t new_rule) const { return partner_[new_rule]; }
  bool renamed(std::size_t new_rule) const { return renamed_[new_rule]; }
  bool removed(std::size_t old_rule) const { return !taken_[old_rule]; }

 private:
  void pair(bool (*belong_together)(const RuleResult&, const RuleResult&)) {
    for (std::size_t i = 0; i < partner_.size(); ++i) {
      for (std::size_t j = 0; j < taken_.size() && !partner_[i]; ++j) {
        if (taken_[j] || !belong_together(before_.rules[j], after_.rules[i])) continue;
        partner_[i] = j;
        taken_[j] = true;
      }
    }
  }

  const Backtest& before_;
  const Backtest& after_;
  std::vector<std::optional<std::size_t>> partner_;  ///< by new rule
  std::vector<bool> renamed_;
  std::vector<bool> taken_;  ///< by old rule
};

using EpisodesByRule = std::vector<std::vector<std::size_t>>;

EpisodesByRule by_rule(const Backtest& backtest) {
  EpisodesByRule episodes(backtest.rules.size());
  for (std::size_t i = 0; i < backtest.episodes.size(); ++i) {
    episodes[backtest.episodes[i].rule].push_back(i);
  }
  return episodes;
}

std::string moved(std::string_view what, Duration by) {
  return by > Duration(0) ? fmt::format("{} {} later", what, format_duration(by))
                          : fmt::format("{} {} earlier", what, format_duration(-by));
}

std::string label_differences(const Labels& before, const Labels& after) {
  std::map<std::string_view, std::pair<std::string_view, std::string_view>> both;
  for (const LabelView label : before) both[label.name].first = label.value;
  for (const LabelView label : after) both[label.name].second = label.value;
  std::string text;
  for (const auto& [name, values] : both) {
    if (values.first == values.second) continue;
    if (!text.empty()) text += ", ";
    text += fmt::format("label {} {} → {}", name, quote_label_value(values.first),
                        quote_label_value(values.second));
  }
  return text;
}

/// `told_names`: labels whose difference is said of the rule as a whole.
std::vector<std::string> differences(const Episode& before, const Episode& after,
                                     std::span<const std::string> told_names) {
  std::vector<std::string> words;
  const AlertEpisode& a = before.life;
  const AlertEpisode& b = after.life;
  if (a.pending_at != b.pending_at) {
    words.push_back(moved("pending", b.pending_at - a.pending_at));
  }
  if (a.firing_at && b.firing_at && *a.firing_at != *b.firing_at) {
    words.push_back(moved("fires", *b.firing_at - *a.firing_at));
  }
  if (!a.firing_at && b.firing_at) words.emplace_back("now fires");
  if (a.firing_at && !b.firing_at) words.emplace_back("no longer fires");
  if (a.resolved_at && b.resolved_at && *a.resolved_at != *b.resolved_at) {
    words.push_back(moved("ends", *b.resolved_at - *a.resolved_at));
  }
  if (a.resolved_at && !b.resolved_at) words.emplace_back("no longer ends");
  if (!a.resolved_at && b.resolved_at) words.emplace_back("now ends");
  const Labels old_labels = a.labels.without(told_names);
  const Labels new_labels = b.labels.without(told_names);
  if (old_labels != new_labels) words.push_back(label_differences(old_labels, new_labels));
  return words;
}

/// Compares the episodes of one rule before and after.
class EpisodeMatcher {
 public:
  EpisodeMatcher(const Backtest& before, const Backtest& after, RuleChange& change)
      : before_(before), after_(after), change_(change) {
    own_names_.emplace_back(kAlertName);
    if (change.before) add_names(before.rules[*change.before]);
    if (change.after) add_names(after.rules[*change.after]);
    for (const std::string& name : own_names_) {
      if (own_text(before, change.before, name) != own_text(after, change.after, name)) {
        told_names_.push_back(name);
      }
    }
  }

  void run(const std::vector<std::size_t>& old_ones, const std::vector<std::size_t>& new_ones) {
    std::map<Labels, std::pair<std::vector<std::size_t>, std::vector<std::size_t>>> by_labels;
    for (const std::size_t i : old_ones) by_labels[key(before_.episodes[i])].first.push_back(i);
    for (const std::size_t i : new_ones) by_labels[key(after_.episodes[i])].second.push_back(i);
    for (const auto& [labels, both] : by_labels) match(both.first, both.second);
    std::stable_sort(
        change_.episodes.begin(), change_.episodes.end(),
        [&](const EpisodeChange& a, const EpisodeChange& b) { return begin_of(a) < begin_of(b); });
  }

 private:
  /// What the rule says about a label.
  static std::string own_text(const Backtest& backtest, std::optional<std::size_t> rule,
                              const std::string& name) {
    if (!rule) return "";
    if (name == kAlertName) return backtest.rules[*rule].alert;
    for (const auto& [own, text] : backtest.rules[*rule].labels) {
      if (own == name) return text;
    }
    return "";
  }
  void add_names(const RuleResult& rule) {
    for (const auto& [name, value] : rule.labels) own_names_.push_back(name);
  }
  Labels key(const Episode& episode) const { return episode.life.labels.without(own_names_); }
  Timestamp begin_of(const EpisodeChange& change) const {
    return change.before ? before_.episodes[*change.before].life.pending_at
                         : after_.episodes[*change.after].life.pending_at;
  }

  /// Both in time order.
  void match(const std::vector<std::size_t>& old_ones, const std::vector<std::size_t>& new_ones) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < old_ones.size() || j < new_ones.size()) {
      const Episode* a = i < old_ones.size() ? &before_.episodes[old_ones[i]] : nullptr;
      const Episode* b = j < new_ones.size() ? &after_.episodes[new_ones[j]] : nullptr;
      if (b == nullptr || (a != nullptr && ends_before(*a, *b))) {
        change_.episodes.push_back({EpisodeFate::kVanishes, old_ones[i++], std::nullopt});
      } else if (a == nullptr || ends_before(*b, *a)) {
        change_.episodes.push_back({EpisodeFate::kAppears, std::nullopt, new_ones[j++]});
      } else {
        std::vector<std::string> words = differences(*a, *b, told_names_);
        if (words.empty()) {
          ++change_.same;
        } else {
          change_.episodes.push_back(
              {EpisodeFate::kDiffers, old_ones[i], new_ones[j], std::move(words)});
        }
        ++i;
        ++j;
      }
    }
  }
  static bool ends_before(const Episode& a, const Episode& b) {
    return a.life.resolved_at && a.end < b.life.pending_at;
  }

  const Backtest& before_;
  const Backtest& after_;
  RuleChange& change_;
  std::vector<std::string> own_names_;   ///< the alert's name and what either rule sets
  std::vector<std::string> told_names_;  ///< those of them that the rules write differently
};

std::string labels_text(const RuleResult& rule) {
  std::vector<LabelView> views;
  for (const auto& [name, value] : rule.labels) views.push_back({name, value});
  return Labels::from(std::move(views)).to_string();
}

std::vector<std::string> rule_differences(const RuleResult& before, const RuleResult& after) {
  std::vector<std::string> words;
  const auto differ = [&](std::string_view what, const std::string& a, const std::string& b) {
    if (a != b) words.push_back(fmt::format("{} {} → {}", what, a, b));
  };
  differ("name", before.alert, after.alert);
  differ("group", before.group, after.group);
  differ("expr", before.expression, after.expression);
  differ("for", format_duration(before.hold), format_duration(after.hold));
  differ("keep_firing_for", format_duration(before.keep_firing_for),
         format_duration(after.keep_firing_for));
  differ("labels", labels_text(before), labels_text(after));
  return words;
}

}  // namespace

std::string_view to_string(RuleFate fate) {
  switch (fate) {
    case RuleFate::kKept:
      return "kept";
    case RuleFate::kRenamed:
      return "renamed";
    case RuleFate::kAdded:
      return "added";
    case RuleFate::kRemoved:
      return "removed";
  }
  return "";
}

std::string_view to_string(EpisodeFate fate) {
  switch (fate) {
    case EpisodeFate::kAppears:
      return "appears";
    case EpisodeFate::kVanishes:
      return "vanishes";
    case EpisodeFate::kDiffers:
      return "differs";
  }
  return "";
}

bool Comparison::episodes_change() const {
  return std::any_of(rules.begin(), rules.end(),
                     [](const RuleChange& rule) { return !rule.episodes.empty(); });
}

std::size_t Comparison::count(EpisodeFate fate) const {
  std::size_t n = 0;
  for (const RuleChange& rule : rules) {
    for (const EpisodeChange& episode : rule.episodes) n += episode.fate == fate ? 1 : 0;
  }
  return n;
}

Comparison compare(const Backtest& before, const Backtest& after) {
  Comparison comparison;
  const RulePairs pairs(before, after);
  const EpisodesByRule old_episodes = by_rule(before);
  const EpisodesByRule new_episodes = by_rule(after);
  const std::vector<std::size_t> none;
  for (std::size_t i = 0; i < after.rules.size(); ++i) {
    RuleChange change;
    change.after = i;
    change.before = pairs.partner(i);
    change.fate = !change.before     ? RuleFate::kAdded
                  : pairs.renamed(i) ? RuleFate::kRenamed
                                     : RuleFate::kKept;
    if (change.before)
      change.words = rule_differences(before.rules[*change.before], after.rules[i]);
    EpisodeMatcher(before, after, change)
        .run(change.before ? old_episodes[*change.before] : none, new_episodes[i]);
    comparison.rules.push_back(std::move(change));
  }
  for (std::size_t i = 0; i < before.rules.size(); ++i) {
    if (!pairs.removed(i)) continue;
    RuleChange change;
    change.fate = RuleFate::kRemoved;
    change.before = i;
    EpisodeMatcher(before, after, change).run(old_episodes[i], none);
    comparison.rules.push_back(std::move(change));
  }
  return comparison;
}

}  // namespace tocsin::backtest
