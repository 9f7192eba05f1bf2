#include "harness/cli/flags.h"

#include <charconv>
#include <cmath>

#include <CLI/CLI.hpp>

#include "harness/base/file.h"
#include "harness/http/message.h"
#include "harness/http/url.h"
#include "harness/stack/http_api.h"

namespace tocsin::cli {

Error flag_error(const std::string& flag, Error error) {
  error.message = flag + ": " + error.message;
  return error;
}

namespace {

constexpr std::size_t kLongestToken = 64 * 1024;

std::string trimmed(std::string text) {
  constexpr const char* kBlanks = " \t\r\n";
  text.erase(0, text.find_first_not_of(kBlanks));
  text.erase(text.find_last_not_of(kBlanks) + 1);
  return text;
}

}  // namespace

Result<std::string> bearer_of(const std::string& flag, const std::string& file) {
  auto token = read_file(file, kLongestToken);
  if (token.has_error()) return flag_error(flag, token.error());
  std::string value = "Bearer " + trimmed(std::move(*token));
  if (http::valid_header("Authorization", value)) return value;
  return input_error({}, flag + ": " + file + " does not hold one line with a token");
}

void read_header_flags(const std::vector<std::string>& texts, http::Headers& headers,
                       Diagnostics& diagnostics) {
  for (const std::string& text : texts) {
    const std::size_t colon = text.find(':');
    const std::string name = text.substr(0, colon);
    const std::string value = colon == std::string::npos ? "" : trimmed(text.substr(colon + 1));
    // Nothing of the value is repeated: it may be a secret. A text without colon may be one, too.
    if (colon == std::string::npos || !http::valid_header(name, value)) {
      diagnostics.add(input_error({}, "--header: expected \"Name: value\""));
      continue;
    }
    headers.set(name, value);
  }
}

Result<stack::ApiOptions> api_options(const std::string& flag, const std::string& name,
                                      const std::string& text, const http::Headers& headers) {
  auto url = http::parse_url(text);
  if (url.has_error()) return flag_error(flag, url.error());
  if (url->target.find('?') != std::string::npos) {
    return input_error({}, flag + ": the URL must not have a query");
  }
  while (url->target.ends_with('/')) url->target.pop_back();
  stack::ApiOptions options;
  options.name = name;
  options.url = std::move(*url);
  options.headers = headers;
  return options;
}

void expect_whole_number(CLI::Option& option) {
  option.check([](const std::string& text) {
    const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
    return digits ? std::string() : "expected a whole number, got \"" + text + '"';
  });
  option.type_name("N");
}

void add_promql_option(CLI::App& command, std::string& version) {
  command
      .add_option("--promql", version,
                  "2: left-closed ranges and the like, as Prometheus 2 and its promtool evaluate")
      ->check(CLI::IsMember({"2", "3"}).description(""))
      ->capture_default_str()
      ->type_name("2|3");
}

Result<TimeFlag> parse_time_flag(const std::string& text) {
  const auto absolute = parse_rfc3339(text);
  if (!absolute.has_error()) return TimeFlag{*absolute, Duration(0)};
  constexpr double kFarthest = 1e11;  // the year 5138; far from overflowing as milliseconds
  double seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  if (whole && std::abs(seconds) <= kFarthest) {
    return TimeFlag{from_ms(std::llround(seconds * 1000)), Duration(0)};
  }
  const auto before = parse_duration(text);
  if (!before.has_error()) return TimeFlag{std::nullopt, *before};
  Error error = input_error({}, "\"" + text + "\" is no time");
  error.hints.emplace_back(
      "times are written like 2026-01-28T09:00:00Z or 1769590800, or 7d for a week before the end");
  return error;
}

}  // namespace tocsin::cli
