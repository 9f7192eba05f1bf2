#pragma once

#include <optional>
#include <string>

#include "harness/promql/ast.h"
#include "harness/promql/ast_children.h"
#include "harness/promql/functions.h"

/// Small helpers for walking an expression.

namespace tocsin::check {

/// Calls f(node) for the node and all below it, top down. Trees are of bounded height.
template <class F>
void for_all(const promql::Node& node, F&& f) {
  f(node);
  promql::for_children(node, [&](const promql::Node& child) { for_all(child, f); });
}

template <class T>
const T* as(const promql::Node& node, promql::NodeKind kind) {
  return node.kind == kind ? static_cast<const T*>(&node) : nullptr;
}
inline const promql::VectorSelector* as_selector(const promql::Node& node) {
  return as<promql::VectorSelector>(node, promql::NodeKind::kVectorSelector);
}
inline const promql::Call* as_call(const promql::Node& node) {
  return as<promql::Call>(node, promql::NodeKind::kCall);
}
inline const promql::Aggregate* as_aggregate(const promql::Node& node) {
  return as<promql::Aggregate>(node, promql::NodeKind::kAggregate);
}
inline const promql::Binary* as_binary(const promql::Node& node) {
  return as<promql::Binary>(node, promql::NodeKind::kBinary);
}

/// Without the parentheses and plus signs around it.
const promql::Node& bare(const promql::Node& node);

/// The name that a selector asks for; empty when it may be several.
std::string metric_name(const promql::VectorSelector& selector);

/// The number that an expression without series is: literals, arithmetic on them, vector(n).
std::optional<double> constant_of(const promql::Node& node);

}  // namespace tocsin::check
