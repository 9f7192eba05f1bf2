#pragma once

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
  Memory memory = {};

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
