#pragma once

#include <array>
#include <span>
#include <string_view>

#include "harness/scenario/problems.h"
#include "harness/yaml/node.h"

/// The two languages, system and scenario files, as tables of keys. The same tables check files,
/// make the JSON Schemas and the reference, so that these cannot drift apart.

namespace tocsin::scenario {

/// What a scalar has to look like. Kinds whose meaning needs more than the text itself (a formula's
/// signals, an event's name) are parsed by their readers; check_shape() parses the others.
enum class Scalar {
  kNone,  ///< no scalar here
  kText,
  kWord,  ///< one of `words`
  kBool,
  kCount,  ///< a whole number, 0 or more
  kNumber,
  kQuantity,  ///< a number with any unit
  kDuration,
  kRate,       ///< 50/s
  kRateRange,  ///< 50/s or 10/s..50/s
  kShare,      ///< 0 to 100 %
  kSize,       ///< 600B
  kBandwidth,  ///< 10KB/s
  kTimestamp,
  kFormula,
  kClaim,   ///< 8% ± 1%
  kPoint,   ///< 5m after fault
  kWindow,  ///< 5m..7m after fault
  kPromql,
  kChange,  ///< 8%, x3, +500ms, 40..95 over 10m
  kJson,    ///< any scalar, null included
};

struct Table;

/// What a value may be: a scalar, a map, a list, or a choice of these.
struct Shape {
  Scalar scalar = Scalar::kNone;
  std::span<const std::string_view> words = {};
  const Table* map = nullptr;
  const Shape* list = nullptr;  ///< of its items
  /// Whether there is a map or list: with -fsanitize=null GCC 12 compares no address of a constant
  /// with null in constant expressions (GCC bug 71962), and operator| must be one.
  bool has_map = false;
  bool has_list = false;
};

constexpr Shape only(Scalar scalar) {
  return {.scalar = scalar};
}
constexpr Shape one_of(std::span<const std::string_view> words) {
  return {.scalar = Scalar::kWord, .words = words};
}
constexpr Shape map_of(const Table& table) {
  return {.map = &table, .has_map = true};
}
constexpr Shape list_of(const Shape& item) {
  return {.list = &item, .has_list = true};
}
/// Either; at most one of each form.
constexpr Shape operator|(Shape a, const Shape& b) {
  if (b.scalar != Scalar::kNone) {
    a.scalar = b.scalar;
    a.words = b.words;
  }
  if (b.has_map) {
    a.map = b.map;
    a.has_map = true;
  }
  if (b.has_list) {
    a.list = b.list;
    a.has_list = true;
  }
  return a;
}

enum class Need { kOptional, kRequired };

struct Key {
  std::string_view name;
  Shape shape;
  std::string_view help;
  Need need = Need::kOptional;
};

/// Keys that several tables share.
template <std::size_t A, std::size_t B>
constexpr std::array<Key, A + B> joined(const std::array<Key, A>& first,
                                        const std::array<Key, B>& second) {
  std::array<Key, A + B> all;
  for (std::size_t i = 0; i < A; ++i) all[i] = first[i];
  for (std::size_t i = 0; i < B; ++i) all[A + i] = second[i];
  return all;
}

struct Table {
  std::string_view name;  ///< "a phase of traffic"
  std::string_view help;
  std::span<const Key> keys;
  /// Keys of the user's choosing beside the fixed ones, and what stands under them.
  const Shape* others = nullptr;
  std::string_view others_name = {};  ///< "signal", "path"
};

/// Unknown and missing keys, values of the wrong kind, scalars that are not what they should be:
/// everything below `node`. What passes can be read without further questions about its form.
void check_shape(const yaml::Node& node, const Shape& shape, Problems& problems);

/// "a duration like 30s", "a map of signals or a list": for messages and the reference.
std::string describe(const Shape& shape);
std::string_view describe(Scalar scalar);

}  // namespace tocsin::scenario
