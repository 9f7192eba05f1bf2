#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "harness/alerting/config.h"

namespace tocsin::stack {

/// Where the receivers of a run are.
struct ReceiverAddresses {
  using Of = std::function<std::string(const std::string& receiver, const std::string& kind,
                                       std::size_t index)>;
  Of url;   ///< of whatever is told over HTTP
  Of mail;  ///< host:port, of kind "email"
  /// The file of the authority that vouches for it; empty: nobody does.
  std::string mail_authority = {};
  /// Whether mail that was to go over TLS from the first byte on does so here, too; else STARTTLS
  /// stands for it. Alertmanager knows that setting since 0.28.
  bool implicit_tls = false;
  /// Whether those stay that Alertmanager can't be told to send elsewhere (Pushover, PagerDuty's
  /// version 1): for Tocsin's own sender, which redirect_fixed() leads.
  bool fixed_ones = false;
  /// Whether notifications carry a mark (harness/model/notification_mark.h) where they can.
  bool mark = false;
};

struct RewrittenConfig {
  std::string text;                   ///< alertmanager.yml
  std::vector<std::string> unscaled;  ///< what the time scale leaves as it is, one sentence each
  std::vector<std::string> left_out;  ///< what can't be told here, and whose secrets are not here
  /// Receiver and kind of those that are told nothing.
  std::vector<std::pair<std::string, std::string>> gone;
};

/// The configuration for a real Alertmanager that tells nobody but our receivers: every integration
/// sends to `addresses`, one for which there is no such setting is left out; proxies, tokens from
/// elsewhere and files that are not here are gone. Waits and intervals of routes are divided by
/// `time_scale`, those too that are not written down.
RewrittenConfig rewrite_config(const alerting::Config& config, const ReceiverAddresses& addresses,
                               double time_scale);

/// Leads those to `addresses` that Alertmanager can't be told to send elsewhere.
void redirect_fixed(alerting::Config& config, const ReceiverAddresses& addresses);

/// Whether an integration of kind "email" hands its mail in over TLS from the first byte on.
bool wants_implicit_tls(const alerting::Integration& integration);

}  // namespace tocsin::stack
