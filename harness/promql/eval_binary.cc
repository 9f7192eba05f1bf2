// Arithmetic and comparison between vectors and scalars. Series are matched once, by signature;
// what happens at a step is in arithmetic.h.

#include <utility>

#include "harness/promql/arithmetic.h"
#include "harness/promql/evaluation.h"
#include "harness/promql/literals.h"

namespace tocsin::promql {
namespace {

/// All labels in braces, the name among them.
std::string braced(const Labels& labels) {
  std::string text = "{";
  for (const LabelView label : labels) {
    if (text.size() > 1) text += ", ";
    text += std::string(label.name) + '=' + quote(label.value);
  }
  return text + '}';
}

/// A binary operation between vectors. One side, "one", has at most one series a signature and
/// step; the other, "many", is streamed past it. In one-to-one matching the right side is "one".
class VectorMatch {
 public:
  VectorMatch(Evaluation& evaluation, const Binary& node, const Timeline& timeline, RowSink sink)
      : evaluation_(evaluation),
        node_(node),
        matching_(*node.matching),
        timeline_(timeline),
        sink_(sink),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        one_to_one_(matching_.cardinality == Cardinality::kOneToOne),
        elements_(evaluation, node.op, node.range, node.return_bool),
        many_present_(timeline.steps()),
        outputs_(evaluation) {}

  void run() {
    take_one_side(swapped_ ? *node_.left : *node_.right);
    const Node& many = swapped_ ? *node_.right : *node_.left;
    evaluation_.rows(many, timeline_, [&](Row& row) { match(row); });
    if (matching_.fill_left) fill_unmatched();
    report_ambiguous_one_side();
  }

 private:
  struct Group {
    std::vector<Row> one;
    Presence one_present;
    Presence ambiguous;  ///< steps with two of them, empty when there are none
    std::pair<std::string, std::string> ambiguous_names;
    Presence matched;                            ///< one-to-one
    std::unordered_map<Labels, Presence> taken;  ///< many-to-one: by result
  };

  void take_one_side(const Node& side) {
    evaluation_.rows(side, timeline_, [&](Row& row) {
      evaluation_.charge(row.steps());
      Group& group = group_of(row.labels);
      if (group.one_present.overlaps(row.present)) note_ambiguous(group, row);
      group.one_present |= row.present;
      group.one.push_back(std::move(row));
      row = Row();
    });
  }

  Group& group_of(const Labels& labels) {
    const auto [found, is_new] = groups_.try_emplace(match_signature(labels, matching_));
    if (is_new) found->second.one_present.assign(timeline_.steps(), false);
    return found->second;
  }

  void note_ambiguous(Group& group, const Row& row) {
    Presence both = group.one_present;
    both &= row.present;
    if (group.ambiguous.empty()) {
      group.ambiguous = both;
      for (const Row& other : group.one) {
        if (!other.present.overlaps(row.present)) continue;
        group.ambiguous_names = {braced(other.labels), braced(row.labels)};
        if (group.ambiguous_names.second < group.ambiguous_names.first) {
          std::swap(group.ambiguous_names.first, group.ambiguous_names.second);
        }
        break;
      }
    } else {
      group.ambiguous |= both;
    }
  }

  /// Two series on the "one" side are only wrong where the other side has any at all.
  void report_ambiguous_one_side() {
    const bool filled = matching_.fill_left || matching_.fill_right;
    for (const auto& [labels, group] : groups_) {
      if (group.ambiguous.empty()) continue;
      if (!filled && !group.ambiguous.overlaps(many_present_)) continue;
      evaluation_.fail(
          "found duplicate series for the match group " + braced(labels) + " on the " +
              (swapped_ ? "left" : "right") + " hand-side of the operation: [" +
              group.ambiguous_names.first + ", " + group.ambiguous_names.second +
              "];many-to-many matching not allowed: matching labels must be unique on one side",
          node_.range);
    }
  }

  void match(Row& many) {
    many_present_ |= many.present;
    const auto found = groups_.find(match_signature(many.labels, matching_));
    Group* group = found == groups_.end() ? nullptr : &found->second;
    if (group == nullptr && !matching_.fill_right) return;
    if (matching_.fill_right) {
      Row unmatched = many;
      if (group != nullptr) unmatched.present -= group->one_present;
      if (!unmatched.present.none()) {
        Group& target = group != nullptr ? *group : group_of(many.labels);
        emit_filled(target, unmatched, *matching_.fill_right, !swapped_);
        group = &target;
      }
    }
    for (std::size_t i = 0; i < group->one.size(); ++i) {
      const bool last = i + 1 == group->one.size();
      Row copy;
      if (!last) copy = many;
      Row& out = last ? many : copy;
      out.present &= group->one[i].present;
      if (out.present.none()) continue;
      const Labels labels = result_labels(out.labels, group->one[i].labels);
      if (swapped_) {
        elements_.apply(group->one[i], out, out);
      } else {
        elements_.apply(out, group->one[i], out);
      }
      finish(*group, out, labels);
    }
  }

