#include "harness/prove/prove.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "harness/base/regex.h"
#include "harness/prove/measure.h"
#include "harness/prove/rule_facts.h"

namespace tocsin::prove {

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::kNoRule:
      return "no-rule";
    case FindingKind::kNoMetric:
      return "no-metric";
    case FindingKind::kNotMoved:
      return "not-moved";
    case FindingKind::kNeverFires:
      return "never-fires";
    case FindingKind::kAlwaysFires:
      return "always-fires";
    case FindingKind::kWrongSide:
      return "wrong-side";
    case FindingKind::kThreshold:
      return "threshold";
    case FindingKind::kComparison:
      return "comparison";
    case FindingKind::kHold:
      return "for";
    case FindingKind::kSeverity:
      return "severity";
    case FindingKind::kWindow:
      return "window";
    case FindingKind::kLate:
      return "late";
    case FindingKind::kStays:
      return "stays";
    case FindingKind::kTooLong:
      return "too-long";
    case FindingKind::kNearState:
      return "near-state";
  }
  return "no-rule";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAgrees:
      return "agrees";
    case Verdict::kDiffers:
      return "differs";
    case Verdict::kNotDriven:
      return "not-driven";
    case Verdict::kNotRun:
      return "not-run";
  }
  return "not-run";
}

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      proofs.begin(), proofs.end(), [&](const Proof& proof) { return proof.verdict == verdict; }));
}

namespace {

std::vector<Proof> planned(const std::vector<ProvenSystem>& systems, const std::string& pattern) {
  std::vector<Proof> proofs;
  for (std::size_t s = 0; s < systems.size(); ++s) {
    for (const contract::Alert& alert : systems[s].subject.contract->alerts) {
      if (!pattern.empty() && !regex_search(pattern, alert.name).value()) continue;
      for (const contract::Cause& cause : alert.drive) {
        Proof& proof = proofs.emplace_back();
        proof.system = s;
        proof.alert = &alert;
        proof.cause = &cause;
      }
    }
  }
  return proofs;
}

}  // namespace

Report prove(std::vector<Subject> subjects, const ProveOptions& options) {
  Report report;
  for (Subject& subject : subjects) {
    std::vector<std::string> undocumented = undocumented_alerts(subject);
    report.systems.push_back({std::move(subject), std::move(undocumented)});
  }
  report.proofs = planned(report.systems, options.alerts);
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t done = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < report.proofs.size(); i = next++) {
      if (options.stop != nullptr && options.stop->load()) return;
      Proof& proof = report.proofs[i];
      const std::size_t system = proof.system;
      proof = measure(report.systems[system].subject, *proof.alert, *proof.cause, options.stop);
      proof.system = system;
      const std::lock_guard lock(mutex);
      if (options.progress) options.progress(++done, report.proofs.size());
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t jobs = std::min<std::size_t>(options.jobs, report.proofs.size());
    for (std::size_t i = 1; i < jobs; ++i) others.emplace_back(work);
    work();
  }
  return report;
}

}  // namespace tocsin::prove
