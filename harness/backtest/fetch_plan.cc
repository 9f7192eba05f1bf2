#include "harness/backtest/fetch_plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "harness/promql/evaluator.h"
#include "harness/rules/template_queries.h"

namespace tocsin::backtest {
namespace {

/// One selector, whatever rules use it.
struct Use {
  std::vector<Matcher> matchers;
  std::optional<std::string> metric;  ///< none: may be several
  Duration before{0};
  Duration after{0};
};

std::string promql_of(const std::vector<Matcher>& matchers) {
  std::string text = "{";
  for (const Matcher& matcher : matchers) {
    if (text.size() > 1) text += ',';
    text += matcher.to_string();
  }
  return text + '}';
}

std::set<std::string> recorded_by(const std::vector<rules::RuleFile>& files) {
  std::set<std::string> names;
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind == rules::Rule::Kind::kRecording) names.insert(rule.name);
      }
    }
  }
  return names;
}

/// Metrics that all versions of the rules make themselves.
std::set<std::string> always_recorded(std::span<const std::vector<rules::RuleFile>> versions) {
  std::set<std::string> all = {"ALERTS", "ALERTS_FOR_STATE"};
  std::optional<std::set<std::string>> common;
  for (const std::vector<rules::RuleFile>& files : versions) {
    std::set<std::string> names = recorded_by(files);
    if (common) std::erase_if(names, [&](const std::string& n) { return common->count(n) == 0; });
    common = std::move(names);
  }
  if (common) all.insert(common->begin(), common->end());
  return all;
}

class UseTable {
 public:
  UseTable(std::set<std::string> recorded, FetchPlan& plan)
      : recorded_(std::move(recorded)), plan_(plan) {}

  void add(const promql::SelectorUse& found, Duration query_offset) {
    Use use;
    use.matchers = found.matchers;
    std::sort(use.matchers.begin(), use.matchers.end(),
              [](const Matcher& a, const Matcher& b) { return a.to_string() < b.to_string(); });
    for (const Matcher& matcher : use.matchers) {
      if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual) {
        use.metric = matcher.value();
      }
    }
    if (use.metric && recorded_.count(*use.metric) != 0) return;
    const std::string text = promql_of(use.matchers);
    if (found.absolute &&
        std::find(plan_.absolute.begin(), plan_.absolute.end(), text) == plan_.absolute.end()) {
      plan_.absolute.push_back(text);
    }
    use.before = found.before + query_offset;
    use.after = std::max(Duration(0), found.after - query_offset);
    const auto [it, added] = uses_.try_emplace(text, use);
    it->second.before = std::max(it->second.before, use.before);
    it->second.after = std::max(it->second.after, use.after);
  }

  /// Drops selectors that find nothing beyond another's, and gives those that may find the same
  /// series the same time.
  std::map<std::string, Use> take() {
    std::map<std::string, Use> kept;
    for (const auto& [text, use] : uses_) {
      const bool covered =
          std::any_of(uses_.begin(), uses_.end(), [&, &own = text, &self = use](const auto& other) {
            return other.first != own && is_part_of(self, other.second);
          });
      if (!covered) kept.emplace(text, use);
    }
    const bool any_unnamed =
        std::any_of(uses_.begin(), uses_.end(), [](const auto& use) { return !use.second.metric; });
    for (auto& [text, use] : kept) {
      for (const auto& [other_text, other] : uses_) {
        if (!any_unnamed && other.metric != use.metric) continue;
        use.before = std::max(use.before, other.before);
        use.after = std::max(use.after, other.after);
      }
    }
    return kept;
  }

 private:
  /// All of the other's matchers are among its own, and more.
  static bool is_part_of(const Use& use, const Use& other) {
    return other.matchers.size() < use.matchers.size() &&
           std::all_of(other.matchers.begin(), other.matchers.end(), [&](const Matcher& matcher) {
             return std::find(use.matchers.begin(), use.matchers.end(), matcher) !=
                    use.matchers.end();
           });
  }

  std::set<std::string> recorded_;
  FetchPlan& plan_;
  std::map<std::string, Use> uses_;
};

void add_rule(const rules::RuleGroup& group, const rules::Rule& rule,
              const promql::QueryOptions& query, UseTable& table, FetchPlan& plan) {
  for (const auto& use : promql::selectors_of(*rule.expression.root, query)) {
    table.add(use, group.query_offset);
  }
  bool computed = false;
  const auto add_template = [&](const std::string& text) {
    const rules::TemplateReads reads = rules::reads_of_template(text, query);
    for (const promql::SelectorUse& use : reads.selectors) table.add(use, group.query_offset);
    computed = computed || reads.unknown;
  };
  for (const auto& [name, text] : group.labels) add_template(text);
  for (const auto& [name, text] : rule.labels) add_template(text.text);
  for (const auto& [name, text] : rule.annotations) add_template(text.text);
  const bool known =
      std::find(plan.computed.begin(), plan.computed.end(), rule.name) != plan.computed.end();
  if (computed && !known) plan.computed.push_back(rule.name);
}

}  // namespace

FetchPlan plan_fetch(std::span<const std::vector<rules::RuleFile>> versions,
                     const BacktestOptions& options) {
  FetchPlan plan;
  UseTable table(always_recorded(versions), plan);
  for (const std::vector<rules::RuleFile>& files : versions) {
    for (const rules::RuleFile& file : files) {
      for (const rules::RuleGroup& group : file.groups) {
        for (const rules::Rule& rule : group.rules) {
          add_rule(group, rule, options.query, table, plan);
        }
      }
    }
  }
  for (const auto& [text, use] : table.take()) {
    // A sample exactly as old as the window still counts for Prometheus 2.
    plan.wanted.push_back({text, options.from - use.before - Duration(1), options.to + use.after});
  }
  return plan;
}

std::vector<Stretch> stretches_of(const Wanted& wanted,
                                  std::span<const SampleCache::Record> records) {
  std::vector<const SampleCache::Record*> own;
  for (const SampleCache::Record& record : records) {
    const bool overlaps = record.from < wanted.to && record.to > wanted.from;
    if (record.selector == wanted.selector && overlaps) own.push_back(&record);
  }
  std::stable_sort(own.begin(), own.end(),
                   [](const auto* a, const auto* b) { return a->from < b->from; });
  std::vector<Stretch> stretches;
  Timestamp done = wanted.from;
  for (const SampleCache::Record* record : own) {
    if (record->to <= done) continue;
    if (record->from > done) stretches.push_back({done, record->from, nullptr});
    stretches.push_back({record->from, record->to, record});
    done = record->to;
  }
  if (done < wanted.to) stretches.push_back({done, wanted.to, nullptr});
  return stretches;
}

}  // namespace tocsin::backtest
