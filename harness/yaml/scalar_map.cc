#include "harness/yaml/scalar_map.h"

#include <algorithm>

#include "harness/base/utf8.h"

namespace tocsin::yaml {
namespace {

/// Longer ones are not followed.
constexpr std::size_t kLongestFollowed = 1 << 20;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/// One character of a value and where in the file it begins. A character that stands for a line
/// break is placed where that line ends.
struct Placed {
  std::string text;
  std::size_t source = 0;
  std::size_t width = 0;  ///< bytes in the file; of a line break none
};

/// Reads one scalar again, remembering places. What it makes of the text is compared with what the
/// YAML reader made of it, so it need not know every corner of YAML.
class Reader {
 public:
  Reader(std::string_view yaml, std::size_t start) : yaml_(yaml), at_(start) {
    skip_properties();
    start_ = content_ = at_;
  }

  std::vector<Placed> read(std::size_t value_bytes) {
    value_bytes_ = value_bytes;
    switch (peek()) {
      case '"':
      case '\'':
        quoted(peek());
        break;
      case '|':
      case '>':
        block(peek() == '>');
        break;
      default:
        plain();
    }
    return std::move(placed_);
  }
  std::size_t start() const { return start_; }
  /// Behind the opening quote.
  std::size_t content() const { return content_; }

 private:
  bool at_end() const { return at_ >= yaml_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < yaml_.size() ? yaml_[at_ + ahead] : '\0';
  }
  /// A line end is "\n" or "\r\n".
  std::size_t break_length() const {
    if (peek() == '\n') return 1;
    return peek() == '\r' && peek(1) == '\n' ? 2 : 0;
  }

  void skip_properties() {
    while (peek() == '&' || peek() == '!') {
      while (!at_end() && !is_blank(peek()) && break_length() == 0) ++at_;
      while (is_blank(peek()) || break_length() > 0) ++at_;
    }
  }

  void put(std::string text, std::size_t source, std::size_t width = 0) {
    placed_.push_back({std::move(text), source, width});
    read_bytes_ += placed_.back().text.size();
  }
  void put_character() {
    const std::string_view character = utf8_characters(yaml_.substr(at_, 4)).front();
    put(std::string(character), at_, character.size());
    at_ += character.size();
  }

  /// At a line end inside a flow scalar: blanks before it vanish, a single break becomes a space,
  /// more of them become one newline less.
  void fold() {
    while (!placed_.empty() && placed_.back().width == 1 && is_blank(placed_.back().text.front())) {
      read_bytes_ -= placed_.back().text.size();
      placed_.pop_back();
    }
    const std::size_t first = at_;
    std::vector<std::size_t> empty_lines;
    at_ += break_length();
    for (;;) {
      while (is_blank(peek())) ++at_;
      if (break_length() == 0) break;
      empty_lines.push_back(at_);
      at_ += break_length();
    }
    if (empty_lines.empty()) return put(" ", first);
    for (const std::size_t line : empty_lines) put("\n", line);
  }

  void plain() {
    while (!at_end() && read_bytes_ < value_bytes_) {
      break_length() > 0 ? fold() : put_character();
    }
  }

  void quoted(char quote) {
    content_ = ++at_;
    while (!at_end()) {
      if (break_length() > 0) {
        fold();
      } else if (peek() == quote && quote == '\'' && peek(1) == '\'') {
        put("'", at_, 2);
        at_ += 2;
      } else if (peek() == quote) {
        return;
      } else if (peek() == '\\' && quote == '"') {
        escape();
      } else {
        put_character();
      }
    }
  }

  void escape() {
    const std::size_t from = at_;
    ++at_;
    if (break_length() > 0) {  // an escaped line end vanishes with the next line's indentation
      at_ += break_length();
      while (is_blank(peek())) ++at_;
      return;
    }
    const char c = peek();
    ++at_;
    constexpr std::string_view kLetters = "0abtnvfre \"/\\\t";
    constexpr std::string_view kMeanings("\0\a\b\t\n\v\f\r\x1B \"/\\\t", 14);
    if (const std::size_t i = kLetters.find(c); i != std::string_view::npos) {
      return put(std::string(1, kMeanings[i]), from, at_ - from);
    }
    std::string text;
    const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (c == 'N') append_utf8(text, 0x85);
    if (c == '_') append_utf8(text, 0xA0);
    if (c == 'L') append_utf8(text, 0x2028);
    if (c == 'P') append_utf8(text, 0x2029);
    if (digits > 0) append_utf8(text, hex(digits));
    put(std::move(text), from, at_ - from);
  }
  char32_t hex(std::size_t digits) {
    char32_t code = 0;
    for (std::size_t i = 0; i < digits && !at_end(); ++i, ++at_) {
      const char c = peek();
      const char32_t value =
          c <= '9' ? static_cast<char32_t>(c - '0') : static_cast<char32_t>((c | 0x20) - 'a' + 10);
      code = code << 4 | (value & 0xF);
    }
    return code;
  }

  // --- block scalars ---

  struct Line {
    std::size_t begin = 0;  ///< after the indentation
    std::size_t end = 0;
    bool empty = false;
    bool indented = false;  ///< begins with a blank, so that it is not folded
  };

