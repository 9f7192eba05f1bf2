#include "harness/rules/go_printf.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/promql/native_histogram_text.h"
#include "harness/rules/go_text.h"

namespace tocsin::rules::templates {
namespace {

/// Go allows a million; nobody reads that, and a template could fill the memory.
constexpr int kWidest = 1000;

struct Spec {
  bool plus = false;
  bool minus = false;
  bool sharp = false;
  bool space = false;
  bool zero = false;
  bool go_syntax = false;  ///< %#v
  std::optional<int> width;
  std::optional<int> precision;
};

/// One value under one verb, appended to a text.
class Printer {
 public:
  Printer(std::string& out, const Spec& spec, char32_t verb) : out_(out), spec_(spec) {
    verb_ = verb < 0x80 ? static_cast<char>(verb) : '\0';
    append_utf8(verb_text_, verb);
  }

  void print(const Value& value, int depth = 0) {
    if (verb_ == 'T' && depth == 0) return pad(value.is_nil() ? "<nil>" : type_name(value));
    std::visit([&](const auto& held) { print_held(held, value, depth); }, value.held);
  }

 private:
  void print_held(const Nil&, const Value& value, int) {
    verb_ == 'v' ? pad("<nil>") : bad_verb(value);
  }
  void print_held(bool held, const Value& value, int) {
    verb_ == 'v' || verb_ == 't' ? pad(held ? "true" : "false") : bad_verb(value);
  }
  void print_held(std::int64_t held, const Value& value, int) { integer(held, value); }
  void print_held(double held, const Value& value, int) { floating(held, value); }
  void print_held(const std::string& held, const Value& value, int) { string(held, value); }
  void print_held(const Html& held, const Value& value, int) { string(held.text, value); }
  void print_held(const SafeUrl& held, const Value& value, int) { string(held.text, value); }
  void print_held(const ObjectPtr& held, const Value& value, int) { string(held->text(), value); }
  void print_held(const GoTime& held, const Value& value, int) {
    string(go_time(held.at, {held.offset, held.zone}), value);
  }
  void print_held(const GoDuration& held, const Value& value, int) {
    string(go_duration(held.length), value);
  }
  void print_held(const Histogram& held, const Value& value, int) {
    string(promql::to_string(*held), value);
  }
  void print_held(const Labels& held, const Value&, int depth) {
    map_begin("map[string]string");
    bool first = true;
    for (const LabelView label : held) {
      map_item(first, std::string(label.name), std::string(label.value), depth);
      first = false;
    }
    map_end();
  }
  void print_held(const Arguments& held, const Value&, int depth) {
    map_begin("map[string]interface {}");
    bool first = true;
    for (const auto& [name, value] : *held) {
      map_item(first, name, value, depth);
      first = false;
    }
    map_end();
  }
  void print_held(const Sample& held, const Value&, int depth) {
    if (depth > 0) return pad("0xc000000000");  // Go prints an address
    out_ += "&{";
    print(held->labels, 1);
    out_ += ' ';
    print(held->value, 1);
    out_ += '}';
  }
  void print_held(const Samples& held, const Value&, int depth) {
    out_ += '[';
    for (std::size_t i = 0; i < held.size(); ++i) {
      if (i > 0) out_ += ' ';
      print(held[i], depth + 1);
    }
    out_ += ']';
  }
  void print_held(const Root& held, const Value&, int) {
    std::vector<LabelView> external;
    for (const auto& [name, value] : held.data->external_labels) external.push_back({name, value});
    out_ += '{';
    print(held.data->labels, 1);
    out_ += ' ';
    print(Labels::from(external), 1);
    out_ += ' ';
    print(held.data->external_url, 1);
    out_ += ' ';
    print(alert_value(*held.data), 1);
    out_ += '}';
  }

  void map_begin(std::string_view type) {
    if (spec_.go_syntax) out_ += std::string(type) + '{';
    if (!spec_.go_syntax) out_ += "map[";
  }
  void map_item(bool first, const std::string& name, const Value& value, int depth) {
    if (!first) out_ += spec_.go_syntax ? ", " : " ";
    print(name, depth + 1);
    out_ += ':';
    print(value, depth + 1);
  }
  void map_end() { out_ += spec_.go_syntax ? '}' : ']'; }

