#include "assertions/judge.h"

#include <algorithm>
#include <set>

#include "assertions/trial.h"

namespace tocsin::assertions {

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::kPass:
      return "pass";
    case Outcome::kFail:
      return "fail";
    case Outcome::kInconclusive:
      return "inconclusive";
  }
  return "inconclusive";
}

std::size_t Verdict::count(Outcome wanted) const {
  return static_cast<std::size_t>(
      std::count_if(judgements.begin(), judgements.end(),
                    [&](const Judgement& judgement) { return judgement.outcome == wanted; }));
}

Duration grace_of(const RunInfo& run) {
  return run.mode == RunMode::kLive ? run.evaluation_interval : Duration(0);
}

Trial::Trial(const scenario::Scenario& scenario, const Evidence& evidence)
    : scenario_(scenario), evidence_(evidence) {
  grace_ = grace_of(evidence.run);
}

bool Trial::within(Timestamp t, const scenario::TimeWindow& window) const {
  const Duration at = offset(t);
  return at >= window.from - grace_ && at <= window.to + grace_;
}

TimeRange Trial::range(const scenario::TimeWindow& window) const {
  const Duration grace = std::min(grace_, (window.to - window.from) / 2);
  return {evidence_.at_offset(window.from + grace), evidence_.at_offset(window.to - grace)};
}

bool Trial::ended_before(Duration offset) const {
  return evidence_.run.partial && evidence_.offset_of(evidence_.run.end) < offset;
}

std::string Trial::clock(Timestamp t) const {
  return format_duration(offset(t));
}

std::string Trial::moment(Timestamp t) const {
  std::string text = clock(t);
  // The last fault event before it says more than the bare offset.
  const Event* last = nullptr;
  for (const Event& event : evidence_.events) {
    const bool fault = event.kind == EventKind::kFaultStart || event.kind == EventKind::kFaultEnd;
    if (fault && event.at <= t) last = &event;
  }
  if (last == nullptr) return text;
  text += " (" + format_duration(offset(t) - offset(last->at)) + " after " + last->name;
  if (last->kind == EventKind::kFaultEnd) text += " end";
  return text + ")";
}

Judgement Trial::begin(std::string kind, std::string subject, std::string claim,
                       const SourcePos& pos) {
  Judgement judgement;
  judgement.kind = std::move(kind);
  judgement.subject = std::move(subject);
  judgement.claim = std::move(claim);
  judgement.pos = pos;
  return judgement;
}

Verdict Trial::finish() && {
  Verdict verdict = std::move(verdict_);
  // JUnit readers take kind, subject and claim as a key.
  std::set<std::string> keys;
  for (Judgement& judgement : verdict.judgements) {
    const std::string claim = judgement.claim;
    for (int n = 2;
         !keys.insert(judgement.kind + '\n' + judgement.subject + '\n' + judgement.claim).second;
         ++n) {
      judgement.claim = claim + " (" + std::to_string(n) + ")";
    }
  }
  if (verdict.count(Outcome::kFail) > 0) {
    verdict.outcome = Outcome::kFail;
  } else if (verdict.count(Outcome::kInconclusive) > 0) {
    verdict.outcome = Outcome::kInconclusive;
    verdict.reason = "the evidence does not reach far enough";
  }
  if (verdict.judgements.empty()) {
    verdict.outcome = Outcome::kInconclusive;
    verdict.reason = "the scenario expects nothing";
  }
  if (!evidence_.run.invalid_reason.empty()) {
    verdict.outcome = Outcome::kInconclusive;
    verdict.reason = evidence_.run.invalid_reason;
  } else if (evidence_.run.partial) {
    verdict.outcome = Outcome::kInconclusive;
    verdict.reason = "the run was interrupted at " + clock(evidence_.run.end);
  }
  return verdict;
}

std::string format_as(const scenario::ValueClaim& claim, double value) {
  if (claim.dimension == Dimension::kTime) {
    return format_latency(Nanos(static_cast<std::int64_t>(value * 1e9)));
  }
  const double scale = claim.dimension == Dimension::kRatio ? 100 : 1;
  std::string text = format_number(value * scale, 4);
  if (claim.dimension == Dimension::kRatio) text += '%';
  if (claim.dimension == Dimension::kRate) text += "/s";
  if (claim.dimension == Dimension::kBytes) text += 'B';
  return text;
}

Verdict judge(const scenario::Scenario& scenario, const Evidence& evidence) {
  Trial trial(scenario, evidence);
  judge_alerts(trial);
  judge_notifications(trial);
  judge_metrics(trial);
  judge_health(trial);
  judge_load(trial);
  judge_scrapes(trial);
  judge_dashboards(trial);
  return std::move(trial).finish();
}

}  // namespace tocsin::assertions
