#include "harness/cli/flags.h"

#include <CLI/CLI.hpp>

namespace tocsin::cli {

Error flag_error(const std::string& flag, Error error) {
  error.message = flag + ": " + error.message;
  return error;
}

void expect_whole_number(CLI::Option& option) {
  option.check([](const std::string& text) {
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    return digits ? std::string() : "expected a whole number, got \"" + text + '"';
  });
  option.type_name("N");
}

}  // namespace tocsin::cli
