#include "harness/prove/measure.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/prove/rule_facts.h"
#include "harness/prove/search.h"

namespace tocsin::prove {
namespace {

using contract::Alert;
using contract::Cause;
using contract::Comparison;

std::string quantity(double value, Dimension dimension) {
  return format_quantity({value, dimension});
}

/// The number between the two that has the fewest digits.
double roundest(double low, double high) {
  const double middle = low + (high - low) / 2;
  if (!std::isfinite(middle) || middle == 0) return middle;
  const double size = std::floor(std::log10(std::abs(middle)));
  for (double digits = 0; digits < 15; ++digits) {
    const double scale = std::pow(10, digits - size);
    const double value = std::round(middle * scale) / scale;
    if (low <= value && value <= high) return value;
  }
  return middle;
}

class Measurement {
 public:
  Measurement(const Subject& subject, const Alert& alert, const Cause& cause,
              const std::atomic<bool>* stop)
      : subject_(subject),
        alert_(alert),
        cause_(cause),
        stop_(stop),
        rig_(subject, alert.name, alert.severity, stop) {
    proof_.alert = &alert;
    proof_.cause = &cause;
  }

  Proof run() {
    if (rig_.rule() == nullptr) {
      add(FindingKind::kNoRule, no_rule(subject_, alert_.name));
      return conclude(false);
    }
    compare_rule();
    if (!rig_.is_bounded()) {
      add(FindingKind::kTooLong, fmt::format("the rule looks back {}, longer than can be simulated",
                                             format_duration(rig_.reach())));
      return conclude(false);
    }
    if (is_pending(rig_, quiet_push(cause_))) {
      add(FindingKind::kAlwaysFires, "fires without any cause");
    } else if (is_measured()) {
      measure_threshold();
    } else {
      check_states();
    }
    if (!stopped() && drives()) measure_times();
    return conclude(drives());
  }

 private:
  bool stopped() const { return stop_ != nullptr && stop_->load(); }
  bool is_measured() const {
    return cause_.kind != Cause::Kind::kState && alert_.is != Comparison::kEqual;
  }
  bool has(FindingKind kind) const {
    return std::any_of(proof_.findings.begin(), proof_.findings.end(),
                       [&](const Finding& finding) { return finding.kind == kind; });
  }
  /// Whether the alert answers to its cause at all.
  bool drives() const {
    return !has(FindingKind::kNoRule) && !has(FindingKind::kNeverFires) &&
           !has(FindingKind::kAlwaysFires) && !has(FindingKind::kNoMetric) &&
           !has(FindingKind::kNotMoved);
  }

  void add(FindingKind kind, std::string text) {
    proof_.findings.push_back({kind, std::move(text)});
  }

  Proof conclude(bool driven) {
    proof_.verdict = stopped()                 ? Verdict::kNotRun
                     : !driven                 ? Verdict::kNotDriven
                     : proof_.findings.empty() ? Verdict::kAgrees
                                               : Verdict::kDiffers;
    return std::move(proof_);
  }

  /// What the rule says, held against the contract.
  void compare_rule() {
    const rules::Rule& rule = *rig_.rule();
    if (rule.hold != alert_.hold) {
      add(FindingKind::kHold,
          fmt::format("documented for {}, the rule says {}", format_duration(alert_.hold),
                      format_duration(rule.hold)));
    }
    const auto severity = fixed_label(rule, "severity");
    if (!alert_.severity.empty() && severity && *severity != alert_.severity) {
      add(FindingKind::kSeverity, fmt::format("documented {}, the rule says {}", alert_.severity,
                                              severity->empty() ? "nothing" : *severity));
    }
    const std::vector<Duration> windows = windows_of(rule);
    if (alert_.window && !windows.empty() &&
        std::find(windows.begin(), windows.end(), *alert_.window) == windows.end()) {
      add(FindingKind::kWindow,
          fmt::format("documented over {}, the rule looks back {}", format_duration(*alert_.window),
                      format_duration(windows.front())));
    }
    const auto limit = limit_of(rule);
    if (alert_.threshold && limit && cause_.kind != Cause::Kind::kState &&
        limit->comparison != alert_.is && same_side(limit->comparison, alert_.is)) {
      add(FindingKind::kComparison, fmt::format("documented {}, the rule compares with {}",
                                                symbol(alert_.is), symbol(limit->comparison)));
    }
  }

