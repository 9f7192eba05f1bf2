#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/native_histogram.h"

/// Go's text/template as Prometheus' alert templates use it, with Prometheus' functions.

namespace tocsin::rules {

/// What a template sees: $labels, $value, $externalLabels, $externalURL, and query().
struct TemplateData {
  Labels labels;  ///< of the expression's result, before the rule's own are added
  double value = 0;
  NativeHistogramPtr histogram;  ///< the value, when it is one
  std::vector<std::pair<std::string, std::string>> external_labels;
  std::string external_url;
  /// promtool knows $externalURL, but no URL for the functions externalURL and pathPrefix.
  bool url_functions_fail = false;
  Timestamp now = {};
  struct QuerySample {
    Labels labels;
    double value = 0;
  };
  /// Null: query() is an error.
  std::function<Result<std::vector<QuerySample>>(std::string_view expression)> query;
};

/// What a template's text may change with, beside the labels.
enum class TemplateUse {
  kText,    ///< holds no action: it is its own result
  kLabels,  ///< reads labels and constants only
  kValue,   ///< may read the value
  kTime,    ///< may read the clock or query
};

/// A parsed template; immutable, cheap to copy.
class Template {
 public:
  /// Positions in the error are within `text` (line and column from 1).
  static Result<Template> parse(std::string_view text);

  TemplateUse use() const;

  /// The error's message holds the part that failed and Go's reason; its position is within the
  /// text.
  Result<std::string> expand(const TemplateData& data) const;

  /// The text as Prometheus puts it into an alert: a failing template becomes "<error expanding
  /// template: error executing template __alert_NAME: …>", word for word.
  std::string expand_for_alert(std::string_view alert, const TemplateData& data) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace tocsin::rules
