#pragma once

#include <queue>

#include "harness/alerting/dispatcher.h"
#include "harness/alerting/engine.h"
#include "harness/base/random.h"

/// The inside of an engine: one state, whose functions stand in engine.cc, engine_intake.cc,
/// engine_flush.cc, engine_send.cc and engine_status.cc.

namespace tocsin::alerting {

struct Engine::Impl {
  /// A notification on its way to one integration.
  struct Sending {
    std::size_t slot = 0;
    std::uint64_t generation = 0;
    const Integration* integration = nullptr;
    std::string log_key;
    std::shared_ptr<const Notification> notification;
    std::vector<std::uint64_t> firing;
    std::vector<std::uint64_t> resolved;
    Timestamp deadline = {};
    Timestamp attempt_at = {};
    Timestamp attempt_deadline = {};
    Nanos pause{0};  ///< before the next attempt
    int attempts = 0;
    std::optional<Answer> answer;  ///< known already, but not here yet
  };

  enum class EventKind { kTick, kAttempt, kAnswer, kStart, kAlertGc, kInhibitorGc, kMaintenance };
  struct Event {
    Timestamp at = {};
    std::uint64_t order = 0;
    EventKind kind = EventKind::kTick;
    std::uint64_t target = 0;  ///< a group's slot or a sending's id
    std::uint64_t generation = 0;

    bool operator<(const Event& other) const {  // the queue's top is the greatest
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  Impl(std::shared_ptr<const Config> first, const EngineOptions& how, Transport& transport);

  // --- engine.cc: events, and a configuration's life ---

  void schedule(Timestamp at, EventKind kind, std::uint64_t target = 0,
                std::uint64_t generation = 0);
  void advance(Timestamp to);
  void run(const Event& event);
  void begin(std::shared_ptr<const Config> new_config);
  void start_dispatching();
  /// What depends on the label set and the configuration only.
  void place(AlertEntry& entry);

  // --- engine_intake.cc: what is posted, and its groups ---

  std::vector<std::string> post(std::span<const PostedAlert> alerts);
  std::string post(const PostedAlert& alert);
  bool keep_posting(const PostedAlert& alert, Duration period);
  void stop_posting(const Labels& labels);
  AlertEntry* find_entry(const Labels& labels);
  AlertEntry& new_entry(const Labels& labels);
  void merge(AlertEntry& entry, const PostedAlert& alert, Timestamp starts_at, Timestamp ends_at);
  void collect_alerts();
  void dispatch(AlertEntry& entry);
  static void join(Group& group, AlertEntry& entry, AlertEntry::Place& place);
  Group& new_group(const Route& route, const Labels& labels);
  Group* find_group(std::uint64_t slot, std::uint64_t generation);
  void start_timer(Group& group);
  void destroy(Group& group);
  void timer_fired(Group& group, const Event& event);
  void tick(Group& group, Timestamp at);

  // --- engine_flush.cc: a group tells its receiver ---

  void flush(Group& group, Timestamp tick_time);
  /// Leaves in `passed` what is not muted; false when that is nothing.
  bool pass_filters(Group& group, Timestamp tick_time);
  bool route_is_muted(Group& group, Timestamp tick_time) const;
  /// Tells the observer; `muted` is about the whole route.
  void report_flush(const Group& group, bool muted) const;
  void notify(Group& group, Timestamp tick_time);
  void tell(Group& group, std::size_t place, NotifyReason reason, Timestamp tick_time);
  std::shared_ptr<const Notification> notification(const Group& group,
                                                   const Integration& integration,
                                                   NotifyReason reason, Timestamp tick_time) const;

  // --- engine_send.cc: a notification on its way ---

  /// By EngineOptions::time_scale.
  Nanos scaled(Nanos length) const;
  void attempt(std::uint64_t id);
  /// Of an attempt; of an earlier one it is ignored.
  void answer_arrived(std::uint64_t id, std::uint64_t number);
  void answered(std::uint64_t id, const Answer& answer);
  void write_log(const Group& group, const std::string& key,
                 const std::vector<std::uint64_t>& told_firing,
                 const std::vector<std::uint64_t>& told_resolved);
  void finish(std::uint64_t id, bool delivered);
  void finished_one(Group& group, bool success);
  /// Those that nobody posted anew since the flush began.
  void drop_resolved(Group& group);

  // --- engine_status.cc: what the API shows ---

  AlertStatus status_of(const AlertEntry& entry) const;
  std::vector<AlertStatus> alerts() const;
  std::vector<GroupStatus> all_groups() const;

  EngineOptions options;
  Transport& out;
  Timestamp now;
  std::shared_ptr<const Config> config;
  Silences silences;
  NotificationLog log;
  std::unique_ptr<Inhibitor> inhibitor;
  std::unordered_map<Labels, std::unique_ptr<AlertEntry>> entries;
  std::vector<std::unique_ptr<Group>> groups;
  std::vector<std::size_t> free_slots;
  std::vector<std::unordered_map<Labels, Group*>> by_route;
  std::unordered_map<std::uint64_t, Sending> sendings;
  std::priority_queue<Event> events;
  std::uint64_t next_order = 0;
  std::uint64_t last_version = 0;
  std::uint64_t last_generation = 0;
  std::uint64_t last_sending = 0;
  std::uint64_t dispatcher = 0;  ///< counts configurations
  bool dispatching = false;
  Random noise;
  // Of the flush that is being made; kept to spare allocations.
  std::vector<AlertEntry*> passed;
  std::vector<std::uint64_t> firing;
  std::vector<std::uint64_t> resolved;
};

}  // namespace tocsin::alerting
