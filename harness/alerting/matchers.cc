#include "harness/alerting/matchers.h"

#include <algorithm>
#include <optional>

#include "harness/base/utf8.h"
#include "harness/rules/go_text.h"

namespace tocsin::alerting {
namespace {

/// An error at a byte of the text; columns count characters.
Error matcher_error(std::string_view text, std::size_t at, std::string message,
                    std::size_t bytes = 1) {
  const auto column = static_cast<int>(utf8_length(text.substr(0, at))) + 1;
  const auto length = static_cast<int>(utf8_length(text.substr(at, bytes)));
  return input_error({"", 1, column}, std::move(message), std::max(length, 1));
}

bool is_ascii_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

/// Go's unicode.IsSpace.
bool is_go_space(std::string_view character) {
  if (character.size() == 1) return is_ascii_space(character[0]);
  constexpr std::string_view kOthers[] = {"\u0085", "\u00A0", "\u1680", "\u2028",
                                          "\u2029", "\u202F", "\u205F", "\u3000"};
  if (std::find(std::begin(kOthers), std::end(kOthers), character) != std::end(kOthers)) {
    return true;
  }
  return character >= "\u2000" && character <= "\u200A" && character.size() == 3;
}

bool is_reserved(std::string_view character) {
  return is_go_space(character) ||
         (character.size() == 1 &&
          std::string_view("{}!=~,\\\"'`").find(character[0]) != std::string_view::npos);
}

/// What RE2 says against a pattern, in Go's words.
std::string in_go_words(std::string message) {
  constexpr std::string_view kWords[][2] = {
      {"missing )", "missing closing )"},
      {"missing ]", "missing closing ]"},
      {"no argument for repetition operator", "missing argument to repetition operator"},
      {"bad repetition operator", "invalid nested repetition operator"}};
  for (const auto& [re2, go] : kWords) {
    const std::size_t at = message.find(re2);
    if (at != std::string::npos) return message.replace(at, re2.size(), go);
  }
  return message;
}

/// A matcher out of its parts; a bad regular expression is complained of at the value.
Result<Matcher> made(std::string_view text, std::size_t at, std::size_t bytes, MatchOp op,
                     std::string name, std::string value) {
  Result<Matcher> matcher = Matcher::make(op, std::move(name), std::move(value));
  if (matcher.has_error()) {
    return matcher_error(text, at, in_go_words(matcher.error().message), bytes);
  }
  return matcher;
}

// --- the classic grammar ---

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

struct ClassicParts {
  std::string name;
  MatchOp op = MatchOp::kEqual;
  std::size_t value_at = 0;
  std::string_view value;  ///< without blanks around it
};

std::optional<ClassicParts> classic_parts(std::string_view text) {
  std::size_t at = 0;
  const auto skip = [&] {
    while (at < text.size() && is_ascii_space(text[at]) && text[at] != '\v') ++at;
  };
  skip();
  const std::size_t name_at = at;
  if (at == text.size() || !is_name_start(text[at])) return std::nullopt;
  while (at < text.size() && (is_name_start(text[at]) || (text[at] >= '0' && text[at] <= '9'))) {
    ++at;
  }
  ClassicParts parts;
  parts.name = text.substr(name_at, at - name_at);
  skip();
  const std::string_view rest = text.substr(at);
  if (rest.starts_with("=~")) {
    parts.op = MatchOp::kRegex;
  } else if (rest.starts_with("!~")) {
    parts.op = MatchOp::kNotRegex;
  } else if (rest.starts_with("!=")) {
    parts.op = MatchOp::kNotEqual;
  } else if (!rest.starts_with("=")) {
    return std::nullopt;
  }
  at += to_string(parts.op).size();
  skip();
  std::size_t end = text.size();
  while (end > at && is_ascii_space(text[end - 1]) && text[end - 1] != '\v') --end;
  parts.value_at = at;
  parts.value = text.substr(at, end - at);
  return parts;
}

Result<Matcher> classic_matcher(std::string_view whole, std::size_t start, std::string_view text) {
  const std::optional<ClassicParts> parts = classic_parts(text);
  if (!parts) {
    return matcher_error(whole, start, "bad matcher format: " + std::string(text), text.size());
  }
  const std::size_t at = start + parts->value_at;
  std::string_view raw = parts->value;
  bool open = raw.starts_with('"');
  if (open) raw.remove_prefix(1);
  const auto unescaped_quote = [&] {
    return matcher_error(
        whole, at, "matcher value contains unescaped double quote: " + std::string(parts->value),
        parts->value.size());
  };
  if (find_invalid_utf8(raw)) return matcher_error(whole, at, "matcher value not valid UTF-8");
  std::string value;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const bool last = i + 1 == raw.size();
    if (raw[i] == '\\' && !last) {
      const char next = raw[++i];
      if (next != 'n' && next != '"' && next != '\\') value += '\\';
      value += next == 'n' ? '\n' : next;
    } else if (raw[i] == '"') {
      if (!open || !last) return unescaped_quote();
      open = false;
    } else {
      value += raw[i];
    }
  }
  if (open) return unescaped_quote();
  return made(whole, at, parts->value.size(), parts->op, parts->name, std::move(value));
}

Result<Matchers> classic_matchers(std::string_view text) {
  std::size_t begin = text.starts_with('{') ? 1 : 0;
  std::size_t end = text.size();
  if (end > begin && text[end - 1] == '}') --end;
  Matchers matchers;
  bool quoted = false;
  bool escaped = false;
  const auto add = [&](std::size_t to, bool is_last) -> Result<void> {
    const std::string_view part = text.substr(begin, to - begin);
    if (is_last && std::all_of(part.begin(), part.end(), is_ascii_space)) {
      return boost::system::in_place_value;
    }
    TRY(Matcher matcher, classic_matcher(text, begin, part));
    matchers.push_back(std::move(matcher));
    begin = to + 1;
    return boost::system::in_place_value;
  };
  for (std::size_t i = begin; i < end; ++i) {
    const char c = text[i];
    if (c == ',' && !quoted) {
      TRY_VOID(add(i, false));
      continue;
    }
    if (c == '"' && !escaped) quoted = !quoted;
    escaped = c == '\\' && !escaped;
  }
  TRY_VOID(add(end, true));
  return matchers;
}

// --- the grammar of 0.27 ---

class Utf8Parser {
 public:
  explicit Utf8Parser(std::string_view text) : text_(text) {}

