#include "harness/promapi/json_text.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/literals.h"

namespace tocsin::promapi {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      } else {
        out += c;
      }
  }
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) append_escaped(out, c);
}

/// Two digits of exponent at least, as Go and to_chars agree.
void append_digits(std::string& out, double value) {
  const double size = std::abs(value);
  const bool exponent = size != 0 && (size < 1e-6 || size >= 1e21);
  if (size >= 1e15 && !exponent) {
    // to_chars would write out the exact value, with more digits than are needed.
    out += promql::format_plain(value);
    return;
  }
  char buffer[64];
  const auto written =
      std::to_chars(buffer, buffer + sizeof buffer, value,
                    exponent ? std::chars_format::scientific : std::chars_format::fixed);
  out.append(buffer, written.ptr);
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  if (!find_invalid_utf8(text)) {
    append_escaped(out, text);
  } else {
    for (const std::string_view character : utf8_characters(text)) {
      if (find_invalid_utf8(character)) {
        out += kReplacement;
      } else {
        append_escaped(out, character);
      }
    }
  }
  out += '"';
}

void append_json_value(std::string& out, double value) {
  out += '"';
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    append_digits(out, value);
  }
  out += '"';
}

void append_json_time(std::string& out, std::int64_t ms) {
  char buffer[24];
  if (ms < 0) out += '-';
  const auto size = ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms);
  const auto written = std::to_chars(buffer, buffer + sizeof buffer, size / 1000);
  out.append(buffer, written.ptr);
  if (size % 1000 != 0) out += fmt::format(".{:03}", size % 1000);
}

void append_json_labels(std::string& out, const Labels& labels) {
  out += '{';
  bool first = true;
  for (const LabelView label : labels) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, label.name);
    out += ':';
    append_json_string(out, label.value);
  }
  out += '}';
}

}  // namespace tocsin::promapi
