#include "harness/promapi/rule_state.h"

namespace tocsin::promapi {

RuleState evaluate_rules(std::vector<rules::RuleFile> files, metrics::Store& store,
                         const promql::QueryOptions& query, Duration interval) {
  RuleState state;
  state.files = std::move(files);
  state.interval = interval;
  const std::optional<TimeRange> range = store.time_range();
  if (!range) return state;
  rules::EvaluationOptions options;
  options.interval = interval;
  options.query = query;
  // Whole multiples of the interval, so that a rule's times do not depend on the first sample's.
  options.origin = range->from - range->from.time_since_epoch() % interval;
  state.evaluated_at = range->to;
  state.outcome = rules::evaluate_timeline(state.files, store, store, range->to, options);
  return state;
}

}  // namespace tocsin::promapi
