#include <cstdint>

#include "harness/promql/promqltest.h"

/// libFuzzer target: any text is a test script or an error.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto commands = promql::parse_script(text, "script.test");
  if (commands.has_error()) (void)render(commands.error());
  return 0;
}
