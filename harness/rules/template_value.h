#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/rules/template.h"

/// What a template computes with: the few Go types that reach Prometheus' templates.

namespace tocsin::rules::templates {

struct Value;

/// An untyped nil, or the value of nothing.
struct Nil {
  bool operator==(const Nil&) const = default;
};
/// template.HTML, made by safeHtml.
struct Html {
  std::string text;
};
/// *time.Time, in UTC.
struct GoTime {
  Timestamp at = {};
};
/// *time.Duration.
struct GoDuration {
  std::chrono::nanoseconds length{0};
};
/// *histogram.FloatHistogram; not null.
using Histogram = NativeHistogramPtr;
/// map[string]interface {}, made by args.
using Arguments = std::shared_ptr<const std::map<std::string, Value>>;
using Sample = std::shared_ptr<const TemplateData::QuerySample>;
/// What query returns.
using Samples = std::vector<Sample>;
/// The data itself: what "." and "$" are at the top.
struct Root {
  const TemplateData* data = nullptr;
};

/// Labels stand for map[string]string.
struct Value {
  using Held = std::variant<Nil, bool, std::int64_t, double, std::string, Labels, Html, GoTime,
                            GoDuration, Histogram, Arguments, Sample, Samples, Root>;

  Value() = default;
  template <class T>
  requires std::is_constructible_v<Held, T> Value(T value)
      : held(std::move(value)) {}  // NOLINT(google-explicit-constructor): a variant

  template <class T>
  const T* as() const {
    return std::get_if<T>(&held);
  }
  bool is_nil() const { return as<Nil>() != nullptr; }

  Held held;
};

/// $value: a number or a histogram.
Value alert_value(const TemplateData& data);
/// The type's name as Go prints it: "float64", "map[string]string".
std::string type_name(const Value& value);
/// An error whose place in the template is known further up.
Error problem(std::string message);
/// Whether the value is not its type's zero: what {{if}} asks.
bool is_true(const Value& value);

}  // namespace tocsin::rules::templates
