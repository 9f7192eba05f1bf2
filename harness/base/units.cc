#include "harness/base/units.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace tocsin {
namespace {

struct Suffix {
  std::string_view text;
  double scale;
  Dimension dimension;
};

constexpr double kKi = 1024;
constexpr std::array<Suffix, 13> kSuffixes = {{{"%", 0.01, Dimension::kRatio},
                                               {"/s", 1, Dimension::kRate},
                                               {"/m", 1.0 / 60, Dimension::kRate},
                                               {"/h", 1.0 / 3600, Dimension::kRate},
                                               {"B", 1, Dimension::kBytes},
                                               {"KB", 1e3, Dimension::kBytes},
                                               {"MB", 1e6, Dimension::kBytes},
                                               {"GB", 1e9, Dimension::kBytes},
                                               {"TB", 1e12, Dimension::kBytes},
                                               {"KiB", kKi, Dimension::kBytes},
                                               {"MiB", kKi* kKi, Dimension::kBytes},
                                               {"GiB", kKi* kKi* kKi, Dimension::kBytes},
                                               {"TiB", kKi* kKi* kKi* kKi, Dimension::kBytes}}};

Error bad_quantity(std::string_view text, std::string_view why) {
  Error error = input_error({}, fmt::format("\"{}\" is not a number with a unit: {}", text, why));
  error.hints.emplace_back("numbers are written like 12, 8%, 500ms, 5m, 50/s, 64KB or 2GiB");
  return error;
}

/// us and ns are not in Prometheus' duration syntax, but latencies need them.
Result<Quantity> parse_time(std::string_view text, std::string_view number, std::string_view unit,
                            double value) {
  if (unit == "us" || unit == "µs") return Quantity{value * 1e-6, Dimension::kTime};
  if (unit == "ns") return Quantity{value * 1e-9, Dimension::kTime};
  if (unit == "ms") return Quantity{value * 1e-3, Dimension::kTime};
  if (unit == "s") return Quantity{value, Dimension::kTime};
  const bool negative = number.front() == '-';
  std::string_view bare = text;
  if (negative || number.front() == '+') bare.remove_prefix(1);
  const auto duration = parse_duration(bare);
  if (duration.has_error()) return bad_quantity(text, fmt::format("unknown unit \"{}\"", unit));
  return Quantity{(negative ? -1e-3 : 1e-3) * static_cast<double>(duration->count()),
                  Dimension::kTime};
}

}  // namespace

std::string_view to_string(Dimension dimension) {
  switch (dimension) {
    case Dimension::kNumber:
      return "number";
    case Dimension::kRatio:
      return "percentage";
    case Dimension::kTime:
      return "duration";
    case Dimension::kBytes:
      return "size";
    case Dimension::kRate:
      return "rate";
  }
  return "number";
}

Result<Quantity> parse_quantity(std::string_view text) {
  std::string_view rest = text;
  if (!rest.empty() && rest.front() == '+') rest.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc() || !std::isfinite(value)) {
    return bad_quantity(text, "it does not begin with a number");
  }
  const std::string_view number = text.substr(0, static_cast<std::size_t>(end - text.data()));
  std::string_view unit = text.substr(number.size());
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  if (unit.empty()) return Quantity{value, Dimension::kNumber};
  for (const Suffix& suffix : kSuffixes) {
    if (unit == suffix.text) {
      // 8% must be the double 0.08, not 8 * 0.01.
      const double scaled =
          suffix.dimension == Dimension::kRatio ? value / 100 : value * suffix.scale;
      return Quantity{scaled, suffix.dimension};
    }
  }
  return parse_time(text, number, unit, value);
}

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value == std::floor(value) && std::abs(value) < 1e15
                               ? fmt::format("{:.0f}", value)
                               : fmt::format("{}", value));
}

std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return format_number(value);
  return fmt::format("{:.{}g}", value, digits);
}

std::string format_quantity(Quantity quantity) {
  switch (quantity.dimension) {
    case Dimension::kRatio:
      return format_number(quantity.value * 100, 12) + '%';
    case Dimension::kRate:
      return format_number(quantity.value, 12) + "/s";
    case Dimension::kTime: {
      const double ms = quantity.value * 1e3;
      if (ms == std::floor(ms) && std::abs(ms) < 9e15) {
        return format_duration(Duration(static_cast<std::int64_t>(ms)));
      }
      return format_number(quantity.value, 12) + 's';
    }
    case Dimension::kBytes: {
      static constexpr std::array<std::string_view, 5> kNames = {"B", "KB", "MB", "GB", "TB"};
      double value = quantity.value;
      std::size_t unit = 0;
      while (std::abs(value) >= 1000 && unit + 1 < kNames.size()) {
        value /= 1000;
        ++unit;
      }
      return format_number(value, 12) + std::string(kNames[unit]);
    }
    case Dimension::kNumber:
      break;
  }
  return format_number(quantity.value, 15);
}

}  // namespace tocsin