  Result<Matchers> run() {
    skip_space();
    if (at_end()) return Matchers();
    const bool braced = take('{');
    skip_space();
    Matchers matchers;
    while (!at_end() && !(peek() == "}")) {
      TRY(Matcher matcher, matcher_here());
      matchers.push_back(std::move(matcher));
      skip_space();
      if (take(',')) {
        skip_space();
        continue;
      }
      if (!at_end() && peek() != "}") return problem("expected a comma or close brace");
    }
    if (at_end() && braced) return problem("expected close brace");
    if (take('}') && !braced) {
      --at_;
      return problem("expected opening brace");
    }
    skip_space();
    if (!at_end()) return problem("expected end of input");
    return matchers;
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  std::string_view peek() const {
    if (at_end()) return {};
    return utf8_characters(text_.substr(at_, 4)).front();
  }
  bool take(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void skip_space() {
    while (!at_end() && is_go_space(peek())) at_ += peek().size();
  }
  Error problem(const std::string& expected) const {
    const std::string found = at_end() ? "end of input" : std::string(peek());
    return matcher_error(text_, std::min(at_, text_.size()),
                         "unexpected " + found + ": " + expected);
  }

  /// A name or value: quoted with Go's escapes, or up to a reserved character.
  Result<std::string> word(const std::string& expected) {
    skip_space();
    const std::size_t start = at_;
    if (!at_end() && peek() == "\"") {
      ++at_;
      while (!at_end() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      if (at_end()) return matcher_error(text_, start, "missing end \"", text_.size() - start);
      ++at_;
      const std::string_view literal = text_.substr(start, at_ - start);
      if (std::optional<std::string> value = rules::go_unquote(literal)) return std::move(*value);
      return matcher_error(text_, start, std::string(literal) + ": invalid input", literal.size());
    }
    while (!at_end() && !is_reserved(peek())) at_ += peek().size();
    if (at_ == start) return problem(expected);
    return std::string(text_.substr(start, at_ - start));
  }

  Result<MatchOp> operator_here() {
    skip_space();
    if (take('!')) {
      if (take('=')) return MatchOp::kNotEqual;
      if (take('~')) return MatchOp::kNotRegex;
    } else if (take('=')) {
      return take('~') ? MatchOp::kRegex : MatchOp::kEqual;
    }
    return problem("expected an operator such as '=', '!=', '=~' or '!~'");
  }

  Result<Matcher> matcher_here() {
    TRY(std::string name, word("expected label name"));
    TRY(const MatchOp op, operator_here());
    skip_space();
    const std::size_t value_at = at_;
    TRY(std::string value, word("expected label value"));
    return made(text_, value_at, at_ - value_at, op, std::move(name), std::move(value));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// What the default mode makes of the two results: the new grammar's where the old one fails, else
/// the old one's.
template <class T>
Result<T> either(Result<T> modern, Result<T> classic) {
  return classic.has_error() && modern.has_value() ? modern : classic;
}

Result<Matcher> only_one(Result<Matchers> matchers, std::string_view text) {
  if (matchers.has_error()) return std::move(matchers).error();
  if (matchers->size() == 1) return std::move(matchers->front());
  return matcher_error(text, 0,
                       matchers->empty()
                           ? "no matchers"
                           : "expected 1 matcher, found " + std::to_string(matchers->size()),
                       text.size());
}

/// As in Alertmanager's configuration and OpenMetrics.
std::string escaped_value(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

void sort_matchers(Matchers& matchers) {
  std::stable_sort(matchers.begin(), matchers.end(), [](const Matcher& a, const Matcher& b) {
    return std::tie(a.name(), a.value()) < std::tie(b.name(), b.value()) ||
           (a.name() == b.name() && a.value() == b.value() && a.op() < b.op());
  });
}

Result<Matchers> parse_matchers(std::string_view text, MatcherMode mode) {
  if (mode == MatcherMode::kClassic) return classic_matchers(text);
  if (mode == MatcherMode::kUtf8) return Utf8Parser(text).run();
  return either(Utf8Parser(text).run(), classic_matchers(text));
}

Result<Matcher> parse_matcher(std::string_view text, MatcherMode mode) {
  if (mode == MatcherMode::kClassic) return classic_matcher(text, 0, text);
  if (text.starts_with('{') || text.ends_with('}')) {
    return matcher_error(text, text.starts_with('{') ? 0 : text.size() - 1,
                         "unexpected open or close brace: " + std::string(text));
  }
  Result<Matcher> modern = only_one(Utf8Parser(text).run(), text);
  if (mode == MatcherMode::kUtf8) return modern;
  return either(std::move(modern), classic_matcher(text, 0, text));
}

bool matches_all(const Matchers& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const Matcher& matcher) { return matcher.matches(labels); });
}

std::string matcher_text(const Matcher& matcher) {
  const std::string op(to_string(matcher.op()));
  const auto characters = utf8_characters(matcher.name());
  if (std::any_of(characters.begin(), characters.end(), is_reserved)) {
    return rules::go_quote(matcher.name()) + op + rules::go_quote(matcher.value());
  }
  return matcher.name() + op + '"' + escaped_value(matcher.value()) + '"';
}

std::string matchers_text(const Matchers& matchers) {
  std::string text = "{";
  for (const Matcher& matcher : matchers) {
    if (text.size() > 1) text += ',';
    text += matcher_text(matcher);
  }
  return text + '}';
}

bool is_label_name(std::string_view name, MatcherMode mode) {
  if (mode == MatcherMode::kClassic) return is_legacy_label_name(name);
  return !name.empty() && !find_invalid_utf8(name);
}

}  // namespace tocsin::alerting
