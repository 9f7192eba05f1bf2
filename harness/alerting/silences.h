#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/alerting/matchers.h"
#include "harness/base/error.h"
#include "harness/base/random.h"
#include "harness/base/time.h"

namespace tocsin::alerting {

enum class SilenceState { kPending, kActive, kExpired };
std::string_view to_string(SilenceState state);

struct Silence {
  std::string id;
  Matchers matchers;
  Timestamp starts_at = {};
  Timestamp ends_at = {};
  Timestamp updated_at = {};
  std::string created_by;
  std::string comment;
  std::map<std::string, std::string> annotations;

  SilenceState state_at(Timestamp now) const;
};

/// Why a silence was not taken.
struct SilenceRefusal {
  bool unknown_id = false;
  std::string message;
};

/// All silences, and who is silenced. Ids are drawn from `seed`, so that runs repeat.
class Silences {
 public:
  explicit Silences(std::uint64_t seed, Duration retention = std::chrono::hours(120))
      : random_(seed, "silences"), retention_(retention) {}

  /// As the API's POST: makes a silence, or changes the one with this id, or expires it and makes a
  /// new one where it may not be changed. Returns the id.
  boost::system::result<std::string, SilenceRefusal> set(Silence silence, Timestamp now);
  /// Ends it now; false when there is no such silence.
  bool expire(const std::string& id, Timestamp now);
  const Silence* find(const std::string& id) const;
  const std::vector<Silence>& all() const { return silences_; }

  /// The active ones that match, by age.
  std::vector<std::string> silencing(const Labels& labels, Timestamp now) const;
  bool mutes(const Labels& labels, Timestamp now) const;
  /// Forgets those that ended long ago.
  void collect_garbage(Timestamp now);

 private:
  std::string new_id();
  Silence* find_mutable(const std::string& id);

  std::vector<Silence> silences_;  ///< in order of creation
  Random random_;
  Duration retention_;
};

}  // namespace tocsin::alerting
