#include "harness/rules/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <string>

#include "harness/rules/reads.h"

namespace tocsin::rules {
namespace {

using promql::NodeKind;

/// Whether two rules that write one metric, or one alert, may give a series the same labels.
bool may_collide(const Written& a, const Written& b) {
  return std::all_of(a.labels.begin(), a.labels.end(), [&](const auto& label) {
    const auto other = b.labels.find(label.first);
    return other == b.labels.end() || other->second == label.second;
  });
}

bool at_query_ends(const promql::TimeShift& shift) {
  return shift.at == promql::AtKind::kStart || shift.at == promql::AtKind::kEnd;
}

/// Whether the value at a step depends on the query's own start, end or step: "@ end()", "step()".
bool depends_on_range(const promql::Node& node) {
  using Op = promql::DurationExpr::Op;
  if (node.kind == NodeKind::kVectorSelector &&
      at_query_ends(static_cast<const promql::VectorSelector&>(node).shift)) {
    return true;
  }
  if (node.kind == NodeKind::kSubquery &&
      at_query_ends(static_cast<const promql::Subquery&>(node).shift)) {
    return true;
  }
  if (node.kind == NodeKind::kDurationExpr) {
    const Op op = static_cast<const promql::DurationExpr&>(node).op;
    if (op == Op::kStep || op == Op::kRange) return true;
  }
  const std::vector<const promql::Node*> inner = promql::children(node);
  return std::any_of(inner.begin(), inner.end(), [](const promql::Node* child) {
    return child != nullptr && depends_on_range(*child);
  });
}

/// Tarjan's algorithm with its own stack, since chains of rules may be long.
class Tarjan {
 public:
  explicit Tarjan(const std::vector<std::vector<std::size_t>>& edges)
      : edges_(edges), low_(edges.size()), order_(edges.size()), component_(edges.size(), kNone) {
    for (std::size_t node = 0; node < edges.size(); ++node) {
      if (order_[node] == 0) visit(node);
    }
  }
  std::size_t count() const { return count_; }
  std::size_t component(std::size_t node) const { return component_[node]; }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  struct Frame {
    std::size_t node;
    std::size_t next_edge;
  };

  void enter(std::size_t node) {
    low_[node] = order_[node] = ++visited_;
    stack_.push_back(node);
    frames_.push_back({node, 0});
  }
  void visit(std::size_t root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const std::size_t node = frame.node;
      if (frame.next_edge == edges_[node].size()) {
        frames_.pop_back();
        leave(node);
        continue;
      }
      const std::size_t to = edges_[node][frame.next_edge++];
      if (order_[to] == 0) {
        enter(to);
      } else if (component_[to] == kNone) {
        low_[node] = std::min(low_[node], order_[to]);
      }
    }
  }
  void leave(std::size_t node) {
    if (!frames_.empty()) {
      const std::size_t parent = frames_.back().node;
      low_[parent] = std::min(low_[parent], low_[node]);
    }
    if (low_[node] != order_[node]) return;
    std::size_t member = kNone;
    while (member != node) {
      member = stack_.back();
      stack_.pop_back();
      component_[member] = count_;
    }
    ++count_;
  }

  const std::vector<std::vector<std::size_t>>& edges_;
  std::vector<std::size_t> low_;
  std::vector<std::size_t> order_;  ///< from 1; 0 is not visited
  std::vector<std::size_t> component_;
  std::vector<std::size_t> stack_;
  std::vector<Frame> frames_;
  std::size_t visited_ = 0;
  std::size_t count_ = 0;
};

using Edges = std::vector<std::vector<std::size_t>>;

void connect(Edges& edges, std::size_t from, std::size_t to) {
  edges[from].push_back(to);
}
void connect_both(Edges& edges, std::size_t a, std::size_t b) {
  connect(edges, a, b);
  connect(edges, b, a);
}

/// The groups' rules in file order.
std::vector<PlannedRule> rules_of(const std::vector<const RuleGroup*>& groups,
                                  const PlanOptions& options) {
  std::vector<PlannedRule> rules;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const Rule& rule : groups[g]->rules) {
      if (options.only != nullptr && options.only->count(&rule) == 0) continue;
      rules.push_back({groups[g], &rule, g});
    }
  }
  return rules;
}

/// In the order that was asked for.
void sort_by_rank(std::vector<const RuleGroup*>& groups, const std::vector<std::string>& order) {
  if (order.empty()) return;
  const auto rank = [&](const RuleGroup* group) {
    const auto it = std::find(order.begin(), order.end(), group->name);
    return it == order.end() ? 0 : it - order.begin();
  };
  std::stable_sort(groups.begin(), groups.end(),
                   [&](const RuleGroup* a, const RuleGroup* b) { return rank(a) < rank(b); });
}

