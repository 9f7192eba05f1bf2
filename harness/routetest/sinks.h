#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "harness/alerting/engine.h"
#include "harness/base/time.h"

namespace tocsin::routetest {

/// How a mock receiver behaves; times since the case's beginning.
struct SinkScript {
  std::optional<Duration> ignore_until;  ///< answers 200 and throws the body away
  std::optional<Duration> slow_until;
  Duration slow_by{0};
  std::optional<Duration> status_until;
  std::optional<std::pair<Duration, Duration>> fail_window;  ///< both ends included
  int status = 500;
};

/// A notification that arrived.
struct Arrival {
  std::string sink;
  Duration at{0};
  nlohmann::json body;            ///< of a webhook
  std::size_t failed_before = 0;  ///< attempts that the sink refused since the beginning
  bool claimed = false;
};

/// The receivers of a case. In its configuration their addresses are written @name@.
class Sinks final : public alerting::Transport {
 public:
  explicit Sinks(Timestamp begin) : begin_(begin) {}

  /// The configuration with addresses in place of names.
  std::string with_addresses(const std::string& config);
  void set_script(const std::string& sink, const SinkScript& script) { scripts_[sink] = script; }

  std::optional<alerting::Answer> send(const alerting::Delivery& delivery) override;

  std::vector<Arrival>& arrivals() { return arrivals_; }

 private:
  std::string sink_of(const alerting::Integration& integration) const;

  Timestamp begin_;
  std::map<std::string, SinkScript> scripts_;
  std::map<std::string, std::size_t> refused_;
  std::vector<Arrival> arrivals_;
};

}  // namespace tocsin::routetest
