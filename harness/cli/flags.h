#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tocsin::http {
class Headers;
}
namespace tocsin::stack {
struct ApiOptions;
}

namespace tocsin::cli {

/// The error as one of a flag.
Error flag_error(const std::string& flag, Error error);

/// Refuses a sign, which CLI11 would let wrap around.
void expect_whole_number(CLI::Option& option);

/// "Bearer TOKEN", of a file with one line; `flag` is for messages, which never repeat a token.
Result<std::string> bearer_of(const std::string& flag, const std::string& file);

/// --header "Name: value", each. Problems go to `diagnostics`, which never repeat a value: it may
/// be a secret.
void read_header_flags(const std::vector<std::string>& texts, http::Headers& headers,
                       Diagnostics& diagnostics);

/// Of the API of a program, for a flag that is its URL.
Result<stack::ApiOptions> api_options(const std::string& flag, const std::string& name,
                                      const std::string& text, const http::Headers& headers);

/// --promql 2|3: whose PromQL; `version` is its default.
void add_promql_option(CLI::App& command, std::string& version);

/// A point in time as users write it: absolute, or so long before the end of something.
struct TimeFlag {
  std::optional<Timestamp> absolute;
  Duration before_end{0};

  Timestamp at(Timestamp end) const { return absolute.value_or(end - before_end); }
};
/// RFC 3339, seconds since 1970, or a duration like 7d. The error has no position.
Result<TimeFlag> parse_time_flag(const std::string& text);

}  // namespace tocsin::cli
