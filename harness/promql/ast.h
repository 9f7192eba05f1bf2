#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/matcher.h"

/// The tree of a PromQL expression, in the words of Prometheus' own (promql/parser/ast.go), so that
/// whoever knows one finds the way in the other. A tree is immutable once parsed and may be shared
/// between threads.

namespace tocsin::promql {

enum class ValueType { kNone, kScalar, kVector, kMatrix, kString };
/// "scalar", "instant vector", "range vector", "string", as error messages say it.
std::string_view describe(ValueType type);

/// Byte offsets in the expression's text: [begin, end).
struct TextRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool operator==(const TextRange&) const = default;
};

enum class BinaryOp {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kMod,
  kPow,
  kAtan2,
  kEqual,
  kNotEqual,
  kGreater,
  kLess,
  kGreaterEqual,
  kLessEqual,
  kAnd,
  kOr,
  kUnless,
  kTrimUpper,
  kTrimLower,  ///< "</" and ">/" on native histograms
};
std::string_view to_string(BinaryOp op);
bool is_comparison(BinaryOp op);
bool is_set_operator(BinaryOp op);

enum class AggregateOp {
  kSum,
  kAvg,
  kMin,
  kMax,
  kCount,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kQuantile,
  kCountValues,
  kLimitk,
  kLimitRatio,
};
std::string_view to_string(AggregateOp op);
/// topk, bottomk, quantile, count_values, limitk and limit_ratio take a parameter.
bool takes_parameter(AggregateOp op);

enum class NodeKind {
  kNumber,
  kString,
  kVectorSelector,
  kMatrixSelector,
  kSubquery,
  kCall,
  kAggregate,
  kBinary,
  kUnary,
  kParen,
  kStepInvariant,
  kDurationExpr,
};

/// Long chains such as a + b + c + … make tall trees; whoever recurses may rely on this bound.
inline constexpr int kTallestTree = 1024;

struct Node {
  explicit Node(NodeKind node_kind) : kind(node_kind) {}
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  const NodeKind kind;
  ValueType type = ValueType::kNone;  ///< set by the parser's type check
  TextRange range;
  int height = 1;  ///< of the tree below, at most kTallestTree
};
using NodePtr = std::unique_ptr<Node>;

struct NumberLiteral final : Node {
  NumberLiteral() : Node(NodeKind::kNumber) {}
  double value = 0;
  bool written_as_duration = false;  ///< 5m is the number 300; the printer keeps the form
};

struct StringLiteral final : Node {
  StringLiteral() : Node(NodeKind::kString) {}
  std::string value;
};

enum class AtKind { kNone, kTimestamp, kStart, kEnd };

/// Where in time a selector or subquery looks.
struct TimeShift {
  Duration offset{0};   ///< positive looks back
  NodePtr offset_expr;  ///< a duration expression, evaluated before use; else null
  AtKind at = AtKind::kNone;
  Timestamp at_time = {};  ///< with kTimestamp
};

struct VectorSelector final : Node {
  VectorSelector() : Node(NodeKind::kVectorSelector) {}
  std::string name;  ///< written before the braces; also in `matchers`; else empty
  std::vector<Matcher> matchers;
  TimeShift shift;
  bool anchored = false;  ///< the `anchored` and `smoothed` modifiers of Prometheus 3.7 and later
  bool smoothed = false;
};

struct MatrixSelector final : Node {
  MatrixSelector() : Node(NodeKind::kMatrixSelector) {}
  std::unique_ptr<VectorSelector> vector;
  Duration window{0};
  NodePtr window_expr;  ///< a duration expression, evaluated before use; else null
};

struct Subquery final : Node {
  Subquery() : Node(NodeKind::kSubquery) {}
  NodePtr inner;
  Duration window{0};
  NodePtr window_expr;
  Duration step{0};  ///< 0: the engine's default
  NodePtr step_expr;
  TimeShift shift;
};

struct Function;  // functions.h

struct Call final : Node {
  Call() : Node(NodeKind::kCall) {}
  const Function* function = nullptr;  ///< a static table's entry
  std::vector<NodePtr> arguments;
};

struct Aggregate final : Node {
  Aggregate() : Node(NodeKind::kAggregate) {}
  AggregateOp op = AggregateOp::kSum;
  NodePtr argument;
  NodePtr parameter;  ///< or null
  std::vector<std::string> grouping;
  bool without = false;
};

enum class Cardinality { kOneToOne, kManyToOne, kOneToMany, kManyToMany };

struct VectorMatching {
  Cardinality cardinality = Cardinality::kOneToOne;
  bool on = false;  ///< `labels` are those to match on; else those to ignore
  std::vector<std::string> labels;
  std::vector<std::string> include;  ///< of group_left(…) or group_right(…)
  std::optional<double> fill_left;   ///< the fill modifiers of Prometheus 3.10 and later
  std::optional<double> fill_right;
};

struct Binary final : Node {
  Binary() : Node(NodeKind::kBinary) {}
  BinaryOp op = BinaryOp::kAdd;
  NodePtr left;
  NodePtr right;
  TextRange op_range;  ///< the operator with its modifiers
  bool return_bool = false;
  /// Set when both sides are vectors.
  std::optional<VectorMatching> matching;
};

struct Unary final : Node {
  Unary() : Node(NodeKind::kUnary) {}
  bool negative = true;
  NodePtr operand;
};

struct Paren final : Node {
  Paren() : Node(NodeKind::kParen) {}
  NodePtr inner;
};

/// Arithmetic on durations: `rate(x[5m * 2])`, with step(), range(), min(…) and max(…).
struct DurationExpr final : Node {
  DurationExpr() : Node(NodeKind::kDurationExpr) {}
  enum class Op { kAdd, kSub, kMul, kDiv, kMod, kPow, kNegate, kPlus, kStep, kRange, kMin, kMax };
  Op op = Op::kAdd;
  NodePtr left;          ///< null where the operator has none
  NodePtr right;         ///< operand of the unary ones
  bool wrapped = false;  ///< in parentheses
};

/// The nodes right below, in the text's order; durations that are plain numbers are no nodes.
std::vector<const Node*> children(const Node& node);

}  // namespace tocsin::promql
