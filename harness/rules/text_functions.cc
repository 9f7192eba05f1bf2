#include "harness/rules/text_functions.h"

#include <arpa/inet.h>
#include <clocale>
#include <cwctype>
#include <optional>

#include "harness/base/utf8.h"

namespace tocsin::rules::templates {
namespace {

/// Case mappings of all of Unicode, whatever locale the program runs in.
locale_t unicode() {
  static const locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return locale;
}

char32_t decode(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (character.size() == 1) return lead < 0x80 ? lead : char32_t{0xFFFD};
  char32_t code = static_cast<char32_t>(lead) & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
  }
  return code;
}

template <class Map>
std::string mapped(std::string_view text, Map map) {
  std::string out;
  out.reserve(text.size());
  for (const std::string_view character : utf8_characters(text)) {
    append_utf8(out, map(decode(character)));
  }
  return out;
}

char32_t to_upper(char32_t c) {
  if (c < 0x80) return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
  return unicode() == nullptr
             ? c
             : static_cast<char32_t>(towupper_l(static_cast<wint_t>(c), unicode()));
}
char32_t to_lower(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  return unicode() == nullptr
             ? c
             : static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode()));
}

bool has_case(char32_t c) {
  return to_upper(c) != c || to_lower(c) != c;
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

/// Characters that go on with a word between two others of it, by Unicode's word boundaries.
bool joins_words(char32_t c) {
  return c == '\'' || c == '.' || c == ':' || c == 0x2019 || c == 0xB7;
}
bool is_word(char32_t c) {
  return has_case(c) || is_digit(c) || c == '_';
}

struct HostPort {
  std::string host;
  std::string port;
};

/// Go's net.SplitHostPort.
std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::size_t brackets_from = 0;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 != colon) return std::nullopt;
    host = text.substr(1, close - 1);
    brackets_from = close + 1;
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (text.find('[', brackets_from == 0 ? 0 : 1) != std::string_view::npos ||
      text.find(']', brackets_from) != std::string_view::npos) {
    return std::nullopt;
  }
  return HostPort{std::string(host), std::string(text.substr(colon + 1))};
}

bool is_ip_address(const std::string& host) {
  unsigned char address[16];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string upper_case(std::string_view text) {
  return mapped(text, to_upper);
}

std::string lower_case(std::string_view text) {
  return mapped(text, to_lower);
}

std::string title_case(std::string_view text) {
  const std::vector<std::string_view> characters = utf8_characters(text);
  std::string out;
  bool capital = true;  // the next letter begins a word
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = decode(characters[i]);
    if (capital && has_case(c)) {
      append_utf8(out, to_upper(c));
      capital = false;
      continue;
    }
    out += characters[i];
    const bool inside = i > 0 && i + 1 < characters.size() && is_word(decode(characters[i - 1])) &&
                        is_word(decode(characters[i + 1]));
    if (!is_word(c) && !(inside && joins_words(c))) capital = true;
  }
  return out;
}

std::string strip_port(std::string_view host_port) {
  const std::optional<HostPort> parts = split_host_port(host_port);
  return parts ? parts->host : std::string(host_port);
}

std::string strip_domain(std::string_view host_port) {
  const HostPort parts = split_host_port(host_port).value_or(HostPort{std::string(host_port), ""});
  if (is_ip_address(parts.host)) return std::string(host_port);
  std::string host = parts.host.substr(0, parts.host.find('.'));
  if (parts.port.empty()) return host;
  const bool brackets = host.find_first_of(":%") != std::string::npos;
  return (brackets ? '[' + host + ']' : host) + ':' + parts.port;
}

std::string url_path(std::string_view url) {
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  if (scheme != std::string_view::npos) {
    rest = rest.substr(std::min(rest.find_first_of("/?#"), rest.size()));
  }
  rest = rest.substr(0, rest.find_first_of("?#"));
  std::string path;
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const bool encoded = rest[i] == '%' && i + 2 < rest.size() && hex_value(rest[i + 1]) >= 0 &&
                         hex_value(rest[i + 2]) >= 0;
    if (encoded) {
      path += static_cast<char>(hex_value(rest[i + 1]) * 16 + hex_value(rest[i + 2]));
      i += 2;
    } else {
      path += rest[i];
    }
  }
  return path;
}

}  // namespace tocsin::rules::templates
