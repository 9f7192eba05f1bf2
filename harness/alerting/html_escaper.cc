#include "harness/alerting/html_escaper.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/alerting/message.h"
#include "harness/alerting/template_data.h"
#include "harness/rules/go_printf.h"

namespace tocsin::alerting {
namespace {

using rules::templates::Html;
using rules::templates::SafeUrl;

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == ':' || c == '_';
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

std::string html_text(std::string_view text, bool keep_entities) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\0':
        out += "\uFFFD";
        break;
      case '"':
        out += "&#34;";
        break;
      case '&':
        out += keep_entities ? "&" : "&amp;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '+':
        out += "&#43;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// The text of safe HTML without its tags: what an attribute takes of it.
std::string without_tags(std::string_view html) {
  std::string out;
  bool inside = false;
  for (const char c : html) {
    if (c == '<') inside = true;
    if (!inside) out += c;
    if (c == '>') inside = false;
  }
  return out;
}

/// An attribute without quotes around it needs more escapes.
std::string unquoted_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_blank(c) || c == '=' || c == '`') {
      out += fmt::format("&#{};", static_cast<int>(c));
    } else {
      out += html_text({&c, 1}, false);
    }
  }
  return out;
}

/// What cannot be a URL to follow becomes harmless.
bool is_harmful_url(std::string_view url) {
  const std::size_t colon = url.find(':');
  if (colon == std::string_view::npos || url.substr(0, colon).find('/') != std::string_view::npos) {
    return false;
  }
  const std::string scheme = lower_ascii(url.substr(0, colon));
  return scheme != "http" && scheme != "https" && scheme != "mailto";
}

