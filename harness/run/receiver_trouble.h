#pragma once

#include <optional>

#include "fakes/receivers/receiver_server.h"
#include "harness/alerting/engine.h"
#include "harness/faults/fault.h"
#include "harness/run/live_clock.h"
#include "harness/scenario/scenario.h"
#include "harness/stack/alertmanager_config.h"

namespace tocsin::run {

/// How a receiver on the virtual clock takes a delivery: at once and `well`, or as its trouble has
/// it.
alerting::Answer answer_of(const alerting::Integration& integration,
                           const std::optional<faults::ReceiverFault>& trouble,
                           alerting::Answer well = {});

/// What the receivers have to know of one integration.
receivers::IntegrationSetup integration_setup(const std::string& receiver,
                                              const alerting::Integration& integration);

/// The receivers of a live run on real sockets: every integration of the configuration, with the
/// troubles that the scenario makes. The clock outlives them. `implicit_tls`: whether mail that is
/// to go over TLS from the first byte on does so (see stack::ReceiverAddresses).
receivers::ReceiverOptions receiver_options(const scenario::Scenario& scenario,
                                            const alerting::Config& config, const LiveClock& clock,
                                            bool implicit_tls = false);

/// Where a configuration of the run has to send to. The server outlives it.
stack::ReceiverAddresses receiver_addresses(const receivers::ReceiverServer& receivers);

}  // namespace tocsin::run
