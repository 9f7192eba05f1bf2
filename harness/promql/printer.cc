#include "harness/promql/printer.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/model/labels.h"
#include "harness/promql/functions.h"
#include "harness/promql/literals.h"
#include "harness/promql/parser.h"

namespace tocsin::promql {
namespace {

/// name="value"; unlike an exposition, PromQL escapes every character that cannot be seen.
std::string in_promql(const Matcher& matcher) {
  const std::string& name = matcher.name();
  std::string text = is_legacy_label_name(name) ? name : quote(name);
  return text.append(to_string(matcher.op())).append(quote(matcher.value()));
}

std::string_view symbol(DurationExpr::Op op) {
  using Op = DurationExpr::Op;
  switch (op) {
    case Op::kAdd:
      return "+";
    case Op::kSub:
    case Op::kNegate:
      return "-";
    case Op::kMul:
      return "*";
    case Op::kDiv:
      return "/";
    case Op::kMod:
      return "%";
    case Op::kPow:
      return "^";
    case Op::kStep:
      return "step()";
    case Op::kRange:
      return "range()";
    case Op::kMin:
      return "min_of";
    case Op::kMax:
      return "max_of";
    case Op::kPlus:
      break;
  }
  return "";
}

}  // namespace

void Printer::write(const Node& node) {
  const std::size_t begin = text_.size();
  write_node(node);
  if (lengths_) lengths_->emplace(&node, text_.size() - begin);
}

void Printer::write_node(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNumber:
      return write_number(static_cast<const NumberLiteral&>(node));
    case NodeKind::kString:
      text_ += quote(static_cast<const StringLiteral&>(node).value);
      return;
    case NodeKind::kVectorSelector:
      return write_vector(static_cast<const VectorSelector&>(node));
    case NodeKind::kMatrixSelector:
      return write_matrix(static_cast<const MatrixSelector&>(node));
    case NodeKind::kSubquery:
      write(*static_cast<const Subquery&>(node).inner);
      return write_suffix(static_cast<const Subquery&>(node));
    case NodeKind::kCall:
      return write_call(static_cast<const Call&>(node));
    case NodeKind::kAggregate:
      return write_aggregate(static_cast<const Aggregate&>(node));
    case NodeKind::kBinary: {
      const auto& binary = static_cast<const Binary&>(node);
      write(*binary.left);
      text_ += ' ';
      write_operator(binary);
      text_ += ' ';
      return write(*binary.right);
    }
    case NodeKind::kUnary:
      text_ += static_cast<const Unary&>(node).negative ? '-' : '+';
      return write(*static_cast<const Unary&>(node).operand);
    case NodeKind::kParen:
      text_ += '(';
      write(*static_cast<const Paren&>(node).inner);
      text_ += ')';
      return;
    case NodeKind::kDurationExpr:
      return write_duration_expr(static_cast<const DurationExpr&>(node));
    case NodeKind::kStepInvariant:
      return;
  }
}

void Printer::write_number(const NumberLiteral& node) {
  if (node.written_as_duration) {
    text_ += format_duration(Duration(std::llround(node.value * 1000)));
  } else {
    text_ += format_plain(node.value);
  }
}

void Printer::write_vector(const VectorSelector& node) {
  write_series(node);
  write_at(node.shift);
  write_extension(node);
  write_offset(node.shift);
}

void Printer::write_matrix(const MatrixSelector& node) {
  write_series(*node.vector);
  text_ += '[';
  write_duration(node.window, node.window_expr.get());
  text_ += ']';
  write_extension(*node.vector);
  write_at(node.vector->shift);
  write_offset(node.vector->shift);
}

void Printer::write_suffix(const Subquery& node) {
  text_ += '[';
  write_duration(node.window, node.window_expr.get());
  text_ += ':';
  if (node.step != Duration(0) || node.step_expr) {
    write_duration(node.step, node.step_expr.get());
  }
  text_ += ']';
  write_at(node.shift);
  write_offset(node.shift);
}

void Printer::write_call(const Call& node) {
  text_ += node.function->name;
  text_ += '(';
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    if (i > 0) text_ += ", ";
    write(*node.arguments[i]);
  }
  text_ += ')';
}

