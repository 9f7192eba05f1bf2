#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/series.h"

/// The two text forms in which a target shows its metrics: Prometheus' text format 0.0.4
/// (prometheus.io/docs/instrumenting/exposition_formats) and OpenMetrics 1.0 (openmetrics.io). Both
/// are read with the UTF-8 names of Prometheus 3: {"my.metric", "my.label"="x"} 1.

namespace tocsin::metrics {

enum class ExpositionFormat { kText, kOpenMetrics };

/// By the media type of a Content-Type header, as Prometheus: application/openmetrics-text is
/// OpenMetrics, all else the text format.
ExpositionFormat format_of_content_type(std::string_view content_type);
/// What a server that speaks both answers to an Accept header: the one with the higher q,
/// OpenMetrics when they are equal, the text format when neither is named.
ExpositionFormat format_for_accept(std::string_view accept);
/// The Content-Type to send.
std::string_view content_type(ExpositionFormat format);
/// The Accept header of a scraper that reads both.
std::string_view accept_header();

struct Exemplar {
  Labels labels;
  double value = 0;
  std::optional<Timestamp> at;
  bool operator==(const Exemplar&) const = default;
};

/// Bounds for hostile pages; a page beyond them is an error of kind kLimit.
struct ExpositionLimits {
  std::size_t line_bytes = 1 << 20;
  std::size_t labels = 256;  ///< of one sample
  std::size_t samples = std::numeric_limits<std::size_t>::max();
};

/// One sample line. Views are valid during the call that brings it.
struct ParsedSample {
  std::string_view name;              ///< unescaped
  std::span<const LabelView> labels;  ///< unescaped, as ordered in the page, names unique
  std::string_view series;            ///< name and labels as written
  double value = 0;
  std::string_view value_text;  ///< as written
  std::optional<Timestamp> at;
  const Exemplar* exemplar = nullptr;  ///< null: none
  int line = 0;
};

/// Receives a page's content in its order.
class ExpositionHandler {
 public:
  virtual ~ExpositionHandler() = default;
  virtual void on_type(std::string_view /*family*/, MetricType /*type*/) {}
  virtual void on_help(std::string_view /*family*/, std::string_view /*help*/) {}
  virtual void on_unit(std::string_view /*family*/, std::string_view /*unit*/) {}
  virtual void on_sample(const ParsedSample& sample) = 0;
};

/// Stops at the first error; its position has no file. What was handled before stands. OpenMetrics
/// must end with "# EOF" and hold nothing after it.
Result<void> parse_exposition(std::string_view page, ExpositionFormat format,
                              ExpositionHandler& handler, const ExpositionLimits& limits = {});

/// One sample of a family, with its full name as label __name__.
struct ExpositionSample {
  Labels labels;
  double value = 0;
  std::optional<Timestamp> at = {};
  std::optional<Exemplar> exemplar = {};
  bool operator==(const ExpositionSample&) const = default;
};

/// A family as a page shows it: TYPE, HELP, UNIT and its samples. `info.name` is the name in the
/// TYPE line: in the text format "requests_total" for a counter, in OpenMetrics "requests".
struct FamilySamples {
  FamilyInfo info;
  std::vector<ExpositionSample> samples;
  bool operator==(const FamilySamples&) const = default;
};

/// The whole page by family, in order of first appearance. Samples that no TYPE, HELP or UNIT line
/// speaks of form families of their own name and unknown type.
Result<std::vector<FamilySamples>> parse_families(std::string_view page, ExpositionFormat format,
                                                  const ExpositionLimits& limits = {});

/// Name of the family of type `type` that a sample of this name would belong to: "x_bucket" of a
/// histogram is "x". nullopt when such a family has no such samples.
std::optional<std::string_view> family_of_sample(std::string_view sample_name, MetricType type,
                                                 ExpositionFormat format);

}  // namespace tocsin::metrics