  void block(bool folded) {
    std::size_t given = 0;
    for (++at_; !at_end() && break_length() == 0; ++at_) {
      if (peek() >= '1' && peek() <= '9' && given == 0)
        given = static_cast<std::size_t>(peek() - '0');
      if (peek() == '#') break;
    }
    at_ = std::min(yaml_.find('\n', at_), yaml_.size() - 1) + 1;
    const std::vector<Line> lines = block_lines(given == 0 ? 0 : parent_indent() + given);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      at_ = lines[i].begin;
      while (at_ < lines[i].end) put_character();
      end_line(lines, i, folded);
    }
  }

  /// Columns before the content of the line on which the block scalar's parent begins; a sequence's
  /// dash counts as indentation.
  std::size_t parent_indent() const {
    std::size_t line = yaml_.rfind('\n', start_);
    line = line == std::string_view::npos ? 0 : line + 1;
    std::size_t indent = 0;
    while (yaml_[line + indent] == ' ' ||
           (yaml_[line + indent] == '-' && yaml_[line + indent + 1] == ' ')) {
      ++indent;
    }
    return indent;
  }

  std::vector<Line> block_lines(std::size_t indent) {
    std::vector<Line> lines;
    while (!at_end()) {
      const std::size_t begin = at_;
      while (peek() == ' ' && (indent == 0 || at_ - begin < indent)) ++at_;
      const std::size_t spaces = at_ - begin;
      const bool empty = break_length() > 0 || at_end();
      if (!empty && indent == 0) indent = spaces;
      if (!empty && (spaces < indent || indent == 0)) break;
      std::size_t end = at_;
      while (end < yaml_.size() && yaml_[end] != '\n') ++end;
      const std::size_t next = end + 1;
      if (end > at_ && yaml_[end - 1] == '\r') --end;
      lines.push_back({at_, end, empty, !empty && is_blank(peek())});
      at_ = next;
    }
    return lines;
  }

  /// The break after line i: kept in a literal. Folded, one break between lines of text is a space,
  /// and of more than one the first goes; breaks beside indented lines and at the end stay.
  void end_line(const std::vector<Line>& lines, std::size_t i, bool folded) {
    const Line& line = lines[i];
    if (!folded || line.empty) return put("\n", line.end);
    std::size_t next = i + 1;
    while (next < lines.size() && lines[next].empty) ++next;
    if (next == lines.size() || line.indented || lines[next].indented) return put("\n", line.end);
    if (next == i + 1) put(" ", line.end);
  }

  std::string_view yaml_;
  std::size_t at_;
  std::size_t start_ = 0;
  std::size_t content_ = 0;
  std::size_t value_bytes_ = 0;
  std::size_t read_bytes_ = 0;
  std::vector<Placed> placed_;
};

/// Whether what was read again begins with the value; the rest is chomped line ends.
bool agrees(const std::vector<Placed>& placed, std::string_view value) {
  std::size_t at = 0;
  for (const Placed& character : placed) {
    if (at >= value.size()) break;
    if (!value.substr(at).starts_with(character.text)) return false;
    at += character.text.size();
  }
  return at >= value.size();
}

}  // namespace

ScalarMap::ScalarMap(std::shared_ptr<const SourceText> source, std::size_t start,
                     std::string_view value)
    : source_(std::move(source)), value_(value) {
  Reader reader(source_->text(), start);
  start_ = reader.start();
  std::vector<Placed> placed;
  if (value.size() <= kLongestFollowed) placed = reader.read(value.size());
  const auto add_run = [&](std::size_t offset, std::size_t at, bool moves) {
    runs_.push_back({static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(at), moves});
  };
  if (!agrees(placed, value)) {
    add_run(0, start_, false);
    return;
  }
  std::size_t offset = 0;
  std::size_t expected = reader.content();  // where the next character would continue the run
  bool running = false;
  for (const Placed& character : placed) {
    if (offset > value.size()) break;
    const bool as_written = character.width == character.text.size();
    if (!running || !as_written || character.source != expected) {
      add_run(offset, character.source, as_written);
    }
    running = as_written;
    expected = character.source + character.width;
    offset += character.text.size();
  }
  if (!running && offset <= value.size()) add_run(offset, expected, false);
}

std::size_t ScalarMap::source_offset(std::size_t offset) const {
  if (runs_.empty()) return start_;
  offset = std::min(offset, value_.size());
  const auto after =
      std::upper_bound(runs_.begin(), runs_.end(), offset,
                       [](std::size_t wanted, const Run& run) { return wanted < run.offset; });
  const Run& run = after == runs_.begin() ? *after : *(after - 1);
  return run.source + (run.moves ? offset - run.offset : 0);
}

SourcePos ScalarMap::at(std::size_t offset) const {
  return source_ == nullptr ? SourcePos() : source_->position(source_offset(offset));
}

SourcePos ScalarMap::at(int line, int column) const {
  std::size_t offset = 0;
  for (int i = 1; i < line; ++i) {
    const std::size_t end = value_.find('\n', offset);
    if (end == std::string::npos) break;
    offset = end + 1;
  }
  const std::string_view rest = std::string_view(value_).substr(offset);
  int left = column - 1;
  for (const std::string_view character : utf8_characters(rest.substr(0, rest.find('\n')))) {
    if (left-- <= 0) break;
    offset += character.size();
  }
  return at(offset);
}

}  // namespace tocsin::yaml
