#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/model/labels.h"

/// JSON as Prometheus' API writes it, appended to a text. Results can be large, so nothing stands
/// between the columns and the bytes.

namespace tocsin::promapi {

/// In quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// A sample's value, in quotes: the shortest digits that read back the same, an exponent below 1e-6
/// and from 1e21, "+Inf", "-Inf", "NaN".
void append_json_value(std::string& out, double value);
/// Seconds, with three decimals unless they are whole.
void append_json_time(std::string& out, std::int64_t ms);
/// An object.
void append_json_labels(std::string& out, const Labels& labels);

}  // namespace tocsin::promapi
