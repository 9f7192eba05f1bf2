#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "harness/alerting/payload_writer.h"
#include "harness/alerting/schema.h"
#include "harness/base/utf8.h"
#include "harness/rules/go_text.h"

namespace tocsin::alerting {
namespace {

constexpr std::size_t kLongestLine = 76;
constexpr std::size_t kBoundaryDigits = 60;
constexpr std::size_t kThreadDigits = 16;

/// Quoted-printable as Go's mime/quotedprintable writes it: lines end in CRLF.
std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](const std::string& piece, bool last_of_line) {
    // An equals sign at the end of a line that goes on needs a place, too.
    if (column + piece.size() > kLongestLine - (last_of_line ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (c == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n' || text[i + 1] == '\r';
    const bool blank = c == ' ' || c == '\t';
    const bool plain = (c >= '!' && c <= '~' && c != '=') || (blank && !at_end);
    put(plain ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c)), at_end);
  }
  return out;
}

/// RFC 2047, as Go's mime.QEncoding: only where it is needed.
std::string encoded_word(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
  if (plain) return std::string(text);
  constexpr std::size_t kLongestWord = 75 - 12;  // without =?utf-8?q? and ?=
  std::string out = "=?utf-8?q?";
  std::size_t length = 0;
  for (const std::string_view character : utf8_characters(text)) {
    std::string piece;
    for (const char c : character) {
      const bool kept = c >= '!' && c <= '~' && c != '=' && c != '?' && c != '_';
      if (c == ' ') {
        piece += '_';
      } else if (kept) {
        piece += c;
      } else {
        piece += fmt::format("={:02X}", static_cast<unsigned char>(c));
      }
    }
    if (length + piece.size() > kLongestWord) {
      out += "?=\r\n =?utf-8?q?";
      length = 0;
    }
    out += piece;
    length += piece.size();
  }
  return out + "?=";
}

/// As Go's textproto writes header names.
std::string header_name(std::string name) {
  bool upper = true;
  for (char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    c = static_cast<char>(upper ? std::toupper(byte) : std::tolower(byte));
    upper = c == '-';
  }
  return name;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

/// The bare addresses of a list such as `Jane <j@x.org>, k@x.org`.
Result<std::vector<std::string>> addresses(std::string_view list, std::string_view what) {
  std::vector<std::string> found;
  const auto bad = [&](std::string_view why) {
    return input_error({}, fmt::format("parse '{}' addresses: mail: {}", what, why));
  };
  if (trimmed(list).empty()) return bad("no address");
  while (!list.empty()) {
    std::size_t end = 0;
    bool quoted = false;
    while (end < list.size() && (quoted || list[end] != ',')) {
      if (list[end] == '"') quoted = !quoted;
      ++end;
    }
    std::string_view one = trimmed(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    const std::size_t open = one.rfind('<');
    if (open != std::string_view::npos) {
      if (!one.ends_with('>')) return bad("unclosed angle-addr");
      one = one.substr(open + 1, one.size() - open - 2);
    }
    const std::size_t at = one.rfind('@');
    if (at == std::string_view::npos) return bad("missing '@' or angle-addr");
    if (at == 0 || at + 1 == one.size() || one.find_first_of(" \t") != std::string_view::npos) {
      return bad("no angle-addr");
    }
    found.emplace_back(one);
  }
  return found;
}

/// Headers in the order of their names; Alertmanager's order is random.
std::map<std::string, std::string> mail_headers(PayloadWriter& writer, const std::string& from,
                                                const std::string& to) {
  std::map<std::string, std::string> headers;
  const yaml::Node* written = writer.node("headers");
  if (written != nullptr && written->is_map()) {
    for (const auto& [key, value] : written->entries) {
      headers[header_name(key->text)] = writer.expand(value->text);
    }
  }
  headers.emplace("Subject", writer.expand("{{ template \"email.default.subject\" . }}"));
  headers.emplace("To", to);
  headers.emplace("From", from);
  return headers;
}

std::string thread_headers(const PayloadWriter& writer) {
  const yaml::Node* threading = writer.node("threading");
  if (threading == nullptr || !flag_of(*threading, "enabled").value_or(false)) return "";
  const std::string day = text_of(*threading, "thread_by_date") == "none"
                              ? ""
                              : rules::go_time_format(writer.now(), "2006-01-02");
  const std::string root =
      fmt::format("<alert-{}-{}@alertmanager>",
                  group_key_hash(writer.notification().group_key).substr(0, kThreadDigits), day);
  return "References: " + root + "\r\nIn-Reply-To: " + root + "\r\n";
}

std::string mail_part(std::string_view boundary, std::string_view type, const std::string& text) {
  return fmt::format(
      "--{}\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/{}; "
      "charset=UTF-8\r\n\r\n{}\r\n",
      boundary, type, quoted_printable(text));
}

std::string mail_message(PayloadWriter& writer, const std::string& from, const std::string& to) {
  // Drawn by chance in Alertmanager; here the same mail is the same bytes.
  const std::string unique = group_key_hash(
      fmt::format("{} {} {}", writer.notification().group_key, to, to_ms(writer.now())));
  const std::string boundary = unique.substr(0, kBoundaryDigits);
  const auto headers = mail_headers(writer, from, to);
  std::string message;
  for (const auto& [name, value] : headers) message += name + ": " + encoded_word(value) + "\r\n";
  if (headers.count("Message-Id") == 0) {
    message +=
        fmt::format("Message-Id: <{}000000.{}@{}>\r\n", to_ms(writer.now()),
                    std::stoull(unique.substr(0, 15), nullptr, 16), writer.context().hostname);
  }
  message += thread_headers(writer);
  message +=
      "Date: " + rules::go_time_format(writer.now(), "Mon, 02 Jan 2006 15:04:05 -0700") + "\r\n";
  message += "Content-Type: multipart/alternative;  boundary=" + boundary + "\r\n";
  message += "MIME-Version: 1.0\r\n\r\n";
  const Integration& integration = writer.integration();
  const std::string text = integration.text("text");
  const std::string html = integration.text("html", "{{ template \"email.default.html\" . }}");
  if (!text.empty()) message += mail_part(boundary, "plain", writer.expand(text));
  if (!html.empty()) message += mail_part(boundary, "html", writer.expand_html(html));
  return message + "--" + boundary + "--\r\n";
}

}  // namespace

Mail email_payload(PayloadWriter& writer) {
  const Integration& integration = writer.integration();
  Mail mail;
  mail.smarthost = integration.text("smarthost");
  mail.hello = integration.text("hello", "localhost");
  mail.require_tls = integration.flag("require_tls", true);
  mail.implicit_tls = integration.flag("force_implicit_tls", mail.smarthost.ends_with(":465"));
  if (integration.tls != nullptr) {
    mail.tls.verify = !flag_of(*integration.tls, "insecure_skip_verify").value_or(false);
    mail.tls.ca_file = text_of(*integration.tls, "ca_file");
    mail.tls.server_name = text_of(*integration.tls, "server_name");
  }
  mail.username = integration.text("auth_username");
  mail.identity = integration.text("auth_identity");
  if (!mail.username.empty()) {
    mail.password = writer.secret("auth_password");
    mail.secret = writer.secret("auth_secret");
  }
  const std::string from = writer.setting("from");
  const std::string to = writer.setting("to");
  if (writer.failure()) return mail;
  Result<std::vector<std::string>> sender = addresses(from, "from");
  Result<std::vector<std::string>> recipients = addresses(to, "to");
  if (sender.has_error()) {
    writer.fail(sender.error());
  } else if (sender->size() != 1) {
    writer.fail(input_error(
        {}, fmt::format("must be exactly one 'from' address (got: {})", sender->size())));
  } else if (recipients.has_error()) {
    writer.fail(recipients.error());
  } else {
    mail.from = sender->front();
    mail.to = std::move(*recipients);
    mail.message = mail_message(writer, from, to);
  }
  return mail;
}

}  // namespace tocsin::alerting
