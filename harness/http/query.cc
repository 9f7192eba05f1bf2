#include "harness/http/query.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace tocsin::http {
namespace {

std::optional<std::string> query_part(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const std::string_view digits = text.substr(i + 1, 2);
      std::uint8_t byte = 0;
      const char* const end = digits.data() + digits.size();
      const auto read = std::from_chars(digits.data(), end, byte, 16);
      if (digits.size() != 2 || read.ec != std::errc() || read.ptr != end) return std::nullopt;
      out += static_cast<char>(byte);
      i += 2;
    }
  }
  return out;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.empty() || one.find(';') != std::string_view::npos) continue;
    const std::size_t equals = std::min(one.find('='), one.size());
    auto key = query_part(one.substr(0, equals));
    auto value = query_part(one.substr(std::min(equals + 1, one.size())));
    if (key && value) pairs.emplace_back(std::move(*key), std::move(*value));
  }
  return pairs;
}

std::vector<std::string> query_values(std::string_view query, std::string_view key) {
  std::vector<std::string> values;
  for (auto& [name, value] : parse_query(query)) {
    if (name == key) values.push_back(std::move(value));
  }
  return values;
}

}  // namespace tocsin::http
