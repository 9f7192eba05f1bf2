#include "harness/rules/rule_runner.h"

#include <algorithm>

#include "harness/base/check.h"

namespace tocsin::rules {
namespace {

/// Steps that are evaluated in one go: bounds the memory of results, and a failing step costs no
/// more than its stretch.
constexpr std::size_t kStretch = 8192;

promql::Timeline part(const promql::Timeline& whole, std::size_t first, std::size_t count) {
  return {whole.at(first), whole.at(first + count - 1), whole.step};
}

/// Passes samples on and tells the rule which were refused. Stale markers may be: another rule, or
/// a scrape, goes on with the series.
class WatchedSink final : public SampleSink {
 public:
  WatchedSink(RuleRunner& rule, SampleSink& sink) : rule_(rule), sink_(sink) {}

  bool append(const Labels& labels, Timestamp at, double value) override {
    return watch(sink_.append(labels, at, value) || is_stale(value), at);
  }
  bool append_native(const Labels& labels, Timestamp at, NativeHistogramPtr histogram) override {
    return watch(sink_.append_native(labels, at, std::move(histogram)), at);
  }

 private:
  bool watch(bool taken, Timestamp at) {
    if (!taken) rule_.refuse(at);
    return taken;
  }

  RuleRunner& rule_;
  SampleSink& sink_;
};

}  // namespace

RuleRunner::RuleRunner(const RuleGroup& group, const Rule& rule, const RunContext& context)
    : group_(group), rule_(rule), context_(context) {
  TOCSIN_CHECK(rule.expression.root, "rules with errors are not run");
}

void RuleRunner::run(const promql::Timeline& due, SampleSink& sink) {
  WatchedSink watched(*this, sink);
  const std::size_t steps = due.steps();
  for (std::size_t first = 0; first < steps; first += kStretch) {
    run_stretch(part(due, first, std::min(kStretch, steps - first)), watched);
  }
}

void RuleRunner::refuse(Timestamp sample_time) {
  const Timestamp due = sample_time + group_.query_offset;
  if (!refused_.insert(due).second) return;
  fail(due, input_error({},
                        "a sample was refused: its series has another one at this time, or a "
                        "later one"));
}

void RuleRunner::run_stretch(const promql::Timeline& due, SampleSink& sink) {
  const promql::ValueType type = rule_.expression.root->type;
  if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
    for (std::size_t i = 0; i < due.steps(); ++i) {
      fail(due.at(i), input_error({}, "rule result is not a vector or scalar"));
    }
    return;
  }
  const promql::Timeline asked{sample_time(due.start), sample_time(due.end), due.step};
  Result<promql::QueryResult> result =
      promql::evaluate(rule_.expression, context_.store, asked, context_.options.query);
  if (!result.has_error()) {
    for (const promql::Annotation& annotation : result->annotations) {
      if (std::find(annotations_.begin(), annotations_.end(), annotation) == annotations_.end()) {
        annotations_.push_back(annotation);
      }
    }
    return consume(*result, due, sink);
  }
  const std::size_t steps = due.steps();
  if (steps <= 1) return fail(due.start, in_file(std::move(result).error()));
  run_stretch(part(due, 0, steps / 2), sink);
  run_stretch(part(due, steps / 2, steps - steps / 2), sink);
}

/// Positions of evaluation errors are within the expression.
Error RuleRunner::in_file(Error error) const {
  if (error.pos.line > 0) {
    error.pos = rule_.expression_map.at(error.pos.line, error.pos.column);
  } else {
    error.pos = rule_.expression_pos;
  }
  return error;
}

void RuleRunner::fail(Timestamp due, Error error) {
  if (error.pos.line == 0) error.pos = rule_.pos;
  if (failures_.empty()) failures_.push_back({&rule_, group_.name, rule_.name, due, 0, error});
  RuleFailure& failure = failures_.front();
  ++failure.times;
  if (due >= failure.first) return;
  failure.first = due;
  failure.error = std::move(error);
}

void RuleRunner::report(EvaluationOutcome& outcome) const {
  report_ended(outcome.episodes);
  report_active(outcome.episodes);
  report_looks(outcome.looks);
  outcome.alerting.resize(outcome.episodes.size(), &rule_);
  outcome.failures.insert(outcome.failures.end(), failures_.begin(), failures_.end());
  for (const promql::Annotation& annotation : annotations_) {
    const auto& all = outcome.annotations;
    if (std::find(all.begin(), all.end(), annotation) == all.end()) {
      outcome.annotations.push_back(annotation);
    }
    const auto marked = static_cast<int>(annotation.range.end - annotation.range.begin);
    Error note = input_error(rule_.expression_map.at(annotation.range.begin), annotation.message,
                             std::max(1, marked));
    outcome.notes.push_back({group_.name, rule_.name, annotation.kind, std::move(note)});
  }
}

void RuleRunner::report_ended(std::vector<AlertEpisode>&) const {}

void RuleRunner::report_active(std::vector<AlertEpisode>&) const {}

void RuleRunner::report_looks(std::vector<AlertLook>&) const {}

}  // namespace tocsin::rules
