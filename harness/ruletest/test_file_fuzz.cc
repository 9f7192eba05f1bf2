#include <cstdint>

#include "harness/ruletest/test_file.h"

/// libFuzzer target: any text is a file of rule unit tests, or there is something to say
/// about it.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  (void)ruletest::parse_test_file("test.yml", std::string(text), {}, diagnostics);
  (void)diagnostics.render();
  return 0;
}
