#include "harness/check/visit.h"

#include <cmath>
#include <optional>

namespace tocsin::check {

using promql::BinaryOp;
using promql::NodeKind;

const promql::Node& bare(const promql::Node& node) {
  if (const auto* paren = as<promql::Paren>(node, NodeKind::kParen)) return bare(*paren->inner);
  if (const auto* unary = as<promql::Unary>(node, NodeKind::kUnary); unary && !unary->negative) {
    return bare(*unary->operand);
  }
  return node;
}

std::string metric_name(const promql::VectorSelector& selector) {
  if (!selector.name.empty()) return selector.name;
  for (const Matcher& matcher : selector.matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual) return matcher.value();
  }
  return {};
}

namespace {

std::optional<double> combine(BinaryOp op, double a, double b) {
  switch (op) {
    case BinaryOp::kAdd:
      return a + b;
    case BinaryOp::kSub:
      return a - b;
    case BinaryOp::kMul:
      return a * b;
    case BinaryOp::kDiv:
      return a / b;
    case BinaryOp::kMod:
      return std::fmod(a, b);
    case BinaryOp::kPow:
      return std::pow(a, b);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<double> constant_of(const promql::Node& outer) {
  const promql::Node& node = bare(outer);
  if (const auto* number = as<promql::NumberLiteral>(node, NodeKind::kNumber)) return number->value;
  if (const auto* unary = as<promql::Unary>(node, NodeKind::kUnary)) {
    const auto value = constant_of(*unary->operand);
    return value ? std::optional(-*value) : std::nullopt;
  }
  if (const auto* call = as_call(node)) {
    const bool passes = call->function->name == "vector" || call->function->name == "scalar";
    return passes ? constant_of(*call->arguments.front()) : std::nullopt;
  }
  if (const auto* binary = as_binary(node)) {
    const auto left = constant_of(*binary->left);
    const auto right = constant_of(*binary->right);
    return left && right ? combine(binary->op, *left, *right) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tocsin::check
