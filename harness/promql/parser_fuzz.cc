#include <cstdint>
#include <cstdlib>

#include "harness/promql/parser.h"

/// libFuzzer target: any text is an expression or an error, and what parses is printed as a text
/// that parses to the same.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Error> errors;
  const auto parsed = promql::parse_expression(text, errors);
  for (const Error& error : errors) (void)render(error);
  if (parsed.has_error()) return 0;
  const std::string printed = promql::print(*parsed->root);
  const auto again = promql::parse_expression(printed);
  if (again.has_error() || promql::print(*again->root) != printed) std::abort();
  (void)promql::pretty_print(*parsed->root);
  return 0;
}
