// and, or, unless: presence is all they look at.

#include "harness/promql/evaluation.h"

namespace tocsin::promql {
namespace {

class PresenceBySignature {
 public:
  PresenceBySignature(const VectorMatching& matching, std::size_t steps)
      : matching_(matching), none_(steps) {}

  void add(const Row& row) {
    known_.try_emplace(match_signature(row.labels, matching_), none_).first->second |= row.present;
  }
  const Presence& of(const Row& row) const {
    const auto found = known_.find(match_signature(row.labels, matching_));
    return found == known_.end() ? none_ : found->second;
  }

 private:
  const VectorMatching& matching_;
  Presence none_;
  std::unordered_map<Labels, Presence> known_;
};

}  // namespace

void evaluate_set(Evaluation& evaluation, const Binary& node, const Timeline& timeline,
                  RowSink sink) {
  PresenceBySignature seen(*node.matching, timeline.steps());
  if (node.op == BinaryOp::kOr) {
    // The same series may come from either side, at different steps.
    DuplicateGuard guard(evaluation);
    evaluation.rows(*node.left, timeline, [&](Row& row) {
      seen.add(row);
      guard.see(row, node.range);
      sink(row);
    });
    evaluation.rows(*node.right, timeline, [&](Row& row) {
      row.present -= seen.of(row);
      if (row.present.none()) return;
      guard.see(row, node.range);
      sink(row);
    });
    return;
  }
  evaluation.rows(*node.right, timeline, [&](Row& row) { seen.add(row); });
  evaluation.rows(*node.left, timeline, [&](Row& row) {
    if (node.op == BinaryOp::kAnd) {
      row.present &= seen.of(row);
    } else {
      row.present -= seen.of(row);
    }
    if (!row.present.none()) sink(row);
  });
}

}  // namespace tocsin::promql
