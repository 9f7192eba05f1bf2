#include <algorithm>
#include <limits>

#include "assertions/trial.h"
#include "harness/promql/evaluator.h"
#include "harness/promql/time_scale.h"

/// Metrics: does a PromQL expression have the value that was promised?

namespace tocsin::assertions {
namespace {

using scenario::MetricExpectation;

constexpr std::size_t kSeriesListed = 5;

/// "sum(x) is 8% ± 1%" or "… is absent".
std::string wanted_text(const MetricExpectation& claim) {
  std::string text;
  if (claim.absent) text += " is absent";
  if (claim.is) text += " is " + claim.is->text;
  if (claim.series) text += " has " + std::to_string(*claim.series) + " series";
  return text.empty() ? " exists" : text;
}

std::string when_text(const MetricExpectation& claim) {
  switch (claim.hold) {
    case MetricExpectation::Hold::kAt:
      return " at " + claim.at.text;
    case MetricExpectation::Hold::kAlways:
      return " always " + claim.window.text;
    case MetricExpectation::Hold::kEventually:
      return " eventually " + claim.window.text;
  }
  return {};
}

/// One step of a result against the claim.
struct StepView {
  std::size_t series = 0;
  std::string values;  ///< "0.081" or "{a="b"} 1, {a="c"} 2"
  bool holds = true;
};

StepView look_at(const promql::QueryResult& result, std::size_t step,
                 const MetricExpectation& claim) {
  StepView view;
  for (const promql::Column& column : result.columns) {
    if (!column.present[step]) continue;
    ++view.series;
    const double value = column.values[step];
    const bool native = !column.histograms.empty() && column.histograms[step] != nullptr;
    const bool good = !claim.is || (!native && claim.is->holds(value));
    view.holds = view.holds && good;
    if (view.series > kSeriesListed) continue;
    if (!view.values.empty()) view.values += ", ";
    if (result.columns.size() > 1) view.values += column.labels.to_string() + ' ';
    view.values += native ? "a native histogram"
                          : (claim.is ? format_as(*claim.is, value) : format_number(value, 6));
  }
  if (view.series > kSeriesListed) {
    view.values += ", … (" + std::to_string(view.series) + " series)";
  }
  if (view.series == 0) view.values = "no value";
  if (claim.series) {
    view.holds = view.holds && view.series == *claim.series;
  } else if (claim.absent) {
    view.holds = view.series == 0;
  } else {
    view.holds = view.holds && view.series > 0;
  }
  return view;
}

promql::Timeline timeline_of(const Trial& trial, const MetricExpectation& claim) {
  const Evidence& evidence = trial.evidence();
  if (claim.hold == MetricExpectation::Hold::kAt) {
    return promql::Timeline::instant(evidence.at_offset(claim.at.offset));
  }
  const TimeRange range = trial.range(claim.window);
  const double step = static_cast<double>(evidence.run.evaluation_interval.count());
  return {
      range.from, range.to,
      std::max(Duration(1), Duration(static_cast<std::int64_t>(step / evidence.run.time_scale)))};
}

/// A few values around the claim's time, for a failure.
std::vector<std::string> values_around(const Trial& trial, const promql::Expression& expression,
                                       const MetricExpectation& claim, Timestamp decided) {
  const Evidence& evidence = trial.evidence();
  const Duration scrape(static_cast<std::int64_t>(
      static_cast<double>(std::max(evidence.run.scrape_interval, Duration(1)).count()) /
      evidence.run.time_scale));
  promql::Timeline timeline{std::max(evidence.run.start, decided - 4 * scrape),
                            std::min(evidence.run.end, decided + 4 * scrape),
                            std::max(scrape, Duration(1))};
  const auto result = promql::evaluate(expression, *evidence.samples, timeline);
  std::vector<std::string> lines;
  if (result.has_error()) return lines;
  for (std::size_t i = 0; i < timeline.steps(); ++i) {
    lines.push_back(trial.clock(timeline.at(i)) + "  " + look_at(*result, i, claim).values);
  }
  return lines;
}

void judge_metric(Trial& trial, const MetricExpectation& claim) {
  const Evidence& evidence = trial.evidence();
  Judgement judgement = Trial::begin("metric", claim.expression.text,
                                     (wanted_text(claim) + when_text(claim)).substr(1), claim.pos);
  const Duration last =
      claim.hold == MetricExpectation::Hold::kAt ? claim.at.offset : claim.window.to;
  const auto scaled = promql::scale_time(claim.expression, evidence.run.time_scale);
  const auto fail = [&](std::string seen) {
    judgement.outcome = Outcome::kFail;
    judgement.seen = std::move(seen);
  };
  if (scaled.has_error()) {
    fail(scaled.error().message);
    return trial.add(std::move(judgement));
  }
  const promql::Timeline timeline = timeline_of(trial, claim);
  const auto result = promql::evaluate(scaled->expression, *evidence.samples, timeline);
  if (result.has_error()) {
    fail("cannot be evaluated: " + result.error().message);
    return trial.add(std::move(judgement));
  }
  const bool always = claim.hold != MetricExpectation::Hold::kEventually;
  std::size_t decided = 0;
  StepView view;
  for (std::size_t i = 0; i < timeline.steps(); ++i) {
    view = look_at(*result, i, claim);
    decided = i;
    if (view.holds != always) break;
  }
  const Timestamp when = timeline.at(decided);
  judgement.at = trial.offset(when);
  judgement.seen = view.values + " at " + trial.moment(when);
  if (!view.holds) {
    const bool cut_short = trial.ended_before(last) && (!always || when > evidence.run.end);
    judgement.outcome = cut_short ? Outcome::kInconclusive : Outcome::kFail;
    judgement.around = values_around(trial, scaled->expression, claim, when);
  } else if (trial.ended_before(last)) {
    judgement.outcome = always ? Outcome::kInconclusive : Outcome::kPass;
  }
  trial.add(std::move(judgement));
}

}  // namespace

void judge_metrics(Trial& trial) {
  for (const MetricExpectation& claim : trial.scenario().expect.metrics) judge_metric(trial, claim);
}

}  // namespace tocsin::assertions
