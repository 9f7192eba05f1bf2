#pragma once

#include <string>
#include <vector>

#include "harness/faults/action.h"
#include "harness/net/loop.h"
#include "harness/net/tls.h"
#include "harness/run/outside_step.h"

/// An existing Toxiproxy, driven over its API (version 2.x): POST /proxies/NAME/toxics adds a
/// toxic, DELETE /proxies/NAME/toxics/TOXIC removes it, POST /proxies/NAME sets `enabled`.

namespace tocsin::run {

/// The calls that add the toxics of an action, and those that remove them, in opposite order.
struct ToxicSteps {
  std::vector<OutsideStep> start;
  std::vector<OutsideStep> stop;
};

/// `number` of the fault, from 1: toxics are called "tocsin_NUMBER_latency_downstream".
ToxicSteps toxic_steps(const faults::ToxiproxyAction& action, std::size_t number);

/// That it answers, and has the proxy, enabled and without toxics of these names. Otherwise the
/// fault could not be made, or its end would destroy what somebody else has made.
net::Task<Result<void>> check_toxiproxy(net::Loop& loop, faults::ToxiproxyAction action,
                                        std::size_t number, net::TlsContextPtr tls);

}  // namespace tocsin::run