  static bool same_side(Comparison a, Comparison b) {
    const auto side = [](Comparison one) {
      if (one == Comparison::kEqual) return 0;
      return contract::fires_upwards(one) ? 1 : -1;
    };
    return side(a) == side(b);
  }

  bool pending_at(double value) { return is_pending(rig_, push_of(cause_, value)); }

  void measure_threshold() {
    const ThresholdSearch search(alert_.threshold->value, contract::fires_upwards(alert_.is),
                                 {cause_.low, cause_.high}, cause_.fires_at,
                                 [this](double value) { return pending_at(value); });
    const Found found = search.run();
    if (stopped()) return;
    switch (found.kind) {
      case Found::Kind::kThreshold:
        return take_threshold(found);
      case Found::Kind::kNever:
        return explain_silence();
      case Found::Kind::kAlways:
        add(FindingKind::kAlwaysFires, fmt::format("fires on both sides: at {} and at {} alike",
                                                   in_units(cause_.low), in_units(cause_.high)));
        return;
      case Found::Kind::kWrongSide:
        add(FindingKind::kWrongSide,
            fmt::format("documented {} {}, fires on the other side of {}", symbol(alert_.is),
                        alert_.threshold_text, in_units(roundest(found.low, found.high))));
        proof_.threshold = roundest(found.low, found.high);
        return;
    }
  }

  std::string in_units(double value) const { return quantity(value, alert_.threshold->dimension); }

  void take_threshold(const Found& found) {
    const double documented = alert_.threshold->value;
    // The documented value is as good as any within the precision.
    const bool exact = found.low <= documented && documented <= found.high;
    proof_.threshold = exact ? documented : roundest(found.low, found.high);
    const double tolerance = kThresholdTolerance * std::abs(documented);
    if (exact || std::abs(found.value - documented) <= tolerance) return;
    std::string text = fmt::format("documented {} {}, measured {}", symbol(alert_.is),
                                   alert_.threshold_text, in_units(*proof_.threshold));
    if (const auto limit = limit_of(*rig_.rule())) {
      text += fmt::format("; the rule compares {} {}", symbol(limit->comparison),
                          format_number(limit->value, 6));
    }
    add(FindingKind::kThreshold, std::move(text));
  }

  void explain_silence() {
    const Push push = push_of(cause_, cause_.fires_at);
    if (auto missing = missing_series(rig_, subject_, push)) {
      add(FindingKind::kNoMetric, std::move(*missing));
    } else if (!moves_anything(rig_, push, quiet_push(cause_))) {
      add(FindingKind::kNotMoved,
          fmt::format("{} moves nothing that the rule reads", cause_.describe()));
    } else if (cause_.kind == Cause::Kind::kState) {
      add(FindingKind::kNeverFires, fmt::format("does not fire with {}", cause_.describe()));
    } else if (!is_measured()) {
      add(FindingKind::kNeverFires, fmt::format("does not fire at {}", in_units(cause_.fires_at)));
    } else {
      add(FindingKind::kNeverFires, fmt::format("does not fire anywhere from {} to {}",
                                                in_units(cause_.low), in_units(cause_.high)));
    }
  }

  /// Causes without a threshold to look for: it fires there, and nowhere else that is documented.
  void check_states() {
    if (!pending_at(cause_.fires_at)) {
      if (!stopped()) explain_silence();
      return;
    }
    if (cause_.kind == Cause::Kind::kState && !cause_.near.empty()) {
      if (is_pending(rig_, near_push(cause_))) {
        add(FindingKind::kNearState, fmt::format("fires with {} too", describe(cause_.near)));
      }
    }
    if (cause_.kind != Cause::Kind::kState) {
      proof_.threshold = alert_.threshold->value;
      if (cause_.silent_at && pending_at(*cause_.silent_at)) {
        add(FindingKind::kNearState, fmt::format("fires at {} too", in_units(*cause_.silent_at)));
      }
    }
  }

  static std::string describe(const std::vector<faults::Fault>& faults) {
    std::string text;
    for (const faults::Fault& fault : faults) {
      if (!text.empty()) text += ", ";
      text += fault.describe();
    }
    return text;
  }

  /// A value that fires for sure, whatever the document says.
  double driving_value() {
    if (!is_measured() || !proof_.threshold) return cause_.fires_at;
    const bool up = contract::fires_upwards(alert_.is) != has(FindingKind::kWrongSide);
    const double measured = *proof_.threshold;
    const double margin = 1.02;
    if (up ? cause_.fires_at > measured * margin : cause_.fires_at < measured / margin) {
      return cause_.fires_at;
    }
    return up ? std::min(measured * 1.5, (measured + cause_.high) / 2)
              : std::max(measured * 0.5, (measured + cause_.low) / 2);
  }

