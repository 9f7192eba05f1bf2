#include "harness/model/notification_mark.h"

#include <algorithm>

namespace tocsin {
namespace {

constexpr std::string_view kBegin = "tocsin1/";
constexpr std::size_t kFingerprintDigits = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// As Go's url.QueryEscape writes it.
std::optional<std::string> query_unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

/// Up to `end`, which is taken, too; nothing when it does not come.
std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  const std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view taken = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return taken;
}

std::optional<Labels> read_labels(std::string_view text) {
  Labels labels;
  while (!text.empty()) {
    std::optional<std::string_view> value = take_until(text, '&');
    if (!value) return std::nullopt;
    const std::optional<std::string_view> name = take_until(*value, '=');
    if (!name) return std::nullopt;
    const auto read_name = query_unescape(*name), read_value = query_unescape(*value);
    if (!read_name || !read_value) return std::nullopt;
    labels = labels.with(*read_name, *read_value);
  }
  return labels;
}

std::optional<std::vector<std::string>> read_fingerprints(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::optional<std::string_view> one = take_until(text, ',');
    if (!one || one->size() != kFingerprintDigits ||
        !std::all_of(one->begin(), one->end(), [](char c) { return hex_digit(c) >= 0; })) {
      return std::nullopt;
    }
    all.emplace_back(*one);
  }
  return all;
}

}  // namespace

std::string notification_mark_template() {
  return std::string(kBegin) +
         "{{ range .GroupLabels.SortedPairs }}{{ .Name | urlquery }}={{ .Value | urlquery }}&"
         "{{ end }}/{{ range .Alerts.Firing }}{{ .Fingerprint }},{{ end }}/"
         "{{ range .Alerts.Resolved }}{{ .Fingerprint }},{{ end }}/";
}

std::optional<NotificationMark> read_notification_mark(std::string_view text) {
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  const auto group = take_until(text, '/');
  const auto firing = group ? take_until(text, '/') : std::nullopt;
  const auto resolved = firing ? take_until(text, '/') : std::nullopt;
  if (!resolved || !text.empty()) return std::nullopt;
  const auto labels = read_labels(*group);
  auto those_firing = read_fingerprints(*firing);
  auto those_resolved = read_fingerprints(*resolved);
  if (!labels || !those_firing || !those_resolved) return std::nullopt;
  return NotificationMark{*labels, std::move(*those_firing), std::move(*those_resolved)};
}

}  // namespace tocsin
