#include "fakes/receivers/mail/html_text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "harness/base/utf8.h"

namespace tocsin::receivers {
namespace {

constexpr std::size_t kLongestEntity = 12;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_block(std::string_view name) {
  for (const char* block : {"br", "p", "div", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3",
                            "h4", "h5", "h6", "hr", "body", "pre", "section"}) {
    if (name == block) return true;
  }
  return false;
}

/// A character reference at the start of `text`, which begins with '&'; `size` is how long it is.
std::optional<std::string> entity(std::string_view text, std::size_t& size) {
  const std::size_t end = text.substr(0, kLongestEntity).find(';');
  if (end == std::string_view::npos || end < 2) return std::nullopt;
  size = end + 1;
  std::string_view name = text.substr(1, end - 1);
  if (name.front() != '#') {
    for (const auto& [word, meaning] : {std::pair("amp", "&"),
                                        {"lt", "<"},
                                        {"gt", ">"},
                                        {"quot", "\""},
                                        {"apos", "'"},
                                        {"nbsp", " "}}) {
      if (name == word) return meaning;
    }
    return std::nullopt;
  }
  name.remove_prefix(1);
  const bool hexadecimal = name.starts_with('x') || name.starts_with('X');
  if (hexadecimal) name.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [stop, error] =
      std::from_chars(name.data(), name.data() + name.size(), code, hexadecimal ? 16 : 10);
  if (error != std::errc() || stop != name.data() + name.size()) return std::nullopt;
  std::string out;
  append_utf8(out, code);
  return out;
}

std::string with_entities(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t size = 1;
    const auto meaning = text[i] == '&' ? entity(text.substr(i), size) : std::nullopt;
    if (meaning) {
      out += *meaning;
    } else {
      out += text[i];
      size = 1;
    }
    i += size;
  }
  return out;
}

/// The value of href in a tag's inside.
std::string href_of(std::string_view tag) {
  const std::string lowered = small(tag);
  const std::size_t at = lowered.find("href=");
  if (at == std::string::npos) return "";
  std::string_view value = tag.substr(at + 5);
  if (value.empty()) return "";
  const char quote = value.front();
  if (quote == '"' || quote == '\'') {
    value.remove_prefix(1);
    return with_entities(value.substr(0, value.find(quote)));
  }
  return with_entities(value.substr(0, value.find(' ')));
}

class TextMaker {
 public:
  explicit TextMaker(std::string_view html) : html_(html) {}

  std::string make() {
    while (!html_.empty()) {
      if (html_.front() == '<') {
        markup();
      } else if (html_.front() == '&') {
        reference();
      } else {
        put(html_.front());
        html_.remove_prefix(1);
      }
    }
    break_line();
    return std::move(out_);
  }

 private:
  void markup() {
    if (html_.starts_with("<!--")) {
      skip_past("-->");
      return;
    }
    const std::size_t end = html_.find('>');
    if (end == std::string_view::npos) {  // no tag: a text that ends soon
      put('<');
      html_.remove_prefix(1);
      if (++lonely_ > kMostLonely) html_ = {};
      return;
    }
    std::string_view inside = html_.substr(1, end - 1);
    html_.remove_prefix(end + 1);
    const bool closes = inside.starts_with('/');
    if (closes) inside.remove_prefix(1);
    const std::string name = small(inside.substr(0, inside.find_first_of(" \t\r\n/")));
    if (!closes && (name == "style" || name == "script" || name == "head" || name == "title")) {
      skip_past("</" + name + ">");
    } else if (name == "a") {
      link(closes, inside);
    } else if (is_block(name)) {
      break_line();
    } else if (name == "td" || name == "th") {
      put(' ');
    }
  }

  void link(bool closes, std::string_view inside) {
    if (!closes) {
      href_ = href_of(inside);
    } else if (!href_.empty()) {
      if (blank_) out_ += ' ';
      out_ += " <" + href_ + ">";
      blank_ = false;
      href_.clear();
    }
  }

  /// Past `end`, in any case of letters; to the end of all when it does not come.
  void skip_past(std::string_view end) {
    const auto found =
        std::search(html_.begin(), html_.end(), end.begin(), end.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
    const auto at = static_cast<std::size_t>(found - html_.begin());
    html_.remove_prefix(std::min(at + end.size(), html_.size()));
  }

  void reference() {
    std::size_t size = 1;
    const auto meaning = entity(html_, size);
    if (meaning) {
      flush_blank();
      out_ += *meaning;
    } else {
      put('&');
      size = 1;
    }
    html_.remove_prefix(size);
  }

  void put(char c) {
    if (is_space(c)) {
      blank_ = true;
      return;
    }
    flush_blank();
    out_ += c;
  }

  void flush_blank() {
    if (std::exchange(blank_, false) && !out_.empty() && out_.back() != '\n') out_ += ' ';
  }

  void break_line() {
    blank_ = false;
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }

  static constexpr int kMostLonely = 100;

  std::string_view html_;
  std::string out_;
  std::string href_;
  bool blank_ = false;
  int lonely_ = 0;
};

}  // namespace

std::string html_text(std::string_view html) {
  return TextMaker(html).make();
}

}  // namespace tocsin::receivers
