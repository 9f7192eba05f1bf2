#include <cstdint>

#include "harness/rules/rule.h"

/// libFuzzer target: any text is a rule file, or there is something to say about it.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Diagnostics diagnostics;
  (void)rules::parse_rule_file("rules.yml", text, diagnostics);
  (void)diagnostics.render();
  return 0;
}
