#include <unordered_map>

#include "harness/promql/functions.h"
#include "harness/promql/parser.h"
#include "harness/promql/printer.h"

namespace tocsin::promql {
namespace {

/// An expression longer than this is split, each part indented by its depth.
constexpr std::size_t kLongestLine = 100;

class PrettyPrinter {
 public:
  explicit PrettyPrinter(const Node& root) {
    Printer printer(&lengths_);
    printer.write(root);
  }

  /// At `depth` when the parent has begun a new line for it, at 0 when it goes on with its line.
  void write(const Node& node, std::size_t depth);
  std::string take() { return std::move(text_); }

 private:
  void write_parts(const Node& node, std::size_t depth);
  void write_aggregate(const Aggregate& node, std::size_t depth);
  void write_call(const Call& node, std::size_t depth);
  void write_binary(const Binary& node, std::size_t depth);
  void indent(std::size_t depth) { text_.append(2 * depth, ' '); }
  bool fits(const Node& node) const { return lengths_.at(&node) <= kLongestLine; }

  std::string text_;
  std::unordered_map<const Node*, std::size_t> lengths_;
};

void PrettyPrinter::write(const Node& node, std::size_t depth) {
  if (node.kind == NodeKind::kUnary) {
    // The sign stands where the operand's indentation ends.
    indent(depth);
    text_ += static_cast<const Unary&>(node).negative ? '-' : '+';
    const std::size_t begin = text_.size();
    write(*static_cast<const Unary&>(node).operand, depth);
    text_.erase(begin, text_.find_first_not_of(' ', begin) - begin);
    return;
  }
  if (!fits(node)) return write_parts(node, depth);
  indent(depth);
  text_ += print(node);
}

void PrettyPrinter::write_parts(const Node& node, std::size_t depth) {
  switch (node.kind) {
    case NodeKind::kAggregate:
      return write_aggregate(static_cast<const Aggregate&>(node), depth);
    case NodeKind::kCall:
      return write_call(static_cast<const Call&>(node), depth);
    case NodeKind::kBinary:
      return write_binary(static_cast<const Binary&>(node), depth);
    case NodeKind::kParen:
      indent(depth);
      text_ += "(\n";
      write(*static_cast<const Paren&>(node).inner, depth + 1);
      text_ += '\n';
      indent(depth);
      text_ += ')';
      return;
    case NodeKind::kSubquery: {
      write(*static_cast<const Subquery&>(node).inner, depth);
      Printer suffix;
      suffix.write_suffix(static_cast<const Subquery&>(node));
      text_ += suffix.take();
      return;
    }
    default:
      // A selector or a literal has no parts.
      indent(depth);
      text_ += print(node);
  }
}

void PrettyPrinter::write_aggregate(const Aggregate& node, std::size_t depth) {
  indent(depth);
  Printer head;
  head.write_head(node);
  text_ += head.take() + "(\n";
  if (node.parameter) {
    write(*node.parameter, depth + 1);
    text_ += ",\n";
  }
  write(*node.argument, depth + 1);
  text_ += '\n';
  indent(depth);
  text_ += ')';
}

void PrettyPrinter::write_call(const Call& node, std::size_t depth) {
  indent(depth);
  text_.append(node.function->name).append("(\n");
  for (std::size_t i = 0; i < node.arguments.size(); ++i) {
    if (i > 0) text_ += ",\n";
    write(*node.arguments[i], depth + 1);
  }
  text_ += '\n';
  indent(depth);
  text_ += ')';
}

void PrettyPrinter::write_binary(const Binary& node, std::size_t depth) {
  write(*node.left, depth + 1);
  text_ += '\n';
  indent(depth);
  Printer op;
  op.write_operator(node);
  text_ += op.take() + '\n';
  write(*node.right, depth + 1);
}

}  // namespace

std::string pretty_print(const Node& node) {
  PrettyPrinter printer(node);
  printer.write(node, 0);
  return printer.take();
}

}  // namespace tocsin::promql
