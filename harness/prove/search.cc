#include "harness/prove/search.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/prove/measure.h"

namespace tocsin::prove {
namespace {

/// A bisection that has not ended after so many steps has met numbers that are next to each other.
constexpr int kMostSteps = 80;

bool same_samples(const SeriesView& a, const SeriesView& b) {
  if (a.values.size() != b.values.size()) return false;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    const bool both_nan = std::isnan(a.values[i]) && std::isnan(b.values[i]);
    if (a.values[i] != b.values[i] && !both_nan) return false;
  }
  return true;
}

std::string selector_text(const std::vector<Matcher>& matchers) {
  std::string name;
  std::string rest;
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual) {
      name = matcher.value();
    } else {
      rest += (rest.empty() ? "" : ", ") + matcher.to_string();
    }
  }
  return rest.empty() ? name : name + '{' + rest + '}';
}

/// Names of everything that the system's targets export.
std::vector<std::string> exported_names(const scenario::System& system) {
  std::vector<std::string> names;
  for (const scenario::Target* target : run::targets_of(system)) {
    for (const scenario::Instrument& instrument : target->instruments) {
      for (std::string& name : sample_names(instrument.family)) names.push_back(std::move(name));
    }
  }
  return names;
}

Course settled(const Rig& rig, const Push& push) {
  Course course;
  course.lead = rig.settling();
  course.length = rig.settling();
  course.shorten(push);
  return course;
}

}  // namespace

Seen observe(const Rig& rig, const Push& push) {
  return rig.run(push, settled(rig, push));
}

bool is_pending(const Rig& rig, const Push& push) {
  const Seen seen = observe(rig, push);
  return seen.pending.has_value() || seen.before;
}

std::optional<std::string> missing_series(const Rig& rig, const Subject& subject,
                                          const Push& push) {
  const Evidence evidence = rig.evidence(push, settled(rig, push));
  for (const std::vector<Matcher>& matchers : rig.selectors()) {
    if (!evidence.samples->select(matchers, TimeRange()).empty()) continue;
    std::string text = fmt::format("nothing exports {}", selector_text(matchers));
    for (const Matcher& matcher : matchers) {
      if (matcher.name() != kMetricName || matcher.op() != MatchOp::kEqual) continue;
      const std::vector<std::string> known = exported_names(*subject.system);
      const bool exported = std::find(known.begin(), known.end(), matcher.value()) != known.end();
      const std::string nearest = nearest_name(matcher.value(), known);
      if (exported) {
        text += fmt::format(", though there is a metric {}", matcher.value());
      } else if (!nearest.empty()) {
        text += fmt::format("; did you mean {}?", nearest);
      }
    }
    return text;
  }
  return std::nullopt;
}

bool moves_anything(const Rig& rig, const Push& push, const Push& quiet) {
  const Evidence with = rig.evidence(push, settled(rig, push));
  const Evidence without = rig.evidence(quiet, settled(rig, push));
  for (const std::vector<Matcher>& matchers : rig.selectors()) {
    const auto moved = with.samples->select(matchers, TimeRange());
    const auto still = without.samples->select(matchers, TimeRange());
    if (moved.size() != still.size()) return true;
    for (std::size_t i = 0; i < moved.size(); ++i) {
      if (!same_samples(moved[i], still[i])) return true;
    }
  }
  return false;
}

ThresholdSearch::ThresholdSearch(double documented, bool upwards, std::pair<double, double> range,
                                 double fires_at, std::function<bool(double)> fires)
    : documented_(documented),
      upwards_(upwards),
      low_(range.first),
      high_(range.second),
      fires_at_(fires_at),
      fires_(std::move(fires)) {}

Found ThresholdSearch::run() const {
  const double size = documented_ != 0 ? std::abs(documented_) : high_ - low_;
  const double tolerance = kThresholdTolerance * size;
  const double beyond = std::clamp(documented_ + (upwards_ ? tolerance : -tolerance), low_, high_);
  const double before = std::clamp(documented_ - (upwards_ ? tolerance : -tolerance), low_, high_);
  if (fires_(beyond) && !fires_(before)) {
    return bisect(before, beyond, kThresholdPrecision * size);
  }
  return everywhere();
}

Found ThresholdSearch::everywhere() const {
  const bool at_low = fires_(low_);
  const bool at_high = fires_(high_);
  const double precision = 0;  // relative to what is found
  if (at_low && at_high) return {Found::Kind::kAlways, low_, high_, documented_};
  if (at_low != at_high) {
    Found found = at_high ? bisect(low_, high_, precision) : bisect(high_, low_, precision);
    if (at_high != upwards_) found.kind = Found::Kind::kWrongSide;
    return found;
  }
  // Somewhere between, perhaps.
  if (fires_(fires_at_)) {
    return bisect(upwards_ ? low_ : high_, fires_at_, precision);
  }
  return {Found::Kind::kNever, low_, high_, documented_};
}

Found ThresholdSearch::bisect(double silent, double firing, double precision) const {
  for (int step = 0; step < kMostSteps; ++step) {
    const double middle = silent + (firing - silent) / 2;
    const double enough = precision > 0 ? precision : kThresholdPrecision * std::abs(middle);
    if (std::abs(firing - silent) <= enough || middle == silent || middle == firing) break;
    (fires_(middle) ? firing : silent) = middle;
  }
  return {Found::Kind::kThreshold, std::min(silent, firing), std::max(silent, firing),
          silent + (firing - silent) / 2};
}

}  // namespace tocsin::prove
