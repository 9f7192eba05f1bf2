#pragma once

#include <map>

#include "fakes/receivers/reading.h"
#include "fakes/receivers/receiver_server.h"
#include "fakes/receivers/record_store.h"
#include "harness/net/loop.h"

namespace tocsin::receivers {

/// What all doors of a server share. The loop's thread, but for the store.
struct Site {
  net::Loop& loop;
  const ReceiverOptions& options;
  TroubleSchedule& schedule;
  RecordStore& store;
  std::map<IntegrationId, Memory> memories = {};  ///< of integrations that are set up
  Memory common_memory = {};                      ///< of all others

  Memory& memory_of(const IntegrationId& id) {
    const auto it = memories.find(id);
    return it == memories.end() ? common_memory : it->second;
  }

  Duration offset() const { return options.offset(); }
  /// Scenario time on this machine's clock.
  Nanos real(Duration scenario_time) const;
};

/// Of attempts of which no more is known than whose connection it was.
inline constexpr const char* kConnectionIdentity = "connection";

/// An attempt that came to nothing before it said anything.
Received empty_attempt(const IntegrationId& id, const std::string& scripted,
                       const std::string& error);

}  // namespace tocsin::receivers
