#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "harness/promql/ast.h"

namespace tocsin::promql {

/// Writes the canonical text of a tree, all on one line, as Prometheus' String() methods do.
class Printer {
 public:
  /// `lengths`, when given, receives the length of each expression's text.
  explicit Printer(std::unordered_map<const Node*, std::size_t>* lengths = nullptr)
      : lengths_(lengths) {}

  void write(const Node& node);
  std::string take() { return std::move(text_); }

  /// Parts that the pretty printer needs.
  void write_head(const Aggregate& node);
  void write_operator(const Binary& node);
  void write_suffix(const Subquery& node);

 private:
  void write_node(const Node& node);
  void write_number(const NumberLiteral& node);
  void write_vector(const VectorSelector& node);
  void write_matrix(const MatrixSelector& node);
  void write_call(const Call& node);
  void write_aggregate(const Aggregate& node);
  void write_duration_expr(const DurationExpr& node);

  void write_series(const VectorSelector& node);
  void write_extension(const VectorSelector& node);
  void write_at(const TimeShift& shift);
  void write_offset(const TimeShift& shift);
  void write_duration(Duration duration, const Node* expression);
  void write_labels(const std::vector<std::string>& labels);
  void write_matching(const VectorMatching& matching);

  std::string text_;
  std::unordered_map<const Node*, std::size_t>* lengths_;
};

}  // namespace tocsin::promql
