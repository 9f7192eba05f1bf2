#pragma once

#include <string>
#include <string_view>

#include "harness/alerting/engine.h"

namespace tocsin::alerting {

struct ApiAnswer {
  int code = 200;
  std::string body;  ///< JSON, or the few texts that are none
};

/// Alertmanager's API, version 2, and its health paths over an engine; without sockets.
class Api {
 public:
  /// The engine outlives the API.
  explicit Api(Engine& engine) : engine_(engine) {}

  /// `target` is the path with its query, as in the request line.
  ApiAnswer handle(std::string_view method, std::string_view target, std::string_view body = {},
                   std::string_view content_type = "application/json");

 private:
  Engine& engine_;
};

inline constexpr std::size_t kLargestApiBody = 64 << 20;

/// A time as the API writes it: three decimals and Z.
std::string api_time(Timestamp at);

}  // namespace tocsin::alerting