std::string url_normalized(std::string_view url, bool whole) {
  constexpr std::string_view kKept = "!#$&*+,/:;=?@[]-._~%";
  std::string out;
  for (std::size_t i = 0; i < url.size(); ++i) {
    const char c = url[i];
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    bool kept = plain || (whole && kKept.find(c) != std::string_view::npos);
    if (c == '%' && whole) {
      kept = i + 2 < url.size() && std::isxdigit(static_cast<unsigned char>(url[i + 1])) != 0 &&
             std::isxdigit(static_cast<unsigned char>(url[i + 2])) != 0;
    }
    if (kept) {
      out += c;
    } else {
      out += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

/// A value of CSS: plain words and numbers; anything else is not let through.
std::string style_value(std::string_view text) {
  const std::string lower = lower_ascii(text);
  const bool bad = text.find_first_of("\"'()/;@[\\]`{}<>\0") != std::string_view::npos ||
                   lower.find("expression") != std::string::npos ||
                   lower.find("mozbinding") != std::string::npos ||
                   lower.find("--") != std::string::npos;
  return bad ? "ZgotmplZ" : std::string(text);
}

std::string script_value(const rules::templates::Value& value) {
  const Result<std::string> json = value_json(value);
  if (json.has_error()) return "null";
  const bool word =
      !json->empty() && json->front() != '"' && json->front() != '{' && json->front() != '[';
  return word ? ' ' + *json + ' ' : *json;
}

}  // namespace

void HtmlEscaper::text(std::string& out, std::string_view text) {
  for (std::size_t at = 0; at < text.size();) step(out, text, at);
}

HtmlEscaper::Kind HtmlEscaper::attribute_kind() const {
  constexpr std::array<std::string_view, 11> kUrls = {
      "href", "src",    "action",   "formaction", "background", "cite",
      "data", "poster", "longdesc", "usemap",     "manifest"};
  if (attribute_ == "style") return Kind::kStyle;
  if (attribute_.starts_with("on")) return Kind::kScript;
  const bool url = std::find(kUrls.begin(), kUrls.end(), attribute_) != kUrls.end();
  return url ? Kind::kUrl : Kind::kPlain;
}

void HtmlEscaper::end_tag() {
  constexpr std::array<std::string_view, 4> kRaw = {"script", "style", "title", "textarea"};
  const bool raw = std::find(kRaw.begin(), kRaw.end(), tag_) != kRaw.end();
  state_ = raw ? State::kRaw : State::kText;
  raw_ = raw ? tag_ : "";
}

/// One character, or a few that belong together.
void HtmlEscaper::step(std::string& out, std::string_view text, std::size_t& at) {
  const std::string_view rest = text.substr(at);
  const char c = rest[0];
  const auto take = [&](std::size_t count) {
    out += rest.substr(0, count);
    at += count;
  };
  switch (state_) {
    case State::kText:
      if (rest.starts_with("<!--")) {
        state_ = State::kComment;
        at += 4;
        return;
      }
      if (c == '<' && rest.size() > 1 &&
          (rest[1] == '/' || std::isalpha(static_cast<unsigned char>(rest[1])) != 0)) {
        std::size_t end = rest[1] == '/' ? 2 : 1;
        const std::size_t begin = end;
        while (end < rest.size() && is_name_character(rest[end])) ++end;
        tag_ = rest[1] == '/' ? "" : lower_ascii(rest.substr(begin, end - begin));
        state_ = State::kTag;
        return take(end);
      }
      return take(1);
    case State::kComment: {
      const std::size_t end = rest.find("-->");
      at = end == std::string_view::npos ? text.size() : at + end + 3;
      if (end != std::string_view::npos) state_ = State::kText;
      return;
    }
    case State::kRaw: {
      const std::string closing = "</" + raw_;
      if (c == '<' && lower_ascii(rest.substr(0, closing.size())) == closing) {
        tag_.clear();
        state_ = State::kTag;
        return take(closing.size());
      }
      return take(1);
    }
    case State::kTag:
      if (c == '>') {
        end_tag();
      } else if (!is_blank(c) && c != '/') {
        state_ = State::kAttributeName;
        attribute_.clear();
        return;
      }
      return take(1);
    case State::kAttributeName:
      if (is_name_character(c)) {
        attribute_ += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (c == '=') {
        state_ = State::kBeforeValue;
      } else if (is_blank(c) || c == '>' || c == '/') {
        state_ = State::kTag;
        return;
      }
      return take(1);
    case State::kBeforeValue:
      if (!is_blank(c)) {
        state_ = State::kValue;
        quote_ = c == '"' || c == '\'' ? c : '\0';
        value_begun_ = false;
        in_query_ = false;
        if (quote_ == 0) return;
      }
      return take(1);
    case State::kValue:
      if (quote_ != 0 ? c == quote_ : is_blank(c) || c == '>') {
        state_ = State::kTag;
        if (quote_ == 0) return;
      } else {
        value_begun_ = true;
        in_query_ = in_query_ || c == '?' || c == '#';
      }
      return take(1);
  }
}

void HtmlEscaper::value(std::string& out, const rules::templates::Value& value) {
  const Html* html = value.as<Html>();
  const SafeUrl* url = value.as<SafeUrl>();
  // Go prints nothing where text/template has "<no value>".
  const std::string text = value.is_nil() ? "" : rules::templates::printed(value);
  if (state_ == State::kBeforeValue) {
    state_ = State::kValue;
    quote_ = 0;
    value_begun_ = false;
    in_query_ = false;
  }
  switch (state_) {
    case State::kText:
      out += html != nullptr ? text : html_text(text, false);
      return;
    case State::kRaw:
      if (raw_ == "script") {
        out += script_value(value);
      } else if (raw_ == "style") {
        out += style_value(text);
      } else {
        out += html_text(text, html != nullptr);
      }
      return;
    case State::kComment:
      return;
    case State::kTag:
    case State::kAttributeName:
    case State::kBeforeValue:
      // The name of an attribute: what could be harmful is not let through.
      out += std::all_of(text.begin(), text.end(), is_name_character) ? text : "ZgotmplZ";
      return;
    case State::kValue:
      break;
  }
  std::string shown = html != nullptr ? without_tags(text) : text;
  switch (attribute_kind()) {
    case Kind::kUrl:
      if (!value_begun_ && url == nullptr && is_harmful_url(shown)) shown = "#ZgotmplZ";
      shown = url_normalized(shown, !in_query_);
      in_query_ = in_query_ || shown.find_first_of("?#") != std::string::npos;
      break;
    case Kind::kStyle:
      shown = style_value(shown);
      break;
    case Kind::kScript:
      shown = script_value(value);
      break;
    case Kind::kPlain:
      break;
  }
  value_begun_ = true;
  out += quote_ == 0 ? unquoted_value(shown) : html_text(shown, html != nullptr);
}

}  // namespace tocsin::alerting
