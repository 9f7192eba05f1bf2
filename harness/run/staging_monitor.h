#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "harness/run/monitor.h"
#include "harness/run/stack_context.h"
#include "harness/stack/http_api.h"

namespace tocsin::run {

/// A Prometheus and an Alertmanager that run already and that are only watched: their rules and
/// routes are their own.
struct StagingOptions {
  stack::ApiOptions prometheus;
  std::optional<stack::ApiOptions> alertmanager;
  /// Where fake receivers listen that this Alertmanager tells of alerts; none: nobody of ours is
  /// told, and claims on notifications cannot be judged.
  std::optional<std::uint16_t> receivers_port;
  std::string receivers_host = {};  ///< the address that they listen on; empty: 127.0.0.1
};

/// Lets that Prometheus scrape and evaluate. prepare() fails where it does not answer or lacks
/// rules that the scenario makes claims on; what else differs from the system's files is a warning.
std::unique_ptr<Monitor> staging_monitor(const StackContext& context, StagingOptions options);

}  // namespace tocsin::run