  /// Combines a row with a constant that stands in for its missing partner.
  void emit_filled(Group& group, Row& row, double value, bool row_is_left) {
    const Labels partner = match_signature(row.labels, matching_);
    const bool row_is_many = row_is_left != swapped_;
    const Labels labels =
        row_is_many ? result_labels(row.labels, partner) : result_labels(partner, row.labels);
    Row constant;
    constant.values.assign(row.steps(), value);
    if (row_is_left) {
      elements_.apply(row, constant, row);
    } else {
      elements_.apply(constant, row, row);
    }
    finish(group, row, labels);
  }

  void fill_unmatched() {
    for (auto& [labels, group] : groups_) {
      for (Row& one : group.one) {
        one.present -= matched(group);
        if (one.present.none()) continue;
        emit_filled(group, one, *matching_.fill_left, swapped_);
      }
    }
  }

  Presence matched(const Group& group) const {
    Presence all(timeline_.steps());
    if (!group.matched.empty()) all |= group.matched;
    for (const auto& [labels, present] : group.taken) all |= present;
    return all;
  }

  Labels result_labels(const Labels& many, const Labels& one) const {
    const bool drops = elements_.changes_meaning() ||
                       (node_.return_bool && !evaluation_.options.delayed_name_removal);
    Labels labels = drops ? without_metadata(many) : many;
    if (one_to_one_) {
      labels = matching_.on ? labels.only(matching_.labels) : labels.without(matching_.labels);
    }
    for (const std::string& name : matching_.include) labels = labels.with(name, one.get(name));
    return labels;
  }

  void finish(Group& group, Row& out, const Labels& labels) {
    // The steps at which both sides went together, kept or filtered out; Prometheus 2 took no
    // notice of those that were filtered out.
    const Presence& now = evaluation_.options.version_2 ? out.present : elements_.combined();
    if (one_to_one_) {
      claim(group.matched, now,
            "multiple matches for labels: many-to-one matching must be explicit "
            "(group_left/group_right)");
    } else {
      claim(group.taken[labels], now,
            "multiple matches for labels: grouping labels must ensure unique matches");
    }
    if (out.present.none()) return;
    out.labels = labels;
    out.drop_name = node_.return_bool;
    const bool checked_at_end = evaluation_.options.delayed_name_removal && timeline_.steps() == 1;
    if (!checked_at_end) outputs_.see(out, node_.range);
    sink_(out);
  }

  void claim(Presence& taken, const Presence& now, const char* why) {
    if (taken.empty()) {
      taken = now;
      return;
    }
    if (taken.overlaps(now)) {
      report_ambiguous_one_side();
      evaluation_.fail(why, node_.range);
    }
    taken |= now;
  }

  Evaluation& evaluation_;
  const Binary& node_;
  const VectorMatching& matching_;
  const Timeline& timeline_;
  RowSink sink_;
  bool swapped_;
  bool one_to_one_;
  Elementwise elements_;
  std::unordered_map<Labels, Group> groups_;
  Presence many_present_;
  DuplicateGuard outputs_;
};

void vector_with_scalar(Evaluation& evaluation, const Binary& node, const Timeline& timeline,
                        RowSink sink) {
  const bool vector_left = node.left->type != ValueType::kScalar;
  const Node& vector = vector_left ? *node.left : *node.right;
  const ScalarColumn scalar = evaluation.scalar(vector_left ? *node.right : *node.left, timeline);
  Elementwise elements(evaluation, node.op, node.range, node.return_bool);
  const bool drops = elements.changes_meaning() || node.return_bool;
  NameDropper names(evaluation, vector, node.range);
  evaluation.rows(vector, timeline, [&](Row& row) {
    elements.apply(row, scalar, !vector_left);
    if (row.present.none()) return;
    if (drops) names.drop(row);
    sink(row);
  });
}

}  // namespace

void evaluate_binary(Evaluation& evaluation, const Binary& node, const Timeline& timeline,
                     RowSink sink) {
  if (node.left->type == ValueType::kScalar || node.right->type == ValueType::kScalar) {
    return vector_with_scalar(evaluation, node, timeline, sink);
  }
  VectorMatch(evaluation, node, timeline, sink).run();
}

void evaluate_unary(Evaluation& evaluation, const Unary& node, const Timeline& timeline,
                    RowSink sink) {
  if (!node.negative) return evaluation.rows(*node.operand, timeline, sink);
  NameDropper names(evaluation, *node.operand, node.range);
  evaluation.rows(*node.operand, timeline, [&](Row& row) {
    negate(row);
    names.drop(row);
    sink(row);
  });
}

}  // namespace tocsin::promql
