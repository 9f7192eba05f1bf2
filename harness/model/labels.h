#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

inline constexpr std::string_view kMetricName = "__name__";

struct LabelView {
  std::string_view name;
  std::string_view value;

  auto operator<=>(const LabelView&) const = default;
};

/// An immutable set of labels: sorted by name, names unique, no empty values (in Prometheus an
/// empty label is an absent one). Copies share their bytes; comparing and hashing are quick. A copy
/// may be used on another thread.
class Labels {
 public:
  Labels() = default;
  /// In any order; a later name replaces an earlier one.
  Labels(std::initializer_list<LabelView> labels);
  static Labels from(std::vector<LabelView> labels);

  std::size_t size() const { return rep_ ? rep_->ends.size() / 2 : 0; }
  bool empty() const { return !rep_; }
  LabelView operator[](std::size_t i) const;
  /// The value, or "" when there is no such label. The view lives as long as any copy of this set.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return !get(name).empty(); }
  std::string_view metric_name() const { return get(kMetricName); }
  std::size_t hash() const { return rep_ ? rep_->hash : 0; }

  /// Without the named labels / with only the named ones.
  Labels without(std::span<const std::string> names) const;
  Labels only(std::span<const std::string> names) const;
  Labels without_metric_name() const;
  /// With one label set; an empty value removes it.
  Labels with(std::string_view name, std::string_view value) const;

  /// Prometheus' text form: name{a="b", c="d"}; {a="b"} without a metric name; {} when empty. A
  /// name that is not a legacy identifier is quoted: {"my.metric", "my.label"="x"}.
  std::string to_string() const;

  bool operator==(const Labels& other) const;
  /// Prometheus' order: label by label, name before value, the shorter set first.
  std::strong_ordering operator<=>(const Labels& other) const;

  class Iterator {
   public:
    using value_type = LabelView;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Labels* labels, std::size_t i) : labels_(labels), i_(i) {}
    LabelView operator*() const { return (*labels_)[i_]; }
    Iterator& operator++() {
      ++i_;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++i_;
      return old;
    }
    bool operator==(const Iterator& other) const { return i_ == other.i_; }

   private:
    const Labels* labels_ = nullptr;
    std::size_t i_ = 0;
  };
  Iterator begin() const { return {this, 0}; }
  Iterator end() const { return {this, size()}; }

 private:
  /// Names and values one after another; ends[2i] and ends[2i+1] are where name i and value i end.
  struct Rep {
    std::size_t hash = 0;
    std::string bytes;
    std::vector<std::uint32_t> ends;
  };

  static Labels from_sorted(std::span<const LabelView> labels);

  std::shared_ptr<const Rep> rep_;  ///< null for the empty set
};

/// Double-quoted with backslash escapes, as in the exposition formats and in PromQL.
std::string quote_label_value(std::string_view value);
/// [a-zA-Z_:][a-zA-Z0-9_:]*
bool is_legacy_metric_name(std::string_view name);
/// [a-zA-Z_][a-zA-Z0-9_]*
bool is_legacy_label_name(std::string_view name);

}  // namespace tocsin

template <>
struct std::hash<tocsin::Labels> {
  std::size_t operator()(const tocsin::Labels& labels) const { return labels.hash(); }
};
