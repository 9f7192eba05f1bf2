#include "fakes/receivers/paths.h"

#include <charconv>

#include <fmt/format.h>

#include "fakes/receivers/reading.h"

namespace tocsin::receivers {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<std::uint8_t> hex_byte(std::string_view two) {
  std::uint8_t byte = 0;
  const auto [end, error] = std::from_chars(two.data(), two.data() + two.size(), byte, 16);
  if (error != std::errc() || two.size() != 2 || end != two.data() + 2) return std::nullopt;
  return byte;
}

}  // namespace

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? hex_byte(text.substr(i + 1, 2)) : std::nullopt;
    out += byte ? static_cast<char>(*byte) : text[i];
    if (byte) i += 2;
  }
  return out;
}

std::string path_of(const IntegrationId& id) {
  return fmt::format("/{}/{}/{}", percent_encoded(id.receiver), id.index, id.kind);
}

std::vector<std::string> path_segments(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const std::string_view one = path.substr(0, path.find('/'));
    if (!one.empty()) segments.push_back(percent_decoded(one));
    path.remove_prefix(std::min(one.size() + 1, path.size()));
  }
  return segments;
}

std::optional<PathTarget> parse_path(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty() && path.front() == '/') {
    path.remove_prefix(1);
    const std::string_view one = path.substr(0, path.find('/'));
    segments.push_back(percent_decoded(one));
    path.remove_prefix(one.size());
  }
  if (segments.size() < 3) return std::nullopt;
  PathTarget target;
  const std::string& index = segments[1];
  const auto [end, error] =
      std::from_chars(index.data(), index.data() + index.size(), target.id.index);
  if (error != std::errc() || end != index.data() + index.size()) return std::nullopt;
  target.id.receiver = std::move(segments[0]);
  target.id.kind = std::move(segments[2]);
  if (!is_spoken(target.id.kind)) return std::nullopt;
  segments.erase(segments.begin(), segments.begin() + 3);
  std::erase(segments, "");
  target.rest = std::move(segments);
  return target;
}

}  // namespace tocsin::receivers
