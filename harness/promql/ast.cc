#include "harness/promql/ast.h"

namespace tocsin::promql {

std::string_view describe(ValueType type) {
  switch (type) {
    case ValueType::kNone:
      return "none";
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
    case ValueType::kString:
      return "string";
  }
  return "";
}

std::string_view to_string(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
      return "+";
    case BinaryOp::kSub:
      return "-";
    case BinaryOp::kMul:
      return "*";
    case BinaryOp::kDiv:
      return "/";
    case BinaryOp::kMod:
      return "%";
    case BinaryOp::kPow:
      return "^";
    case BinaryOp::kAtan2:
      return "atan2";
    case BinaryOp::kEqual:
      return "==";
    case BinaryOp::kNotEqual:
      return "!=";
    case BinaryOp::kGreater:
      return ">";
    case BinaryOp::kLess:
      return "<";
    case BinaryOp::kGreaterEqual:
      return ">=";
    case BinaryOp::kLessEqual:
      return "<=";
    case BinaryOp::kAnd:
      return "and";
    case BinaryOp::kOr:
      return "or";
    case BinaryOp::kUnless:
      return "unless";
    case BinaryOp::kTrimUpper:
      return "</";
    case BinaryOp::kTrimLower:
      return ">/";
  }
  return "";
}

bool is_comparison(BinaryOp op) {
  switch (op) {
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
    case BinaryOp::kGreater:
    case BinaryOp::kLess:
    case BinaryOp::kGreaterEqual:
    case BinaryOp::kLessEqual:
      return true;
    default:
      return false;
  }
}

bool is_set_operator(BinaryOp op) {
  return op == BinaryOp::kAnd || op == BinaryOp::kOr || op == BinaryOp::kUnless;
}

std::string_view to_string(AggregateOp op) {
  switch (op) {
    case AggregateOp::kSum:
      return "sum";
    case AggregateOp::kAvg:
      return "avg";
    case AggregateOp::kMin:
      return "min";
    case AggregateOp::kMax:
      return "max";
    case AggregateOp::kCount:
      return "count";
    case AggregateOp::kGroup:
      return "group";
    case AggregateOp::kStddev:
      return "stddev";
    case AggregateOp::kStdvar:
      return "stdvar";
    case AggregateOp::kTopk:
      return "topk";
    case AggregateOp::kBottomk:
      return "bottomk";
    case AggregateOp::kQuantile:
      return "quantile";
    case AggregateOp::kCountValues:
      return "count_values";
    case AggregateOp::kLimitk:
      return "limitk";
    case AggregateOp::kLimitRatio:
      return "limit_ratio";
  }
  return "";
}

bool takes_parameter(AggregateOp op) {
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kQuantile:
    case AggregateOp::kCountValues:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

std::vector<const Node*> children(const Node& node) {
  std::vector<const Node*> found;
  const auto add = [&found](const NodePtr& child) {
    if (child) found.push_back(child.get());
  };
  switch (node.kind) {
    case NodeKind::kNumber:
    case NodeKind::kString:
    case NodeKind::kStepInvariant:
      break;
    case NodeKind::kVectorSelector:
      add(static_cast<const VectorSelector&>(node).shift.offset_expr);
      break;
    case NodeKind::kMatrixSelector:
      found.push_back(static_cast<const MatrixSelector&>(node).vector.get());
      add(static_cast<const MatrixSelector&>(node).window_expr);
      break;
    case NodeKind::kSubquery: {
      const auto& subquery = static_cast<const Subquery&>(node);
      add(subquery.inner);
      add(subquery.window_expr);
      add(subquery.step_expr);
      add(subquery.shift.offset_expr);
      break;
    }
    case NodeKind::kCall:
      for (const NodePtr& argument : static_cast<const Call&>(node).arguments) add(argument);
      break;
    case NodeKind::kAggregate:
      add(static_cast<const Aggregate&>(node).parameter);
      add(static_cast<const Aggregate&>(node).argument);
      break;
    case NodeKind::kBinary:
      add(static_cast<const Binary&>(node).left);
      add(static_cast<const Binary&>(node).right);
      break;
    case NodeKind::kUnary:
      add(static_cast<const Unary&>(node).operand);
      break;
    case NodeKind::kParen:
      add(static_cast<const Paren&>(node).inner);
      break;
    case NodeKind::kDurationExpr:
      add(static_cast<const DurationExpr&>(node).left);
      add(static_cast<const DurationExpr&>(node).right);
      break;
  }
  return found;
}

}  // namespace tocsin::promql