std::vector<const RuleGroup*> ordered_groups(std::span<const RuleFile> files,
                                             const PlanOptions& options) {
  std::vector<const RuleGroup*> groups;
  for (const RuleFile& file : files) {
    for (const RuleGroup& group : file.groups) groups.push_back(&group);
  }
  const std::vector<PlannedRule> rules = rules_of(groups, options);
  Edges edges(groups.size());
  const Reads reads(rules, options.query, options.alerts_are_series);
  for (const Read& read : reads.all()) {
    const std::size_t from = rules[read.writer].group_index;
    const std::size_t to = rules[read.reader].group_index;
    if (from != to) connect(edges, from, to);
  }
  std::vector<const RuleGroup*> ordered;
  for (const std::vector<std::size_t>& component : ordered_components(edges)) {
    for (const std::size_t group : component) ordered.push_back(groups[group]);
  }
  sort_by_rank(ordered, options.group_order);
  return ordered;
}

/// Whether the reader sees the same when all that the writer records is there already: the writer
/// goes first, and no sample is written later than its timestamp lets one think.
bool is_safe(const Read& read, const std::vector<PlannedRule>& rules) {
  return read.past_only && read.writer < read.reader &&
         rules[read.writer].group->query_offset <= rules[read.reader].group->query_offset;
}

/// Samples can be merged by their times when those times are in the order of writing.
bool have_one_offset(const Component& component, const std::vector<PlannedRule>& rules) {
  return std::all_of(component.rules.begin(), component.rules.end(), [&](std::size_t rule) {
    return rules[rule].group->query_offset == rules[component.rules.front()].group->query_offset;
  });
}

void connect_collisions(const std::vector<Written>& written, Edges& edges) {
  std::map<std::pair<bool, std::string>, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < written.size(); ++i) {
    std::vector<std::size_t>& others = by_name[{written[i].alert, written[i].name}];
    for (const std::size_t other : others) {
      if (may_collide(written[i], written[other])) connect_both(edges, i, other);
    }
    others.push_back(i);
  }
}

}  // namespace

std::vector<std::vector<std::size_t>> ordered_components(const Edges& edges) {
  const Tarjan tarjan(edges);
  std::vector<std::vector<std::size_t>> members(tarjan.count());
  for (std::size_t node = 0; node < edges.size(); ++node) {
    members[tarjan.component(node)].push_back(node);
  }
  std::vector<std::size_t> waiting(members.size());
  for (std::size_t node = 0; node < edges.size(); ++node) {
    for (const std::size_t to : edges[node]) {
      if (tarjan.component(node) != tarjan.component(to)) ++waiting[tarjan.component(to)];
    }
  }
  using Ready = std::pair<std::size_t, std::size_t>;  // smallest node, component
  std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
  for (std::size_t c = 0; c < members.size(); ++c) {
    if (waiting[c] == 0) ready.emplace(members[c].front(), c);
  }
  std::vector<std::vector<std::size_t>> ordered;
  while (!ready.empty()) {
    const std::size_t c = ready.top().second;
    ready.pop();
    for (const std::size_t node : members[c]) {
      for (const std::size_t to : edges[node]) {
        const std::size_t other = tarjan.component(to);
        if (other != c && --waiting[other] == 0) ready.emplace(members[other].front(), other);
      }
    }
    ordered.push_back(members[c]);
  }
  return ordered;
}

Plan make_plan(std::span<const RuleFile> files, const PlanOptions& options) {
  Plan plan;
  plan.groups = ordered_groups(files, options);
  plan.rules = rules_of(plan.groups, options);
  const Reads reads(plan.rules, options.query, options.alerts_are_series);
  Edges edges(plan.rules.size());
  for (const Read& read : reads.all()) {
    connect(edges, read.writer, read.reader);
    if (!is_safe(read, plan.rules)) connect(edges, read.reader, read.writer);
  }
  connect_collisions(reads.written(), edges);
  std::vector<std::size_t> component_of(plan.rules.size());
  for (std::vector<std::size_t>& members : ordered_components(edges)) {
    for (const std::size_t rule : members) component_of[rule] = plan.components.size();
    const bool single = members.size() == 1;
    plan.components.push_back(
        {single ? Evaluation::kWhole : Evaluation::kMerged, std::move(members), {}});
  }
  for (const Read& read : reads.all()) {
    Component& reader = plan.components[component_of[read.reader]];
    if (component_of[read.reader] == component_of[read.writer]) {
      reader.evaluation = Evaluation::kSteps;
    } else {
      reader.reads.push_back(component_of[read.writer]);
    }
  }
  for (Component& component : plan.components) {
    if (!have_one_offset(component, plan.rules)) component.evaluation = Evaluation::kSteps;
  }
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const auto& root = plan.rules[i].rule->expression.root;
    if (root && depends_on_range(*root)) {
      plan.components[component_of[i]].evaluation = Evaluation::kSteps;
    }
  }
  return plan;
}

}  // namespace tocsin::rules