  void measure_times() {
    const Push push = push_of(cause_, driving_value());
    const Duration hold = rig_.rule()->hold;
    Course course;
    course.lead = rig_.settling();
    course.length = rig_.settling() + hold + 2 * rig_.tick();
    course.shorten(push);
    course.tail = rig_.settling() + rig_.rule()->keep_firing_for;
    bool fired = true;
    bool resolved = true;
    for (const Course& one : phases(course)) {
      const Seen seen = rig_.run(push, one);
      if (stopped()) return;
      fired = fired && seen.firing;
      resolved = resolved && seen.ended;
      if (seen.pending) widen(proof_.pending, *seen.pending);
      if (seen.firing) widen(proof_.firing, *seen.firing);
      if (seen.firing && seen.pending) {
        proof_.hold = std::max(proof_.hold.value_or(Duration(0)), *seen.firing - *seen.pending);
      }
      if (seen.ended) widen(proof_.resolving, *seen.ended);
      if (seen.severity) proof_.severity = seen.severity;
    }
    judge_times(fired, resolved);
  }

  /// The cause comes just before a scrape, just after one, and between; rules are evaluated with
  /// the scrape, and just before it.
  std::vector<Course> phases(const Course& course) const {
    const Duration interval = rig_.scrape_interval();
    const Duration instant = std::min(Duration(1), interval / 2);
    std::vector<Course> all;
    for (const Duration evaluation : {Duration(0), rig_.evaluation_interval() - Duration(1)}) {
      for (const Duration phase : {instant, interval / 2, interval - instant}) {
        all.push_back(course);
        all.back().phase = phase;
        all.back().evaluation_phase = evaluation;
      }
    }
    return all;
  }

  static void widen(std::optional<Span>& span, Duration value) {
    if (!span) span = Span{value, value};
    span->min = std::min(span->min, value);
    span->max = std::max(span->max, value);
  }

  void judge_times(bool fired, bool resolved) {
    if (!fired) {
      add(FindingKind::kNeverFires, "goes pending and does not fire at every phase");
      return;
    }
    const Duration tick = rig_.evaluation_interval();
    if (proof_.severity && !alert_.severity.empty() && *proof_.severity != alert_.severity &&
        !has(FindingKind::kSeverity)) {
      add(FindingKind::kSeverity,
          fmt::format("documented {}, fires with \"{}\"", alert_.severity, *proof_.severity));
    }
    const Duration off =
        *proof_.hold > alert_.hold ? *proof_.hold - alert_.hold : alert_.hold - *proof_.hold;
    if (off > tick && !has(FindingKind::kHold)) {
      add(FindingKind::kHold,
          fmt::format("documented for {}, pending for {}", format_duration(alert_.hold),
                      format_duration(*proof_.hold)));
    }
    const Duration window = alert_.window.value_or(Duration(0));
    const Duration latest = alert_.hold + window + rig_.scrape_interval() + 2 * tick;
    if (proof_.firing->max > latest && !has(FindingKind::kHold) && !has(FindingKind::kWindow) &&
        !has(FindingKind::kThreshold)) {
      add(FindingKind::kLate,
          fmt::format("fires up to {} after its cause, documented within {}",
                      format_duration(proof_.firing->max), format_duration(latest)));
    }
    judge_end(resolved);
  }

  void judge_end(bool resolved) {
    const Duration window = alert_.window.value_or(rig_.reach());
    const Duration latest = window + rig_.rule()->keep_firing_for + rig_.scrape_interval() +
                            2 * rig_.evaluation_interval();
    if (!resolved) {
      add(FindingKind::kStays, "still fires when its cause is long gone");
    } else if (proof_.resolving->max > latest && !has(FindingKind::kWindow)) {
      add(FindingKind::kStays, fmt::format("resolves up to {} after its cause's end",
                                           format_duration(proof_.resolving->max)));
    }
  }

  const Subject& subject_;
  const Alert& alert_;
  const Cause& cause_;
  const std::atomic<bool>* stop_;
  Rig rig_;
  Proof proof_;
};

}  // namespace

Proof measure(const Subject& subject, const Alert& alert, const Cause& cause,
              const std::atomic<bool>* stop) {
  return Measurement(subject, alert, cause, stop).run();
}

}  // namespace tocsin::prove
