#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/time.h"
#include "harness/http/message.h"
#include "harness/model/matcher.h"
#include "harness/model/series.h"
#include "harness/promql/parser.h"

/// The parameters of a request: those of a form body, then those of the query. Whatever cannot be
/// read is an ApiFailure in Prometheus' words.

namespace tocsin::promapi {

/// "a%20b" and "a+b" as forms have them; nullopt where a percent sign is no escape.
std::optional<std::string> unescape_form(std::string_view text);
/// The same where a plus sign is one: in paths.
std::optional<std::string> unescape_path(std::string_view text);

class Parameters {
 public:
  explicit Parameters(const http::Request& request);

  /// The first of that name; "" when there is none.
  const std::string& get(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

  /// Seconds since the epoch or RFC 3339.
  std::optional<Timestamp> time(const std::string& name) const;
  /// Seconds or Prometheus' syntax.
  std::optional<Duration> duration(const std::string& name) const;
  /// "limit"; 0 is none.
  std::size_t limit() const;
  /// From "start" to "end".
  TimeRange range() const;
  /// The selectors of "match[]", each with a matcher that the empty string does not satisfy.
  std::vector<std::vector<Matcher>> selectors(const promql::ParseOptions& language) const;

 private:
  void add(std::string_view form);

  std::vector<std::pair<std::string, std::string>> values_;
};

/// As the API takes them; the errors are what follows "invalid parameter …: ".
Result<Timestamp> parse_api_time(const std::string& text);
Result<Duration> parse_api_duration(const std::string& text);

}  // namespace tocsin::promapi
