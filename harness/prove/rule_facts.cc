#include "harness/prove/rule_facts.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/promql/ast.h"

namespace tocsin::prove {
namespace {

using contract::Comparison;

template <class F>
void for_alerts(const run::RuleFiles& files, F f) {
  for (const rules::RuleFile& file : files) {
    for (const rules::RuleGroup& group : file.groups) {
      for (const rules::Rule& rule : group.rules) {
        if (rule.kind == rules::Rule::Kind::kAlerting) f(rule);
      }
    }
  }
}

const promql::Node& bare(const promql::Node& node) {
  const promql::Node* inner = &node;
  while (inner->kind == promql::NodeKind::kParen) {
    inner = static_cast<const promql::Paren&>(*inner).inner.get();
  }
  return *inner;
}

std::optional<double> number_of(const promql::Node& node) {
  const promql::Node& inner = bare(node);
  if (inner.kind == promql::NodeKind::kNumber) {
    return static_cast<const promql::NumberLiteral&>(inner).value;
  }
  if (inner.kind != promql::NodeKind::kUnary) return std::nullopt;
  const auto& unary = static_cast<const promql::Unary&>(inner);
  const auto operand = number_of(*unary.operand);
  if (!operand) return std::nullopt;
  return unary.negative ? -*operand : *operand;
}

std::optional<Comparison> comparison_of(promql::BinaryOp op, bool mirrored) {
  using promql::BinaryOp;
  switch (op) {
    case BinaryOp::kGreater:
      return mirrored ? Comparison::kBelow : Comparison::kAbove;
    case BinaryOp::kGreaterEqual:
      return mirrored ? Comparison::kAtMost : Comparison::kAtLeast;
    case BinaryOp::kLess:
      return mirrored ? Comparison::kAbove : Comparison::kBelow;
    case BinaryOp::kLessEqual:
      return mirrored ? Comparison::kAtLeast : Comparison::kAtMost;
    case BinaryOp::kEqual:
      return Comparison::kEqual;
    default:
      return std::nullopt;
  }
}

void add_windows(const promql::Node& node, std::vector<Duration>& windows) {
  if (node.kind == promql::NodeKind::kMatrixSelector) {
    const Duration window = static_cast<const promql::MatrixSelector&>(node).window;
    if (std::find(windows.begin(), windows.end(), window) == windows.end()) {
      windows.push_back(window);
    }
  }
  for (const promql::Node* child : promql::children(node)) add_windows(*child, windows);
}

}  // namespace

std::string no_rule(const Subject& subject, const std::string& alert) {
  std::vector<std::string> names;
  for_alerts(*subject.rules, [&](const rules::Rule& rule) { names.push_back(rule.name); });
  const std::string nearest = nearest_name(alert, names);
  return nearest.empty() ? "no rule has this name"
                         : fmt::format("no rule has this name; did you mean {}?", nearest);
}

std::optional<std::string> fixed_label(const rules::Rule& rule, const std::string& name) {
  for (const auto& [label, value] : rule.labels) {
    if (label != name) continue;
    if (value.text.find("{{") != std::string::npos) return std::nullopt;
    return value.text;
  }
  return "";
}

std::vector<Duration> windows_of(const rules::Rule& rule) {
  std::vector<Duration> windows;
  if (rule.expression.root != nullptr) add_windows(*rule.expression.root, windows);
  return windows;
}

std::optional<Limit> limit_of(const rules::Rule& rule) {
  if (rule.expression.root == nullptr) return std::nullopt;
  const promql::Node& root = bare(*rule.expression.root);
  if (root.kind != promql::NodeKind::kBinary) return std::nullopt;
  const auto& binary = static_cast<const promql::Binary&>(root);
  const auto right = number_of(*binary.right);
  const auto left = number_of(*binary.left);
  const auto comparison = comparison_of(binary.op, left.has_value());
  if (!comparison || right.has_value() == left.has_value()) return std::nullopt;
  return Limit{*comparison, right ? *right : *left};
}

std::vector<std::string> undocumented_alerts(const Subject& subject) {
  std::vector<std::string> names;
  for_alerts(*subject.rules, [&](const rules::Rule& rule) {
    const bool known = subject.contract->alert(rule.name) != nullptr ||
                       std::find(names.begin(), names.end(), rule.name) != names.end();
    if (!known) names.push_back(rule.name);
  });
  return names;
}

}  // namespace tocsin::prove
