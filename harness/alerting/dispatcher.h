#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/alerting/alert.h"
#include "harness/alerting/config.h"
#include "harness/alerting/inhibitor.h"

/// The pieces that an engine is made of; engine.cc puts them together.

namespace tocsin::alerting {

struct Group;

/// Everything about one label set. Groups point to it, so that a repeated post costs one look-up.
struct AlertEntry {
  /// An alert's place in the group of one route.
  struct Place {
    const Route* route = nullptr;
    Group* group = nullptr;  ///< null: in none
  };

  Labels labels;
  std::uint64_t fingerprint = 0;
  Timestamp starts_at = {};
  Timestamp ends_at = {};
  Timestamp updated_at = {};
  bool timeout = false;  ///< the end is a guess, by resolve_timeout
  /// While somebody posts the alert again and again, each `renewal` with an end so much later: then
  /// `ends_at` is beyond all time, and settle() says what it would be.
  Duration renewal{0};
  Duration lifetime{0};
  bool stored = false;  ///< known to the API; groups may know it longer
  std::uint64_t version = 0;
  AlertTextPtr text;
  std::vector<Place> places;  ///< of the present configuration
  InhibitRoles inhibit;

  bool resolved_at(Timestamp now) const { return ends_at <= now; }
  bool grouped() const;
  /// When it was posted last before `now`, and the end that it got then.
  std::pair<Timestamp, Timestamp> posted_last(Timestamp now) const;
  /// Nobody renews it any more.
  void settle(Timestamp now);
};

/// What an integration was told last about a group.
struct LogEntry {
  Timestamp at = {};
  Timestamp expires_at = {};
  std::vector<std::uint64_t> firing;  ///< fingerprints
  std::vector<std::uint64_t> resolved;
};

/// The notification log: it outlives groups and configurations.
class NotificationLog {
 public:
  static std::string key_of(std::string_view group_key, std::string_view receiver,
                            const Integration& integration);
  const LogEntry* find(const std::string& key) const;
  void write(const std::string& key, LogEntry entry) { entries_[key] = std::move(entry); }
  void collect_garbage(Timestamp now);

 private:
  std::unordered_map<std::string, LogEntry> entries_;
};

/// Whether an integration is told, and why.
NotifyReason needs_update(const LogEntry* last, const std::vector<std::uint64_t>& firing,
                          const std::vector<std::uint64_t>& resolved, bool send_resolved,
                          Duration repeat_interval, Timestamp tick);

/// The alerts of one route with the same group labels.
struct Group {
  std::size_t slot = 0;
  std::uint64_t generation = 0;  ///< changes when the slot is used again
  const Route* route = nullptr;
  const Receiver* receiver = nullptr;
  Labels labels;
  std::string key;
  std::vector<std::string> log_keys;  ///< one an integration
  std::vector<AlertEntry*> members;   ///< in the order of notifications
  std::vector<std::string> muted_by;

  bool running = false;  ///< the dispatcher has begun
  Timestamp due = {};    ///< of the timer
  /// A flush waits for answers; a tick that falls due meanwhile comes after it.
  bool flushing = false;
  bool failed = false;
  std::size_t outstanding = 0;
  std::optional<Timestamp> late_tick;
  struct Resolved {
    AlertEntry* entry;
    std::uint64_t version;
  };
  std::vector<Resolved> resolved;  ///< when the flush began

  void insert(AlertEntry* entry);
  void erase(AlertEntry* entry);
};

}  // namespace tocsin::alerting
