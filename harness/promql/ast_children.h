#pragma once

#include "harness/promql/ast.h"

namespace tocsin::promql {

/// Calls f(child) for each expression that a node is made of, in the order of the text. Duration
/// expressions are not among them.
template <class F>
void for_children(const Node& node, F&& f) {
  const auto visit = [&f](const NodePtr& child) {
    if (child) f(*child);
  };
  switch (node.kind) {
    case NodeKind::kMatrixSelector:
      return f(*static_cast<const MatrixSelector&>(node).vector);
    case NodeKind::kSubquery:
      return visit(static_cast<const Subquery&>(node).inner);
    case NodeKind::kCall:
      for (const NodePtr& argument : static_cast<const Call&>(node).arguments) visit(argument);
      return;
    case NodeKind::kAggregate:
      visit(static_cast<const Aggregate&>(node).parameter);
      return visit(static_cast<const Aggregate&>(node).argument);
    case NodeKind::kBinary:
      visit(static_cast<const Binary&>(node).left);
      return visit(static_cast<const Binary&>(node).right);
    case NodeKind::kUnary:
      return visit(static_cast<const Unary&>(node).operand);
    case NodeKind::kParen:
      return visit(static_cast<const Paren&>(node).inner);
    case NodeKind::kNumber:
    case NodeKind::kString:
    case NodeKind::kVectorSelector:
    case NodeKind::kStepInvariant:
    case NodeKind::kDurationExpr:
      return;
  }
}

}  // namespace tocsin::promql
