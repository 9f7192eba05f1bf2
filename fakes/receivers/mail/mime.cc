#include "fakes/receivers/mail/mime.h"

#include <algorithm>
#include <map>
#include <optional>

#include "fakes/receivers/mail/encodings.h"
#include "fakes/receivers/mail/smtp_address.h"

namespace tocsin::receivers {
namespace {

constexpr int kDeepestPart = 8;
constexpr std::size_t kMostParts = 64;
constexpr std::size_t kMostHeaders = 200;
constexpr std::size_t kLongestHeader = 64 << 10;

using HeaderList = std::vector<std::pair<std::string, std::string>>;

std::string_view cut_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string_view take_text_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// The headers at the start of `text`, unfolded, which they are cut off from.
HeaderList take_headers(std::string_view& text, std::string& problem) {
  HeaderList headers;
  while (!text.empty()) {
    const std::string_view line = take_text_line(text);
    if (line.empty()) return headers;
    if ((line.front() == ' ' || line.front() == '\t') && !headers.empty()) {
      std::string& value = headers.back().second;
      if (value.size() + line.size() <= kLongestHeader) value += line;
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      if (problem.empty()) problem = "a header line without a name";
      continue;
    }
    if (headers.size() == kMostHeaders) {
      problem = "too many headers";
      continue;
    }
    headers.emplace_back(cut_blanks(line.substr(0, colon)),
                         cut_blanks(line.substr(colon + 1)).substr(0, kLongestHeader));
  }
  return headers;
}

std::string_view header_of(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_word(key, name)) return value;
  }
  return {};
}

/// "multipart/mixed; boundary=x": the value and its parameters, names in small letters.
struct Structured {
  std::string value;
  std::map<std::string, std::string> parameters;
};

std::string in_small_letters(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// A parameter's value at the start of `text`, which it is cut off from.
std::string take_parameter_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const std::string_view token = text.substr(0, text.find(';'));
    text.remove_prefix(token.size());
    return std::string(cut_blanks(token));
  }
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
    value += text.front();
    text.remove_prefix(1);
  }
  text.remove_prefix(std::min(text.find(';'), text.size()));
  return value;
}

Structured structured(std::string_view text) {
  Structured result;
  const std::string_view first = text.substr(0, text.find(';'));
  result.value = in_small_letters(cut_blanks(first));
  text.remove_prefix(first.size());
  while (!text.empty()) {
    text.remove_prefix(1);  // the semicolon
    const std::size_t end = std::min(text.find_first_of("=;"), text.size());
    const std::string name = in_small_letters(cut_blanks(text.substr(0, end)));
    text.remove_prefix(end);
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    result.parameters.emplace(name, take_parameter_value(text));
  }
  return result;
}

std::string with_line_feeds(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i];
  }
  return out;
}

class MimeReader {
 public:
  MimeMail read(std::string_view message) {
    HeaderList headers = take_headers(message, mail_.problem);
    part(headers, message, 0);
    for (auto& [name, value] : headers) {
      mail_.headers.emplace_back(std::move(name), decode_words(cut_blanks(value)));
    }
    return std::move(mail_);
  }

 private:
  void part(const HeaderList& headers, std::string_view body, int depth) {
    if (++parts_ > kMostParts) {
      mail_.problem = "too many parts";
      return;
    }
    Structured type = structured(header_of(headers, "Content-Type"));
    if (type.value.empty()) type.value = "text/plain";
    if (type.value.starts_with("multipart/")) {
      multipart(type, body, depth);
      return;
    }
    leaf(headers, type, body);
  }

  void multipart(const Structured& type, std::string_view body, int depth) {
    const auto boundary = type.parameters.find("boundary");
    if (boundary == type.parameters.end() || boundary->second.empty()) {
      mail_.problem = "a multipart without a boundary";
      return;
    }
    if (depth == kDeepestPart) {
      mail_.problem = "parts nested too deeply";
      return;
    }
    const std::string delimiter = "--" + boundary->second;
    std::optional<std::string_view> begun;  // what is left of the text at the part's start
    std::string_view rest = body;
    while (!rest.empty() && parts_ <= kMostParts) {
      const std::string_view at = rest;
      const std::string_view line = take_text_line(rest);
      if (!line.starts_with(delimiter)) continue;
      const std::string_view tail = cut_blanks(line.substr(delimiter.size()));
      if (!tail.empty() && tail != "--") continue;
      if (begun) one_part(begun->substr(0, begun->size() - at.size()), depth);
      begun = rest;
      if (tail == "--") return;
    }
    if (begun) one_part(*begun, depth);
    mail_.problem = "a multipart that does not end";
  }

  /// The line end before a delimiter is the delimiter's.
  void one_part(std::string_view text, int depth) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\r')) text.remove_suffix(1);
    const HeaderList headers = take_headers(text, mail_.problem);
    part(headers, text, depth + 1);
  }

  void leaf(const HeaderList& headers, const Structured& type, std::string_view body) {
    const std::string encoding =
        in_small_letters(cut_blanks(header_of(headers, "Content-Transfer-Encoding")));
    std::string bytes;
    if (encoding == "base64") {
      bytes = base64_decode(body);
    } else if (encoding == "quoted-printable") {
      bytes = quoted_printable_decode(body);
    } else {
      if (!encoding.empty() && encoding != "7bit" && encoding != "8bit" && encoding != "binary") {
        mail_.problem = "an unknown transfer encoding";
      }
      bytes = std::string(body);
    }
    const Structured disposition = structured(header_of(headers, "Content-Disposition"));
    const bool attached = disposition.value == "attachment";
    std::string* const into = attached                     ? nullptr
                              : type.value == "text/plain" ? &mail_.text
                              : type.value == "text/html"  ? &mail_.html
                                                           : nullptr;
    if (into != nullptr && into->empty()) {
      const auto charset = type.parameters.find("charset");
      *into = with_line_feeds(
          to_utf8(bytes, charset == type.parameters.end() ? "utf-8" : charset->second));
      return;
    }
    const auto named = disposition.parameters.find("filename");
    mail_.attachments.push_back(
        {named == disposition.parameters.end() ? "" : decode_words(named->second), type.value,
         bytes.size()});
  }

  MimeMail mail_;
  std::size_t parts_ = 0;
};

}  // namespace

std::string MimeMail::header(std::string_view name) const {
  return std::string(header_of(headers, name));
}

MimeMail read_mime(std::string_view message) {
  return MimeReader().read(message);
}

}  // namespace tocsin::receivers
