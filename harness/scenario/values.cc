#include "harness/scenario/values.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace tocsin::scenario {
namespace {

Error expected(std::string_view what, std::string_view text) {
  return input_error({}, fmt::format("expected {}, not \"{}\"", what, text));
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<TextPair> split_range(std::string_view text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  return TextPair{trim(text.substr(0, dots)), trim(text.substr(dots + 2))};
}

std::string_view example_of(Dimension dimension) {
  switch (dimension) {
    case Dimension::kNumber:
      return "a plain number like 45.2";
    case Dimension::kRatio:
      return "a percentage like 8%";
    case Dimension::kTime:
      return "a duration like 500ms or 5m";
    case Dimension::kBytes:
      return "a size like 64KB";
    case Dimension::kRate:
      return "a rate like 50/s";
  }
  return "a number";
}

Result<Duration> parse_length(std::string_view text) {
  TRY(const Duration length, parse_duration(text));
  if (length > kLongestRun) {
    return input_error({}, fmt::format("{} is too long; a scenario may last 366d at most", text));
  }
  return length;
}

Result<double> parse_number(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) {
    return expected("a number", text);
  }
  return value;
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return expected("a whole number, 0 or more", text);
  return value;
}

Result<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return expected("true or false", text);
}

Result<double> parse_value(std::string_view text, Dimension dimension) {
  TRY(const Quantity quantity, parse_quantity(text));
  if (quantity.dimension == dimension) return quantity.value;
  const bool plain = quantity.dimension == Dimension::kNumber;
  const bool share = dimension == Dimension::kRatio && std::abs(quantity.value) < 1;
  if (plain && (quantity.value == 0 || share)) return quantity.value;
  Error error = expected(example_of(dimension), text);
  if (dimension == Dimension::kRatio && plain) {
    error.hints.push_back(
        fmt::format("write {}% or {}%", text, format_number(quantity.value * 100, 12)));
  }
  return error;
}

Result<double> parse_bandwidth(std::string_view text) {
  constexpr std::string_view kPerSecond = "/s";
  if (!text.ends_with(kPerSecond)) return expected("a bandwidth like 10KB/s", text);
  const auto size = parse_quantity(trim(text.substr(0, text.size() - kPerSecond.size())));
  if (size.has_error() || size->dimension != Dimension::kBytes || size->value <= 0) {
    return expected("a bandwidth like 10KB/s", text);
  }
  return size->value;
}

Result<double> parse_share(std::string_view text) {
  const auto quantity = parse_quantity(text);
  const bool share = quantity.has_value() && (quantity->dimension == Dimension::kRatio ||
                                              quantity->dimension == Dimension::kNumber);
  if (!share || quantity->value < 0 || quantity->value > 1) {
    return expected("a share from 0% to 100%", text);
  }
  return quantity->value;
}

std::optional<double> parse_percentile(std::string_view text) {
  if (text.size() < 2 || text.front() != 'p' || text[1] < '0' || text[1] > '9') return std::nullopt;
  const auto percent = parse_number(text.substr(1));
  if (percent.has_error() || *percent <= 0 || *percent >= 100) return std::nullopt;
  return *percent / 100;
}

Result<RateRange> parse_rate_range(std::string_view text) {
  const auto rate = [](std::string_view one) -> Result<double> {
    TRY(const double value, parse_value(one, Dimension::kRate));
    if (value < 0) return input_error({}, "a rate cannot be negative");
    return value;
  };
  const auto range = split_range(text);
  if (!range) {
    TRY(const double constant, rate(text));
    return RateRange{constant, constant};
  }
  TRY(const double from, rate(range->first));
  TRY(const double to, rate(range->second));
  return RateRange{from, to};
}

namespace {

template <class T>
T value_or(const Result<T>& result, T fallback) {
  return result.has_value() ? *result : fallback;
}

}  // namespace

std::string text_of(const yaml::Node* node, std::string fallback) {
  return node != nullptr && node->is_scalar() ? node->text : std::move(fallback);
}

bool bool_of(const yaml::Node* node, bool fallback) {
  return node != nullptr ? value_or(parse_bool(node->text), fallback) : fallback;
}

Duration length_of(const yaml::Node* node, Duration fallback) {
  return node != nullptr ? value_or(parse_length(node->text), fallback) : fallback;
}

double share_of(const yaml::Node* node, double fallback) {
  return node != nullptr ? value_or(parse_share(node->text), fallback) : fallback;
}

double value_of(const yaml::Node* node, Dimension dimension, double fallback) {
  return node != nullptr ? value_or(parse_value(node->text, dimension), fallback) : fallback;
}

std::uint64_t count_of(const yaml::Node* node, std::uint64_t fallback) {
  return node != nullptr ? value_or(parse_count(node->text), fallback) : fallback;
}

}  // namespace tocsin::scenario
