#include "harness/promapi/tree_json.h"

#include <cmath>

#include <fmt/format.h>

#include "harness/promapi/json_text.h"
#include "harness/promql/functions.h"
#include "harness/promql/literals.h"

namespace tocsin::promapi {
namespace {

using promql::Node;
using promql::NodeKind;

std::string_view json_name(promql::ValueType type) {
  switch (type) {
    case promql::ValueType::kScalar:
      return "scalar";
    case promql::ValueType::kVector:
      return "vector";
    case promql::ValueType::kMatrix:
      return "matrix";
    case promql::ValueType::kString:
      return "string";
    case promql::ValueType::kNone:
      break;
  }
  return "none";
}

std::string_view json_name(promql::Cardinality cardinality) {
  switch (cardinality) {
    case promql::Cardinality::kOneToOne:
      return "one-to-one";
    case promql::Cardinality::kManyToOne:
      return "many-to-one";
    case promql::Cardinality::kOneToMany:
      return "one-to-many";
    case promql::Cardinality::kManyToMany:
      break;
  }
  return "many-to-many";
}

std::string_view json_name(promql::DurationExpr::Op op) {
  using Op = promql::DurationExpr::Op;
  switch (op) {
    case Op::kAdd:
    case Op::kPlus:
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
      return "step";
    case Op::kRange:
      return "range";
    case Op::kMin:
      return "min_of";
    case Op::kMax:
      break;
  }
  return "max_of";
}

/// An object whose members are written one after another.
class TreeWriter {
 public:
  explicit TreeWriter(std::string& out) : out_(out) {}

  void node(const Node* node);

 private:
  void begin(std::string_view type) {
    out_ += "{\"type\":\"";
    out_ += type;
    out_ += '"';
  }
  void key(std::string_view name) {
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
  }
  void end() { out_ += '}'; }
  void text(std::string_view name, std::string_view value) {
    key(name);
    append_json_string(out_, value);
  }
  void flag(std::string_view name, bool value) {
    key(name);
    out_ += value ? "true" : "false";
  }
  void milliseconds(std::string_view name, Duration duration) {
    key(name);
    out_ += std::to_string(duration.count());
  }
  void child(std::string_view name, const Node* value) {
    key(name);
    node(value);
  }
  template <class List, class Write>
  void list(std::string_view name, const List& items, Write write) {
    key(name);
    out_ += '[';
    bool first = true;
    for (const auto& item : items) {
      if (!first) out_ += ',';
      first = false;
      write(item);
    }
    out_ += ']';
  }
  void names(std::string_view name, const std::vector<std::string>& items) {
    list(name, items, [&](const std::string& item) { append_json_string(out_, item); });
  }

  void number(const promql::NumberLiteral& node);
  void selector(const promql::VectorSelector& node);
  void shift(const promql::TimeShift& shift);
  void matching(const std::optional<promql::VectorMatching>& matching);
  void call(const promql::Call& node);
  void aggregate(const promql::Aggregate& node);
  void binary(const promql::Binary& node);
  void subquery(const promql::Subquery& node);
  void duration(const promql::DurationExpr& node);

