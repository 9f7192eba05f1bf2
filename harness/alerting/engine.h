#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/alerting/alert.h"
#include "harness/alerting/config.h"
#include "harness/alerting/silences.h"
#include "harness/base/time.h"

/// Alertmanager without sockets and without a clock of its own: it is told what is posted and how
/// late it is, and tells a transport whom to notify. A simulated run advances it from event to
/// event, a live one ticks it with the real time; both get the same notifications.
///
///     post → store → routes → groups ─ tick ─→ inhibition → active and mute times → silences
///                                               → for each integration: dedup → send, retry → log
///
/// Where several things happen in the same instant, those that were due first come first.

namespace tocsin::alerting {

/// What a group's flush makes of one of its alerts.
struct FlushedAlert {
  /// kMuted: by a time interval of the route.
  enum class Outcome { kPassed, kInhibited, kMuted, kSilenced };
  const Labels& labels;
  const std::string& group_key;
  Timestamp at = {};
  std::optional<Timestamp> ended_at = {};  ///< when it is resolved
  Outcome outcome = Outcome::kPassed;
  std::uint64_t inhibited_by = 0;        ///< a fingerprint
  std::span<const std::string> by = {};  ///< ids of silences, or names of intervals
};

/// Looks over an engine's shoulder.
class FlushObserver {
 public:
  virtual ~FlushObserver() = default;
  virtual void flushed(const FlushedAlert& alert) = 0;
};

struct EngineOptions {
  Timestamp start = {};                             ///< when the process started
  Duration start_delay{0};                          ///< --dispatch.start-delay
  Duration retention = std::chrono::hours(120);     ///< --data.retention
  Duration alert_gc = std::chrono::minutes(30);     ///< --alerts.gc-interval
  Duration maintenance = std::chrono::minutes(15);  ///< --data.maintenance-interval
  std::uint64_t seed = 1;
  /// Alertmanager's pauses between attempts vary by half; without noise they are the mean.
  bool retry_noise = false;
  /// Of a run that is faster than its scenario: what no configuration says, pauses between attempts
  /// and the shortest flush, is divided by it.
  double time_scale = 1;
  FlushObserver* observer = nullptr;  ///< must outlive the engine
};

/// One attempt to tell an integration.
struct Delivery {
  std::uint64_t id = 0;
  std::shared_ptr<const Notification> notification;
  const Integration* integration = nullptr;
  int attempt = 1;  ///< of this notification
  Timestamp at = {};
  Timestamp deadline = {};  ///< when it is given up
};

/// What became of an attempt.
struct Answer {
  enum class Kind {
    kStatus,      ///< an HTTP answer, or an SMTP dialogue that ended well as 200
    kLost,        ///< no connection, or it broke: worth another attempt
    kTimeout,     ///< no answer in time
    kImpossible,  ///< cannot be sent at all, as with a template that fails
  };
  Kind kind = Kind::kStatus;
  int status = 200;
  Duration latency{0};
  std::string body = {};   ///< of some services it says whether it worked
  std::string error = {};  ///< for logs
};

/// Where notifications go.
class Transport {
 public:
  virtual ~Transport() = default;
  /// The answer when it is known at once, with its latency; else it comes through
  /// Engine::answered().
  virtual std::optional<Answer> send(const Delivery& delivery) = 0;
};

/// How an integration takes an answer.
enum class Verdict { kDelivered, kRetry, kFailed };
Verdict judge(const Integration& integration, const Answer& answer);

/// An alert as the API shows it.
struct AlertStatus {
  Labels labels;
  std::uint64_t fingerprint = 0;
  Timestamp starts_at = {};
  Timestamp ends_at = {};
  Timestamp updated_at = {};
  AlertTextPtr text;
  std::vector<std::string> receivers;
  std::vector<std::string> silenced_by;       ///< ids
  std::optional<std::uint64_t> inhibited_by;  ///< fingerprint
  std::vector<std::string> muted_by;          ///< intervals; of groups only
};

struct GroupStatus {
  Labels labels;
  std::map<std::string, std::string> route_labels;
  std::string receiver;
  std::vector<std::string> muted_by;
  std::vector<AlertStatus> alerts;
};

class Engine {
 public:
  /// `transport` must outlive the engine.
  Engine(std::shared_ptr<const Config> config, const EngineOptions& options, Transport& transport);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Timestamp now() const;
  /// When something is due; none: nothing will happen by itself.
  std::optional<Timestamp> next_event() const;
  /// Does everything that is due until then, that instant included. Time never goes back.
  void advance(Timestamp to);

  /// Takes the good alerts; says what is wrong with the others, in Alertmanager's words.
  std::vector<std::string> post(std::span<const PostedAlert> alerts);
  /// Takes an alert with an end, and from then on does as if it were posted again each `period`,
  /// its end as far away each time: what Prometheus does while an alert fires. Another post of the
  /// same labels ends that. False, and the alert is only posted, where each post counts: it may
  /// inhibit others.
  bool keep_posting(const PostedAlert& alert, Duration period);
  /// As if the sender had died.
  void stop_posting(const Labels& labels);
  /// A new configuration: groups begin anew, alerts, silences and the notification log stay.
  void reload(std::shared_ptr<const Config> config);
  /// Of a delivery whose answer was not known at once; late or unknown ones are ignored.
  void answered(std::uint64_t delivery, const Answer& answer);

  const Config& config() const;
  Silences& silences();
  const Silences& silences() const;

  /// Alerts that have not ended, by fingerprint.
  std::vector<AlertStatus> alerts() const;
  /// Groups with such alerts, by labels and receiver.
  std::vector<GroupStatus> groups() const;
  /// All groups that exist, also those whose alerts have ended.
  std::size_t group_count() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::alerting
