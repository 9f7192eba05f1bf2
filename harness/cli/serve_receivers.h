#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "fakes/receivers/receiver_server.h"
#include "harness/alerting/config.h"
#include "harness/cli/command.h"

namespace tocsin::cli {

/// `tocsin serve --receivers`: whoever an Alertmanager beside it may tell.
struct ServeReceiversFlags {
  std::optional<std::uint16_t> port;  ///< of those over HTTP; 0: free; none: there are none
  std::uint16_t mail_port = 0;
  std::string config_file;  ///< where to write the system's alertmanager.yml, pointed here
};

class ServedReceivers {
 public:
  /// `config` is the system's; null: it has none.
  static Result<std::unique_ptr<ServedReceivers>> open(
      const ServeReceiversFlags& flags, const std::string& host,
      std::shared_ptr<const alerting::Config> config);

  /// Where they are, line by line.
  std::string describe() const;
  std::string port_lines() const;
  /// Prints what came since the last time.
  void print_arrivals();

 private:
  ServedReceivers() = default;
  Result<void> write_config(const std::string& path) const;

  std::unique_ptr<receivers::ReceiverServer> server_;
  std::shared_ptr<const alerting::Config> config_;
  std::string config_file_;
};

/// A notification as a human wants to see it pass by.
std::string arrival_text(const receivers::Received& received);

}  // namespace tocsin::cli
