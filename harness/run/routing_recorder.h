#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/alerting/engine.h"
#include "harness/model/evidence.h"
#include "harness/run/routing.h"
#include "harness/run/told_text.h"

namespace tocsin::run {

/// Makes evidence of what an alerting engine does: each attempt to tell somebody, and each stretch
/// in which an alert was kept back.
class RoutingRecorder : public alerting::FlushObserver {
 public:
  /// Both must outlive the recorder.
  RoutingRecorder(const Routing& routing, Evidence& evidence)
      : routing_(routing), evidence_(evidence) {}

  /// An alert as it is sent to the engine, so that it can be named when it inhibits others. False
  /// when it was known.
  bool know(const Labels& labels);
  /// An alert that was sent is over.
  void know_end(const Labels& labels, Timestamp at);
  /// A silence of the engine, so that it can be named by its comment.
  void know_silence(std::string id, std::string comment, Timestamp ends_at);

  void flushed(const alerting::FlushedAlert& alert) override;
  /// One attempt, what it said, and what came of it. `notification` is the delivery's, or the same
  /// with other annotations.
  void record(const alerting::Delivery& delivery, const alerting::Notification& notification,
              const ToldText& told, const alerting::Answer& answer);

 private:
  /// Why an alert was kept back.
  struct Reason {
    Suppression::Kind kind = Suppression::Kind::kInhibited;
    Labels by;
    std::string name;

    bool operator==(const Reason&) const = default;
  };
  struct Open {
    Reason reason;
    std::size_t index = 0;   ///< in the evidence's suppressions
    Timestamp seen_at = {};  ///< the last flush that kept the alert back for it
  };
  struct KnownSilence {
    std::string comment;
    Timestamp ends_at = {};
  };
  /// Of one alert, which may be in groups of several routes.
  struct KeptBack {
    std::map<std::string, Reason> by_group;
    std::vector<Open> open;
  };

  Reason reason_of(const alerting::FlushedAlert& alert) const;
  void close_what_is_over(KeptBack& state, Timestamp at);
  /// When a reason ended that held at a flush and does not at a later one.
  Timestamp end_of(const Open& open, Timestamp at) const;

  const Routing& routing_;
  Evidence& evidence_;
  std::unordered_map<std::uint64_t, Labels> labels_;                ///< by fingerprint
  std::unordered_map<std::uint64_t, std::vector<Timestamp>> ends_;  ///< likewise, in any order
  std::unordered_map<std::string, KnownSilence> silences_;          ///< by id
  std::unordered_map<Labels, KeptBack> kept_back_;
};

/// Sets a scenario's silences, good ones, at the run's beginning: each begins and ends at its time.
void set_silences(const scenario::Scenario& scenario, const Evidence& evidence,
                  alerting::Engine& engine, RoutingRecorder& recorder);

}  // namespace tocsin::run
