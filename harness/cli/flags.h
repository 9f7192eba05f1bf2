#pragma once

#include <string>

#include "harness/base/error.h"

namespace CLI {
class Option;
}

namespace tocsin::cli {

/// The error as one of a flag.
Error flag_error(const std::string& flag, Error error);

/// Refuses a sign, which CLI11 would let wrap around.
void expect_whole_number(CLI::Option& option);

}  // namespace tocsin::cli
