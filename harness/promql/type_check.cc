#include "harness/promql/type_check.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "harness/promql/functions.h"
#include "harness/promql/literals.h"

namespace tocsin::promql {
namespace {

class TypeCheck {
 public:
  explicit TypeCheck(Complaints& complaints) : complaints_(complaints) {}

  ValueType check(Node& node) { return node.type = type_of(node); }

 private:
  ValueType type_of(Node& node);
  ValueType type_of(VectorSelector& node);
  ValueType type_of(MatrixSelector& node);
  ValueType type_of(Subquery& node);
  ValueType type_of(Call& node);
  ValueType type_of(Aggregate& node);
  ValueType type_of(Binary& node);
  ValueType type_of(Unary& node);

  void check_argument_count(const Call& node);
  void check_info(Call& node);
  void check_operator(const Binary& node);
  void check_matching(Binary& node);
  void check_operand(const Node& node);
  void check_duration(Node* node);
  void expect(Node& node, ValueType wanted, std::string_view where);

  Complaints& complaints_;
  const Node* info_selector_ = nullptr;  ///< may be empty, being the second argument of info()
};

std::string hint_for(const Node& node, ValueType wanted) {
  const ValueType got = node.type;
  if (wanted == ValueType::kMatrix && node.kind == NodeKind::kVectorSelector) {
    return "add a range, such as [5m]";
  }
  if (wanted == ValueType::kMatrix && got == ValueType::kVector) {
    return "make it a subquery, such as (…)[5m:]";
  }
  if (wanted == ValueType::kVector && got == ValueType::kScalar) {
    return "vector(…) makes an instant vector of a scalar";
  }
  if (wanted == ValueType::kVector && got == ValueType::kMatrix) {
    return "reduce the range with a function such as rate(…) or last_over_time(…)";
  }
  if (wanted == ValueType::kScalar && got == ValueType::kVector) {
    return "scalar(…) makes a scalar of a vector with one element";
  }
  return {};
}

void TypeCheck::expect(Node& node, ValueType wanted, std::string_view where) {
  if (check(node) == wanted) return;
  complaints_.add(
      node.range,
      fmt::format("expected type {} in {}, got {}", describe(wanted), where, describe(node.type)),
      hint_for(node, wanted));
}

ValueType TypeCheck::type_of(Node& node) {
  switch (node.kind) {
    case NodeKind::kNumber:
      return ValueType::kScalar;
    case NodeKind::kString:
      return ValueType::kString;
    case NodeKind::kVectorSelector:
      return type_of(static_cast<VectorSelector&>(node));
    case NodeKind::kMatrixSelector:
      return type_of(static_cast<MatrixSelector&>(node));
    case NodeKind::kSubquery:
      return type_of(static_cast<Subquery&>(node));
    case NodeKind::kCall:
      return type_of(static_cast<Call&>(node));
    case NodeKind::kAggregate:
      return type_of(static_cast<Aggregate&>(node));
    case NodeKind::kBinary:
      return type_of(static_cast<Binary&>(node));
    case NodeKind::kUnary:
      return type_of(static_cast<Unary&>(node));
    case NodeKind::kParen:
      return check(*static_cast<Paren&>(node).inner);
    case NodeKind::kDurationExpr:
      check_duration(static_cast<DurationExpr&>(node).left.get());
      check_duration(static_cast<DurationExpr&>(node).right.get());
      return ValueType::kScalar;
    case NodeKind::kStepInvariant:
      break;
  }
  return ValueType::kNone;
}

void TypeCheck::check_duration(Node* node) {
  if (node) check(*node);
}

ValueType TypeCheck::type_of(VectorSelector& node) {
  check_duration(node.shift.offset_expr.get());
  if (!node.name.empty()) {
    // The last matcher is the name written before the braces.
    for (auto m = node.matchers.begin(); m + 1 != node.matchers.end(); ++m) {
      if (m->name() != kMetricName) continue;
      complaints_.add(node.range, fmt::format("metric name must not be set twice: {} or {}",
                                              quote(node.name), quote(m->value())));
    }
    return ValueType::kVector;
  }
  const bool selective = std::any_of(node.matchers.begin(), node.matchers.end(),
                                     [](const Matcher& m) { return !m.matches(""); });
  if (!selective && &node != info_selector_) {
    complaints_.add(node.range, "vector selector must contain at least one non-empty matcher",
                    "a matcher is non-empty when it does not match the empty string");
  }
  return ValueType::kVector;
}

ValueType TypeCheck::type_of(MatrixSelector& node) {
  check(*node.vector);
  check_duration(node.window_expr.get());
  return ValueType::kMatrix;
}

ValueType TypeCheck::type_of(Subquery& node) {
  check_duration(node.window_expr.get());
  check_duration(node.step_expr.get());
  check_duration(node.shift.offset_expr.get());
  if (check(*node.inner) != ValueType::kVector) {
    // Prometheus says "matrix" here, and "range vector" everywhere else.
    const bool matrix = node.inner->type == ValueType::kMatrix;
    complaints_.add(node.range, fmt::format("subquery is only allowed on instant vector, got {} "
                                            "instead",
                                            matrix ? "matrix" : describe(node.inner->type)));
  }
  return ValueType::kMatrix;
}

void TypeCheck::check_argument_count(const Call& node) {
  const Function& function = *node.function;
  const int declared = static_cast<int>(function.arguments.size());
  const int given = static_cast<int>(node.arguments.size());
  const auto complain = [&](std::string_view amount, int wanted) {
    complaints_.add(node.range, fmt::format("expected {}{} argument(s) in call to {}, got {}",
                                            amount, wanted, quote(function.name), given));
  };
  if (function.variadic == 0) {
    if (given != declared) complain("", declared);
    return;
  }
  const int least = declared - 1;
  const int most = least + function.variadic;
  if (given < least) {
    complain("at least ", least);
  } else if (function.variadic > 0 && given > most) {
    complain("at most ", most);
  }
}

/// The second argument of info() is only a list of matchers.
void TypeCheck::check_info(Call& node) {
  if (node.function->name != "info" || node.arguments.size() < 2) return;
  const Node& selector = *node.arguments[1];
  if (selector.kind != NodeKind::kVectorSelector) {
    complaints_.add(selector.range, "expected label selectors only",
                    "write them like {instance=~\".+\"}");
  } else if (!static_cast<const VectorSelector&>(selector).name.empty()) {
    complaints_.add(selector.range, "expected label selectors only, got vector selector instead",
                    "name the info metric with {__name__=\"…\"}");
  } else {
    info_selector_ = &selector;
  }
}

ValueType TypeCheck::type_of(Call& node) {
  const Function& function = *node.function;
  check_argument_count(node);
  check_info(node);
  const std::string where = "call to function " + quote(function.name);
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    // Arguments too many have no type of their own to be held to.
    if (function.variadic == 0 && i >= function.arguments.size()) break;
    const ValueType wanted = function.arguments[std::min(i, function.arguments.size() - 1)];
    expect(*node.arguments[i], wanted, where);
  }
  return function.returns;
}

ValueType TypeCheck::type_of(Aggregate& node) {
  expect(*node.argument, ValueType::kVector, "aggregation expression");
  if (node.parameter) {
    const bool names_label = node.op == AggregateOp::kCountValues;
    expect(*node.parameter, names_label ? ValueType::kString : ValueType::kScalar,
           "aggregation parameter");
  }
  return ValueType::kVector;
}

ValueType TypeCheck::type_of(Unary& node) {
  const ValueType type = check(*node.operand);
  if (type != ValueType::kScalar && type != ValueType::kVector) {
    complaints_.add(node.range,
                    fmt::format("unary expression only allowed on expressions of type scalar or "
                                "instant vector, got {}",
                                quote(describe(type))));
  }
  return type;
}

ValueType TypeCheck::type_of(Binary& node) {
  check(*node.left);
  check(*node.right);
  check_operator(node);
  check_operand(*node.left);
  check_operand(*node.right);
  check_matching(node);
  const bool scalars =
      node.left->type == ValueType::kScalar && node.right->type == ValueType::kScalar;
  return scalars ? ValueType::kScalar : ValueType::kVector;
}

void TypeCheck::check_operand(const Node& node) {
  if (node.type == ValueType::kScalar || node.type == ValueType::kVector) return;
  complaints_.add(node.range, "binary expression must contain only scalar and instant vector types",
                  hint_for(node, ValueType::kVector));
}

void TypeCheck::check_operator(const Binary& node) {
  const bool comparison = is_comparison(node.op);
  if (node.return_bool && !comparison) {
    complaints_.add(node.op_range, "bool modifier can only be used on comparison operators");
  }
  const bool scalars =
      node.left->type == ValueType::kScalar && node.right->type == ValueType::kScalar;
  if (comparison && !node.return_bool && scalars) {
    complaints_.add(node.op_range, "comparisons between scalars must use BOOL modifier",
                    fmt::format("write \"{} bool\"", to_string(node.op)));
  }
  if (!node.matching->on) return;
  for (const std::string& label : node.matching->labels) {
    for (const std::string& included : node.matching->include) {
      if (label != included) continue;
      complaints_.add(
          node.op_range,
          fmt::format("label {} must not occur in ON and GROUP clause at once", quote(label)));
    }
  }
}

void TypeCheck::check_matching(Binary& node) {
  const ValueType left = node.left->type;
  const ValueType right = node.right->type;
  const bool set_operator = is_set_operator(node.op);
  VectorMatching& matching = *node.matching;
  const bool fills = matching.fill_left || matching.fill_right;
  const bool grouped = matching.cardinality != Cardinality::kOneToOne;
  if (left != ValueType::kVector || right != ValueType::kVector) {
    if (!matching.labels.empty()) {
      complaints_.add(node.range, "vector matching only allowed between instant vectors");
    }
    if (fills) {
      complaints_.add(node.range, "filling in missing series only allowed between instant vectors");
    }
    node.matching.reset();
  } else if (set_operator) {
    if (grouped) {
      complaints_.add(node.range,
                      fmt::format("no grouping allowed for \"{}\" operation", to_string(node.op)));
    }
    if (fills) {
      complaints_.add(node.range, "filling in missing series not allowed for set operators");
    }
    matching.cardinality = Cardinality::kManyToMany;
  }
  if (set_operator && (left == ValueType::kScalar || right == ValueType::kScalar)) {
    complaints_.add(node.range,
                    fmt::format("set operator \"{}\" not allowed in binary scalar expression",
                                to_string(node.op)));
  }
}

}  // namespace

void check_types(Node& root, Complaints& complaints) {
  TypeCheck(complaints).check(root);
}

}  // namespace tocsin::promql
