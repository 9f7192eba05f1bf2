#include "harness/check/checks/conditions.h"

namespace tocsin::check {

using promql::BinaryOp;

namespace {

BinaryOp mirrored(BinaryOp op) {
  switch (op) {
    case BinaryOp::kGreater:
      return BinaryOp::kLess;
    case BinaryOp::kLess:
      return BinaryOp::kGreater;
    case BinaryOp::kGreaterEqual:
      return BinaryOp::kLessEqual;
    case BinaryOp::kLessEqual:
      return BinaryOp::kGreaterEqual;
    default:
      return op;
  }
}

}  // namespace

std::optional<Condition> condition_of(const promql::Binary& comparison) {
  if (!promql::is_comparison(comparison.op)) return std::nullopt;
  const auto left = constant_of(*comparison.left);
  const auto right = constant_of(*comparison.right);
  if (right && !left) return Condition{&comparison, comparison.left.get(), comparison.op, *right};
  if (left && !right) {
    return Condition{&comparison, comparison.right.get(), mirrored(comparison.op), *left};
  }
  return std::nullopt;
}

std::vector<Condition> conditions_in(const promql::Node& node) {
  std::vector<Condition> all;
  for_all(node, [&](const promql::Node& below) {
    const auto* binary = as_binary(below);
    if (binary == nullptr) return;
    if (const auto condition = condition_of(*binary)) all.push_back(*condition);
  });
  return all;
}

std::vector<const promql::Binary*> deciding(const promql::Node& outer) {
  const promql::Node& node = bare(outer);
  const auto* binary = as_binary(node);
  if (binary == nullptr) return {};
  if (promql::is_comparison(binary->op)) return {binary};
  if (!promql::is_set_operator(binary->op)) return {};
  std::vector<const promql::Binary*> all = deciding(*binary->left);
  if (binary->op != BinaryOp::kUnless) {
    for (const promql::Binary* right : deciding(*binary->right)) all.push_back(right);
  }
  return all;
}

}  // namespace tocsin::check
