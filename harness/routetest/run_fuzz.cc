#include <cstddef>
#include <cstdint>
#include <string>

#include "harness/routetest/run.h"

/// libFuzzer target: any text is a file of routing tests, or there is something to say about it.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const routetest::FileResult file = routetest::run_text("fuzz.yml", text, {});
  (void)routetest::render_text(file, true);
  (void)routetest::render_junit({&file, 1}, Nanos(0));
  return 0;
}
