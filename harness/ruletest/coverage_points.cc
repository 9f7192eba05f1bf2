#include "harness/ruletest/coverage_points.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/ast_children.h"

namespace tocsin::ruletest {
namespace {

using promql::Binary;
using promql::BinaryOp;
using promql::Node;
using promql::TextRange;
using rules::Rule;

/// Longer texts of sides are cut.
constexpr std::size_t kLongestSide = 60;
constexpr std::string_view kEmptyVector = "vector(0) > 1";

std::string shortened(std::string_view text) {
  std::string line;
  for (const std::string_view character : utf8_characters(text)) {
    const bool blank = character == " " || character == "\n" || character == "\t";
    if (!blank) line += character;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  if (utf8_length(line) <= kLongestSide) return line;
  std::string start;
  std::size_t length = 0;
  for (const std::string_view character : utf8_characters(line)) {
    if (++length > kLongestSide - 1) break;
    start += character;
  }
  return start + "…";
}

std::string_view part_of(std::string_view text, const TextRange& range) {
  return text.substr(range.begin, range.end - range.begin);
}

/// Finds the sides of set operators, in the text's order.
class SideFinder {
 public:
  SideFinder(const Rule& rule, std::vector<RulePoint>& points) : rule_(rule), points_(points) {}

  void visit(const Node& node) {
    const bool sides = node.kind == promql::NodeKind::kBinary &&
                       promql::is_set_operator(static_cast<const Binary&>(node).op);
    if (!sides) {
      promql::for_children(node, [this](const Node& child) { visit(child); });
      return;
    }
    const auto& binary = static_cast<const Binary&>(node);
    const bool empty_without = binary.op == BinaryOp::kUnless;
    // In a chain of one operator, the operands are the sides.
    if (!chained(binary)) {
      add(binary, "left", *binary.left,
          empty_without ? kEmptyVector : part_of(rule_.expression.text, binary.right->range));
    }
    visit(*binary.left);
    add(binary, "right", *binary.right, part_of(rule_.expression.text, binary.left->range));
    visit(*binary.right);
  }

 private:
  static bool chained(const Binary& binary) {
    return binary.left->kind == promql::NodeKind::kBinary &&
           static_cast<const Binary&>(*binary.left).op == binary.op;
  }

  void add(const Binary& binary, std::string_view which, const Node& side,
           std::string_view instead) {
    const std::string& text = rule_.expression.text;
    if (sides_ >= kMostSides || bytes_ > kLongestSides) return;
    std::string without = text.substr(0, binary.range.begin) + '(' + std::string(instead) + ')' +
                          text.substr(binary.range.end);
    bytes_ += without.size();
    ++sides_;
    // Only an expression at the limits of size cannot.
    if (promql::parse_expression(without, rule_.expression.language).has_error()) return;
    RulePoint found;
    found.point.kind = PointKind::kSide;
    found.point.what = fmt::format("{} side of `{}`", which, promql::to_string(binary.op));
    found.point.text = shortened(part_of(text, side.range));
    found.point.pos = rule_.expression_map.at(side.range.begin);
    found.without = std::move(without);
    points_.push_back(std::move(found));
  }

  const Rule& rule_;
  std::vector<RulePoint>& points_;
  std::size_t sides_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace

std::vector<RulePoint> points_of(const rules::RuleGroup& group, const Rule& rule) {
  std::vector<RulePoint> points;
  const auto add = [&](PointKind kind, const SourcePos& pos, std::string what = {}) {
    points.push_back({{kind, std::move(what), {}, pos, false}, {}});
  };
  const bool alerting = rule.kind == Rule::Kind::kAlerting;
  if (alerting) {
    add(PointKind::kFires, rule.pos);
    add(PointKind::kSilent, rule.pos);
    if (rule.hold > Duration(0)) add(PointKind::kHold, rule.hold_pos);
    if (rule.keep_firing_for > Duration(0)) add(PointKind::kKeepFiring, rule.keep_firing_for_pos);
  } else {
    add(PointKind::kRecorded, rule.pos);
  }
  if (rule.expression.root) SideFinder(rule, points).visit(*rule.expression.root);
  if (!alerting) return points;
  for (const auto& [name, text] : rule.labels) add(PointKind::kLabel, text.pos, name);
  for (const auto& [name, value] : group.labels) {
    const bool own =
        std::any_of(rule.labels.begin(), rule.labels.end(),
                    [&, &label = name](const auto& one) { return one.first == label; });
    if (!own) add(PointKind::kLabel, rule.pos, name);
  }
  return points;
}

}  // namespace tocsin::ruletest