  void bad_verb(const Value& value) {
    out_ += "%!" + verb_text_ + '(';
    if (value.is_nil()) {
      out_ += "<nil>";
    } else {
      out_ += type_name(value) + '=';
      Printer(out_, spec_, 'v').print(value);
    }
    out_ += ')';
  }

  void pad(std::string_view text) {
    const auto width = static_cast<std::size_t>(spec_.width.value_or(0));
    const std::size_t length = utf8_length(text);
    const std::size_t missing = width > length ? width - length : 0;
    if (!spec_.minus) out_.append(missing, spec_.zero ? '0' : ' ');
    out_ += text;
    if (spec_.minus) out_.append(missing, ' ');
  }

  /// A number whose sign stands before padding zeros.
  void pad_number(std::string_view sign, std::string_view digits) {
    if (!spec_.zero) return pad(std::string(sign) + std::string(digits));
    const auto width = static_cast<std::size_t>(spec_.width.value_or(0));
    const std::size_t length = sign.size() + digits.size();
    out_ += sign;
    if (width > length) out_.append(width - length, '0');
    out_ += digits;
  }
  std::string_view sign_of(bool negative) const {
    if (negative) return "-";
    if (spec_.plus) return "+";
    return spec_.space ? " " : "";
  }

  void string(std::string text, const Value& value) {
    switch (verb_) {
      case 'v':
      case 's':
        if (spec_.go_syntax) return pad(go_quote(text));
        return pad(truncated(text));
      case 'q':
        text = truncated(text);
        if (spec_.sharp && text.find_first_of("`\n\r") == std::string::npos) {
          return pad('`' + text + '`');
        }
        return pad(go_quote(text));
      case 'x':
      case 'X':
        return pad(hex(text));
      default:
        return bad_verb(value);
    }
  }

  std::string truncated(const std::string& text) const {
    if (!spec_.precision) return text;
    std::string kept;
    int left = *spec_.precision;
    for (const std::string_view character : utf8_characters(text)) {
      if (left-- <= 0) break;
      kept += character;
    }
    return kept;
  }

  std::string hex(std::string_view text) const {
    if (spec_.precision) text = text.substr(0, static_cast<std::size_t>(*spec_.precision));
    std::string digits;
    const std::string_view prefix = !spec_.sharp ? "" : verb_ == 'x' ? "0x" : "0X";
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (spec_.space && i > 0) digits += ' ';
      if (i == 0 || spec_.space) digits += prefix;
      const auto byte = static_cast<unsigned char>(text[i]);
      digits += verb_ == 'x' ? fmt::format("{:02x}", byte) : fmt::format("{:02X}", byte);
    }
    return digits;
  }

  void integer(std::int64_t number, const Value& value) {
    const bool negative = number < 0;
    const std::uint64_t magnitude =
        negative ? ~static_cast<std::uint64_t>(number) + 1 : static_cast<std::uint64_t>(number);
    switch (verb_) {
      case 'v':
      case 'd':
        return digits(negative, fmt::format("{}", magnitude), "");
      case 'b':
        return digits(negative, fmt::format("{:b}", magnitude), spec_.sharp ? "0b" : "");
      case 'o':
        return digits(negative, fmt::format("{:o}", magnitude), spec_.sharp ? "0" : "");
      case 'O':
        return digits(negative, fmt::format("{:o}", magnitude), "0o");
      case 'x':
        return digits(negative, fmt::format("{:x}", magnitude), spec_.sharp ? "0x" : "");
      case 'X':
        return digits(negative, fmt::format("{:X}", magnitude), spec_.sharp ? "0X" : "");
      case 'c':
        return pad(character(number));
      case 'q': {
        const std::string quoted = go_quote(character(number));
        return pad(number == '"' ? "'\"'" : '\'' + quoted.substr(1, quoted.size() - 2) + '\'');
      }
      case 'U':
        return pad(fmt::format("U+{:04X}", magnitude));
      default:
        return bad_verb(value);
    }
  }
  static std::string character(std::int64_t number) {
    std::string text;
    const bool valid = number >= 0 && number <= 0x10FFFF;
    append_utf8(text, valid ? static_cast<char32_t>(number) : char32_t{0xFFFD});
    return text;
  }
  void digits(bool negative, std::string text, std::string_view prefix) {
    if (spec_.precision) {
      const auto least = static_cast<std::size_t>(*spec_.precision);
      if (least == 0 && text == "0") return pad("");
      if (text.size() < least) text.insert(0, least - text.size(), '0');
      return pad(std::string(sign_of(negative)) + std::string(prefix) + text);
    }
    pad_number(std::string(sign_of(negative)) + std::string(prefix), text);
  }

