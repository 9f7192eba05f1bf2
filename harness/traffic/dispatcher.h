#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <vector>

#include "harness/traffic/mix.h"
#include "harness/traffic/recorder.h"
#include "harness/traffic/schedule.h"

namespace tocsin::traffic {

/// Decides which request goes to which connection, and when; knows neither sockets nor clocks.
///
///     schedule ──┐  due   ┌─────────┐  poll()  ┌────────────┐
///                ├───────→│ waiting │─────────→│ connection │
///     users ─────┘        └─────────┘          └─────┬──────┘
///       ↑                      └→ dropped            │ finished()
///       └──────────────────── think ─────────────────┘
///
/// All times count from the run's start; `now` never goes backwards. Of the free connections the
/// one used last goes first, as in a client's pool: few connections at low rates, none of them idle
/// long enough for the server to close it.
class Dispatcher {
 public:
  struct Options {
    Schedule::Options schedule;
    std::uint32_t connections = 1;
    /// Requests that may wait while all connections are busy.
    std::size_t waiting_limit = 0;
    /// After a failed request a user thinks at least so long, so that a closed port isn't hammered.
    Nanos pause_after_failure = std::chrono::milliseconds(100);
  };

  /// What to send now.
  struct Assignment {
    std::uint32_t connection = 0;
    DueRequest request;
    Nanos ready{0};  ///< since when it was due and a connection was free
  };

  /// `recorder` hears of every request that becomes due or is dropped, and outlives this.
  Dispatcher(const Traffic& traffic, const Options& options, Recorder& recorder);

  /// The next request to send, and its connection, which is busy from now on; none: wait until
  /// next_due(), or for a connection to finish. Looks at no more than kMostAtOnce due requests, so
  /// that a rate beyond all means cannot hold up the caller; then next_due() is not after `now`.
  std::optional<Assignment> poll(Nanos now);
  static constexpr int kMostAtOnce = 256;

  /// The connection has its answer, or the failure; it is free.
  enum class Outcome { kAnswered, kFailed };
  void finished(const Assignment& assignment, Nanos now, Outcome outcome);

  /// When the next request becomes due; Nanos::max() when none does without a connection finishing.
  Nanos next_due() const;
  /// Nothing is due, waiting or in flight any more.
  bool exhausted() const;
  /// Gives up what still waits, which counts as unfinished, and says how much it was.
  std::size_t abandon_waiting();

 private:
  struct UserGroup {
    Users users;
    Nanos end{0};
    Mix mix;
  };
  struct Wake {
    Nanos at{0};
    std::uint32_t phase = 0;

    bool operator>(const Wake& other) const { return at > other.at; }
  };
  struct FreeConnection {
    std::uint32_t connection = 0;
    Nanos since{0};
  };

  void admit(Nanos now);
  void enqueue(const DueRequest& request);
  void add_users(const Phase& phase, std::uint32_t index, Nanos start, Nanos end);

  Options options_;
  Recorder& recorder_;
  Schedule schedule_;
  std::optional<Schedule::Arrival> arrival_;
  std::vector<std::optional<UserGroup>> groups_;  ///< by phase
  std::priority_queue<Wake, std::vector<Wake>, std::greater<>> thinking_;
  std::deque<DueRequest> waiting_;
  std::vector<FreeConnection> free_;
};

}  // namespace tocsin::traffic
