#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "harness/prove/rig.h"

/// Looking for what makes an alert fire.

namespace tocsin::prove {

/// What a run with this push shows once everything that the rule reads has settled.
Seen observe(const Rig& rig, const Push& push);
/// Whether the alert's expression becomes true by it (and was not so before).
bool is_pending(const Rig& rig, const Push& push);

/// Selectors of the rule that find nothing at all, as a sentence.
std::optional<std::string> missing_series(const Rig& rig, const Subject& subject, const Push& push);
/// Whether anything that the rule reads differs with the push.
bool moves_anything(const Rig& rig, const Push& push, const Push& quiet);

/// The threshold: between `low` and `high`, `value` in the middle.
struct Found {
  enum class Kind { kThreshold, kWrongSide, kNever, kAlways };
  Kind kind = Kind::kThreshold;
  double low = 0;
  double high = 0;
  double value = 0;
};

/// Looks near the documented threshold first, then over the whole range. `fires` is asked a value.
class ThresholdSearch {
 public:
  ThresholdSearch(double documented, bool upwards, std::pair<double, double> range, double fires_at,
                  std::function<bool(double)> fires);
  Found run() const;

 private:
  Found everywhere() const;
  /// `firing` fires and `silent` does not; they come together to `precision`, or as near as their
  /// own size allows.
  Found bisect(double silent, double firing, double precision) const;

  double documented_;
  bool upwards_;
  double low_;
  double high_;
  double fires_at_;
  std::function<bool(double)> fires_;
};

}  // namespace tocsin::prove