  void floating(double number, const Value& value) {
    std::string text;
    switch (verb_) {
      case 'v':
      case 'g':
        text = go_float(number, 'g', spec_.precision.value_or(-1));
        break;
      case 'G':
        text = go_float(number, 'G', spec_.precision.value_or(-1));
        break;
      case 'e':
      case 'E':
      case 'f':
        text = go_float(number, verb_, spec_.precision.value_or(6));
        break;
      case 'F':
        text = go_float(number, 'f', spec_.precision.value_or(6));
        break;
      case 'x':
      case 'X':
        text = hex_float(number);
        break;
      case 'b':
        text = binary_float(number);
        break;
      default:
        return bad_verb(value);
    }
    if (!std::isfinite(number)) return pad_special(text);
    const bool negative = text.starts_with('-');
    pad_number(sign_of(negative), negative ? std::string_view(text).substr(1) : text);
  }

  /// "+Inf" keeps its sign; neither is padded with zeros.
  void pad_special(std::string text) {
    spec_.zero = false;
    if (text == "NaN" && spec_.plus) text = "+NaN";
    if (text == "NaN" && spec_.space) text = " NaN";
    if (text == "+Inf" && spec_.space && !spec_.plus) text = " Inf";
    pad(text);
  }

  /// -0x1.23p+20, with at least two digits of exponent.
  std::string hex_float(double number) const {
    if (!std::isfinite(number)) return go_float(number, 'g', -1);
    char buffer[64];
    const double magnitude = std::abs(number);
    const auto end = spec_.precision
                         ? std::to_chars(buffer, buffer + 48, magnitude, std::chars_format::hex,
                                         std::min(*spec_.precision, 13))
                         : std::to_chars(buffer, buffer + 48, magnitude, std::chars_format::hex);
    std::string text(buffer, end.ptr);
    const std::size_t p = text.find('p');
    if (p != std::string::npos && text.size() - p == 3) text.insert(p + 2, 1, '0');
    text = (std::signbit(number) ? "-0x" : "0x") + text;
    if (verb_ == 'X') {
      std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      });
    }
    return text;
  }
  static std::string binary_float(double number) {
    if (!std::isfinite(number)) return go_float(number, 'g', -1);
    constexpr int kMantissaBits = 53;
    int exponent = 0;
    const double mantissa = std::ldexp(std::frexp(number, &exponent), kMantissaBits);
    return fmt::format("{:.0f}p{:+}", mantissa, exponent - kMantissaBits);
  }

  std::string& out_;
  Spec spec_;
  char verb_ = '\0';
  std::string verb_text_;
};

/// Reads a format from left to right.
class Format {
 public:
  Format(std::string_view format, std::span<const Value> arguments)
      : rest_(format), arguments_(arguments) {}

  std::string run() {
    while (!rest_.empty()) {
      const std::size_t percent = rest_.find('%');
      out_ += rest_.substr(0, percent);
      if (percent == std::string_view::npos) break;
      rest_.remove_prefix(percent + 1);
      directive();
    }
    if (!reordered_ && next_ < arguments_.size()) extra();
    return std::move(out_);
  }