void Printer::write_aggregate(const Aggregate& node) {
  write_head(node);
  text_ += '(';
  if (node.parameter) {
    write(*node.parameter);
    text_ += ", ";
  }
  write(*node.argument);
  text_ += ')';
}

void Printer::write_head(const Aggregate& node) {
  text_ += to_string(node.op);
  if (!node.without && node.grouping.empty()) return;
  text_ += node.without ? " without (" : " by (";
  write_labels(node.grouping);
  text_ += ") ";
}

void Printer::write_operator(const Binary& node) {
  text_ += to_string(node.op);
  if (node.return_bool) text_ += " bool";
  if (node.matching) write_matching(*node.matching);
}

void Printer::write_matching(const VectorMatching& matching) {
  const bool left = matching.cardinality == Cardinality::kManyToOne;
  const bool grouped = left || matching.cardinality == Cardinality::kOneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    text_ += matching.on ? " on (" : " ignoring (";
    write_labels(matching.labels);
    text_ += ')';
  }
  if (grouped) {
    text_ += left ? " group_left (" : " group_right (";
    write_labels(matching.include);
    text_ += ')';
  }
  const std::optional<double>& fill_left = matching.fill_left;
  const std::optional<double>& fill_right = matching.fill_right;
  if (fill_left && fill_right && *fill_left == *fill_right) {
    text_ += fmt::format(" fill ({})", format_general(*fill_left));
    return;
  }
  if (fill_left) text_ += fmt::format(" fill_left ({})", format_general(*fill_left));
  if (fill_right) text_ += fmt::format(" fill_right ({})", format_general(*fill_right));
}

void Printer::write_labels(const std::vector<std::string>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) text_ += ", ";
    text_ += is_legacy_label_name(labels[i]) ? labels[i] : quote(labels[i]);
  }
}

void Printer::write_series(const VectorSelector& node) {
  std::vector<std::string> matchers;
  for (const Matcher& matcher : node.matchers) {
    const bool is_written_before = !node.name.empty() && matcher.op() == MatchOp::kEqual &&
                                   matcher.name() == kMetricName && matcher.value() == node.name;
    if (!is_written_before) matchers.push_back(in_promql(matcher));
  }
  text_ += node.name;
  // Braces alone stay where there is nothing else to write, for info(x, {}).
  if (matchers.empty() && !node.name.empty()) return;
  std::sort(matchers.begin(), matchers.end());
  text_ += fmt::format("{{{}}}", fmt::join(matchers, ","));
}

void Printer::write_extension(const VectorSelector& node) {
  if (node.anchored) text_ += " anchored";
  if (node.smoothed) text_ += " smoothed";
}

void Printer::write_at(const TimeShift& shift) {
  switch (shift.at) {
    case AtKind::kNone:
      return;
    case AtKind::kTimestamp:
      text_ += fmt::format(" @ {:.3f}", static_cast<double>(to_ms(shift.at_time)) / 1000);
      return;
    case AtKind::kStart:
      text_ += " @ start()";
      return;
    case AtKind::kEnd:
      text_ += " @ end()";
      return;
  }
}

void Printer::write_offset(const TimeShift& shift) {
  if (shift.offset == Duration(0) && !shift.offset_expr) return;
  text_ += " offset ";
  write_duration(shift.offset, shift.offset_expr.get());
}

void Printer::write_duration(Duration duration, const Node* expression) {
  if (expression) return write(*expression);
  text_ += format_duration(duration);
}

void Printer::write_duration_expr(const DurationExpr& node) {
  using Op = DurationExpr::Op;
  if (node.wrapped) text_ += '(';
  const bool call = node.op == Op::kMin || node.op == Op::kMax;
  if (call) {
    text_ += symbol(node.op);
    text_ += '(';
    write(*node.left);
    text_ += ", ";
    write(*node.right);
    text_ += ')';
  } else if (node.left) {
    write(*node.left);
    text_ += fmt::format(" {} ", symbol(node.op));
    write(*node.right);
  } else {
    text_ += symbol(node.op);
    if (node.right) write(*node.right);
  }
  if (node.wrapped) text_ += ')';
}

std::string print(const Node& node) {
  Printer printer;
  printer.write(node);
  return printer.take();
}

}  // namespace tocsin::promql
