#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
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
/// template.URL, made by safeUrl.
struct SafeUrl {
  std::string text;
};
/// *time.Time.
struct GoTime {
  Timestamp at = {};
  std::chrono::seconds offset{0};  ///< of the zone that it is shown in
  std::string zone = "UTC";
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
class Object;
/// A value of a type that only another room knows; not null.
using ObjectPtr = std::shared_ptr<const Object>;
/// The data itself: what "." and "$" are at the top.
struct Root {
  const TemplateData* data = nullptr;
};

/// Labels stand for map[string]string.
struct Value {
  using Held =
      std::variant<Nil, bool, std::int64_t, double, std::string, Labels, Html, GoTime, GoDuration,
                   Histogram, Arguments, Sample, Samples, Root, SafeUrl, ObjectPtr>;

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

/// What templates may do with a type of another room.
class Object {
 public:
  virtual ~Object() = default;

  virtual std::string type_name() const = 0;
  virtual bool is_true() const = 0;
  /// As Go's %v prints it.
  virtual std::string text() const = 0;
  /// A field, or what a method returns; nullopt: there is no such.
  virtual std::optional<Result<Value>> member(std::string_view name,
                                              std::span<const Value> arguments) const = 0;

  struct Item {
    Value key;
    Value element;
  };
  /// What range goes over; nullopt: nothing can.
  virtual std::optional<std::vector<Item>> items() const { return std::nullopt; }
  virtual std::optional<std::size_t> length() const { return std::nullopt; }
  /// x[key]; nullopt: it has no elements.
  virtual std::optional<Result<Value>> element(const Value& /*key*/) const { return std::nullopt; }
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