 private:
  void directive() {
    Spec spec;
    good_index_ = true;
    bool after_index = false;
    flags(spec);
    index(after_index);
    spec.width = amount("%!(BADWIDTH)", after_index);
    if (spec.width && *spec.width < 0) {
      spec.minus = true;
      spec.width = -*spec.width;
    }
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      if (after_index) good_index_ = false;
      index(after_index);
      spec.precision = amount("%!(BADPREC)", after_index).value_or(0);
      if (*spec.precision < 0) spec.precision.reset();
    }
    if (!after_index) index(after_index);
    if (spec.minus) spec.zero = false;
    verb(spec);
  }

  void flags(Spec& spec) {
    for (; !rest_.empty(); rest_.remove_prefix(1)) {
      switch (rest_.front()) {
        case '#':
          spec.sharp = true;
          break;
        case '0':
          spec.zero = true;
          break;
        case '+':
          spec.plus = true;
          break;
        case '-':
          spec.minus = true;
          break;
        case ' ':
          spec.space = true;
          break;
        default:
          return;
      }
    }
  }

  /// "[3]": the next operand is the third argument.
  void index(bool& after_index) {
    if (!rest_.starts_with('[')) return;
    reordered_ = true;
    after_index = true;
    const std::size_t close = rest_.find(']');
    const std::string_view digits =
        rest_.substr(1, close == std::string_view::npos ? 0 : close - 1);
    std::size_t number = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = !digits.empty() && parsed.ptr == digits.data() + digits.size();
    rest_.remove_prefix(close == std::string_view::npos ? 1 : close + 1);
    if (whole && number >= 1 && number <= arguments_.size()) {
      next_ = number - 1;
    } else {
      good_index_ = false;
    }
  }

  /// A width or precision: digits, or "*" for an argument.
  std::optional<int> amount(std::string_view complaint, bool& after_index) {
    if (rest_.starts_with('*')) {
      rest_.remove_prefix(1);
      after_index = false;
      const std::int64_t* number =
          next_ < arguments_.size() ? arguments_[next_].as<std::int64_t>() : nullptr;
      if (next_ < arguments_.size()) ++next_;
      if (number == nullptr || *number > kWidest || *number < -kWidest) {
        out_ += complaint;
        return std::nullopt;
      }
      return static_cast<int>(*number);
    }
    int number = 0;
    const auto parsed = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
    if (parsed.ptr == rest_.data() || rest_.starts_with('-')) return std::nullopt;
    if (after_index) good_index_ = false;  // "%[3]2d"
    rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
    return parsed.ec == std::errc() ? std::min(number, kWidest) : kWidest;
  }

  void verb(Spec& spec) {
    if (rest_.empty()) {
      out_ += "%!(NOVERB)";
      return;
    }
    const std::string_view character = utf8_characters(rest_.substr(0, 4)).front();
    rest_.remove_prefix(character.size());
    const std::string name(character);
    if (name == "%") {
      out_ += '%';
    } else if (!good_index_) {
      out_ += "%!" + name + "(BADINDEX)";
    } else if (next_ >= arguments_.size()) {
      out_ += "%!" + name + "(MISSING)";
    } else {
      spec.go_syntax = name == "v" && spec.sharp;
      if (name == "v") spec.sharp = spec.plus = false;
      print_with(spec, character, arguments_[next_++]);
    }
  }
  void print_with(const Spec& spec, std::string_view verb, const Value& value) {
    if (verb.size() == 1) return Printer(out_, spec, static_cast<char32_t>(verb[0])).print(value);
    out_ += "%!" + std::string(verb) + '(' + type_name(value) + '=' + go_sprint({&value, 1}) + ')';
  }

  void extra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < arguments_.size(); ++i) {
      if (i > next_) out_ += ", ";
      const Value& value = arguments_[i];
      out_ += value.is_nil() ? "<nil>" : type_name(value) + '=' + go_sprint({&value, 1});
    }
    out_ += ')';
  }

  std::string_view rest_;
  std::span<const Value> arguments_;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  std::string out_;
};

bool is_string(const Value& value) {
  return value.as<std::string>() != nullptr || value.as<Html>() != nullptr;
}

}  // namespace

std::string go_sprintf(std::string_view format, std::span<const Value> arguments) {
  return Format(format, arguments).run();
}

std::string go_sprint(std::span<const Value> arguments) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0 && !is_string(arguments[i]) && !is_string(arguments[i - 1])) text += ' ';
    Printer(text, Spec(), 'v').print(arguments[i]);
  }
  return text;
}

std::string go_sprintln(std::span<const Value> arguments) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) text += ' ';
    Printer(text, Spec(), 'v').print(arguments[i]);
  }
  return text + '\n';
}

std::string printed(const Value& value) {
  if (value.is_nil()) return "<no value>";
  std::string text = go_sprint({&value, 1});
  // Templates look through the pointer of a sample.
  return value.as<Sample>() != nullptr ? text.substr(1) : text;
}

}  // namespace tocsin::rules::templates