  std::string& out_;
};

void TreeWriter::number(const promql::NumberLiteral& node) {
  begin("numberLiteral");
  text("val", promql::format_plain(node.value));
  if (node.written_as_duration) flag("duration", true);
  end();
}

void TreeWriter::shift(const promql::TimeShift& shift) {
  milliseconds("offset", shift.offset);
  child("offsetExpr", shift.offset_expr.get());
  key("timestamp");
  out_ += shift.at == promql::AtKind::kTimestamp ? std::to_string(to_ms(shift.at_time)) : "null";
  key("startOrEnd");
  out_ += shift.at == promql::AtKind::kStart ? "\"start\""
          : shift.at == promql::AtKind::kEnd ? "\"end\""
                                             : "null";
}

void TreeWriter::selector(const promql::VectorSelector& node) {
  text("name", node.name);
  shift(node.shift);
  list("matchers", node.matchers, [&](const Matcher& matcher) {
    out_ += "{\"name\":";
    append_json_string(out_, matcher.name());
    text("value", matcher.value());
    text("type", to_string(matcher.op()));
    end();
  });
  flag("anchored", node.anchored);
  flag("smoothed", node.smoothed);
}

void TreeWriter::matching(const std::optional<promql::VectorMatching>& matching) {
  key("matching");
  if (!matching) {
    out_ += "null";
    return;
  }
  out_ += fmt::format("{{\"card\":\"{}\"", json_name(matching->cardinality));
  names("labels", matching->labels);
  flag("on", matching->on);
  names("include", matching->include);
  const auto fill = [](const std::optional<double>& value) {
    // JSON has no other numbers.
    return value && std::isfinite(*value) ? promql::format_plain(*value) : std::string("null");
  };
  key("fillValues");
  out_ += fmt::format("{{\"lhs\":{},\"rhs\":{}}}", fill(matching->fill_left),
                      fill(matching->fill_right));
  end();
}

void TreeWriter::call(const promql::Call& node) {
  begin("call");
  key("func");
  out_ += "{\"name\":";
  append_json_string(out_, node.function->name);
  list("argTypes", node.function->arguments,
       [&](promql::ValueType type) { append_json_string(out_, json_name(type)); });
  key("variadic");
  out_ += std::to_string(node.function->variadic);
  text("returnType", json_name(node.function->returns));
  end();
  list("args", node.arguments,
       [&](const promql::NodePtr& argument) { this->node(argument.get()); });
  end();
}

void TreeWriter::aggregate(const promql::Aggregate& node) {
  begin("aggregation");
  text("op", to_string(node.op));
  child("expr", node.argument.get());
  child("param", node.parameter.get());
  names("grouping", node.grouping);
  flag("without", node.without);
  end();
}

void TreeWriter::binary(const promql::Binary& node) {
  begin("binaryExpr");
  text("op", to_string(node.op));
  child("lhs", node.left.get());
  child("rhs", node.right.get());
  matching(node.matching);
  flag("bool", node.return_bool);
  end();
}

void TreeWriter::subquery(const promql::Subquery& node) {
  begin("subquery");
  child("expr", node.inner.get());
  milliseconds("range", node.window);
  child("rangeExpr", node.window_expr.get());
  milliseconds("step", node.step);
  child("stepExpr", node.step_expr.get());
  shift(node.shift);
  end();
}

void TreeWriter::duration(const promql::DurationExpr& node) {
  begin("durationExpr");
  text("op", json_name(node.op));
  child("lhs", node.left.get());
  child("rhs", node.right.get());
  flag("wrapped", node.wrapped);
  end();
}

void TreeWriter::node(const Node* node) {
  if (node == nullptr) {
    out_ += "null";
    return;
  }
  switch (node->kind) {
    case NodeKind::kNumber:
      return number(static_cast<const promql::NumberLiteral&>(*node));
    case NodeKind::kString:
      begin("stringLiteral");
      text("val", static_cast<const promql::StringLiteral&>(*node).value);
      return end();
    case NodeKind::kVectorSelector:
      begin("vectorSelector");
      selector(static_cast<const promql::VectorSelector&>(*node));
      return end();
    case NodeKind::kMatrixSelector: {
      const auto& matrix = static_cast<const promql::MatrixSelector&>(*node);
      begin("matrixSelector");
      milliseconds("range", matrix.window);
      child("rangeExpr", matrix.window_expr.get());
      selector(*matrix.vector);
      return end();
    }
    case NodeKind::kSubquery:
      return subquery(static_cast<const promql::Subquery&>(*node));
    case NodeKind::kCall:
      return call(static_cast<const promql::Call&>(*node));
    case NodeKind::kAggregate:
      return aggregate(static_cast<const promql::Aggregate&>(*node));
    case NodeKind::kBinary:
      return binary(static_cast<const promql::Binary&>(*node));
    case NodeKind::kUnary: {
      const auto& unary = static_cast<const promql::Unary&>(*node);
      begin("unaryExpr");
      text("op", unary.negative ? "-" : "+");
      child("expr", unary.operand.get());
      return end();
    }
    case NodeKind::kParen:
    case NodeKind::kStepInvariant:
      begin("parenExpr");
      child("expr", promql::children(*node).front());
      return end();
    case NodeKind::kDurationExpr:
      return duration(static_cast<const promql::DurationExpr&>(*node));
  }
}

}  // namespace

void append_tree(std::string& out, const promql::Node& node) {
  TreeWriter(out).node(&node);
}

}  // namespace tocsin::promapi
