#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/alerting/config.h"

/// libFuzzer target: any text is an alertmanager.yml, or there is something to say about it.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  Diagnostics diagnostics;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto config = alerting::parse_config("fuzz.yml", text, diagnostics);
  if (diagnostics.ok()) {
    config->route.match({{"alertname", "A"}, {"severity", "critical"}});
    alerting::masked_yaml(*config);
  }
  diagnostics.render();
  return 0;
}
