#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tocsin::http {

/// The pairs of a URL's query or of a form, in order, decoded: "a=b+c&d=%C3%A4". A key without "="
/// has an empty value. Pairs that are broken (a "%" without two digits, a ";") are left out, as
/// Go's net/url does.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

/// The values under one key, in order.
std::vector<std::string> query_values(std::string_view query, std::string_view key);

}  // namespace tocsin::http
