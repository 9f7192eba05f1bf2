#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fakes/receivers/receiver_server.h"

namespace tocsin::receivers {

/// What came, bounded. Any thread.
class RecordStore {
 public:
  explicit RecordStore(const Limits& limits) : limits_(limits) {}

  /// Numbers it and counts its attempt: those of the same integration and identity that were not
  /// delivered go before, and those of `earlier` identities, of which less was known. Cuts its body
  /// and texts. Returns its number.
  std::uint64_t add(Received received, const std::vector<std::string>& earlier = {});
  /// It turned out that the sender never saw the answer.
  void mark_undelivered(std::uint64_t number, const std::string& why);
  void count_stray();

  std::vector<Received> received() const;
  std::vector<Received> take();
  ReceiverCounters counters() const;
  bool wait_for(std::uint64_t count, Nanos longest) const;

 private:
  int failures_of(const std::string& key) const;
  void keep(Received received);

  const Limits limits_;
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::deque<Received> kept_;
  std::size_t kept_bytes_ = 0;
  std::map<std::string, int> failed_;  ///< attempts in a row, by integration and identity
  ReceiverCounters counters_;
};

}  // namespace tocsin::receivers
