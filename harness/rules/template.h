#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"

/// Go's text/template as Prometheus' alert templates use it, with Prometheus' functions.

namespace tocsin::rules {

/// What a template sees: $labels, $value, $externalLabels, $externalURL, and query().
struct TemplateData {
  Labels labels;  ///< without __name__ and alertname
  double value = 0;
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string external_url;
  Timestamp now = {};
  struct QuerySample {
    Labels labels;
    double value = 0;
  };
  /// Null: query() is an error.
  std::function<Result<std::vector<QuerySample>>(std::string_view expression)> query;
};

/// A parsed template; immutable, cheap to copy.
class Template {
 public:
  /// Positions in the error are within `text` (line and column from 1).
  static Result<Template> parse(std::string_view text);

  /// Prometheus prints a failing template as "<error expanding template: …>"; that is the caller's
  /// choice, this returns the error.
  Result<std::string> expand(const TemplateData& data) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tocsin::rules
