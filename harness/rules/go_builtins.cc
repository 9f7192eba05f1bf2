#include "harness/rules/go_builtins.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/rules/go_printf.h"

namespace tocsin::rules::templates {
namespace {

using Args = std::span<const Value>;

/// Go's kinds, as far as values have them; those without an order or equality are kOther.
enum class Kind { kOther, kBool, kInt, kFloat, kString };

Kind kind_of(const Value& value) {
  if (value.as<bool>() != nullptr) return Kind::kBool;
  if (value.as<std::int64_t>() != nullptr) return Kind::kInt;
  if (value.as<double>() != nullptr) return Kind::kFloat;
  if (value.as<std::string>() != nullptr || value.as<Html>() != nullptr ||
      value.as<SafeUrl>() != nullptr) {
    return Kind::kString;
  }
  return Kind::kOther;
}

const std::string& text_of(const Value& value) {
  if (const Html* html = value.as<Html>()) return html->text;
  if (const SafeUrl* url = value.as<SafeUrl>()) return url->text;
  return *value.as<std::string>();
}

bool is_comparable(const Value& value) {
  return value.as<Labels>() == nullptr && value.as<Arguments>() == nullptr &&
         value.as<Samples>() == nullptr && value.as<Root>() == nullptr &&
         value.as<ObjectPtr>() == nullptr;
}

Result<bool> equal(const Value& a, const Value& b) {
  const Kind kind = kind_of(a);
  if (a.is_nil() || b.is_nil()) return a.is_nil() == b.is_nil();
  if (kind != kind_of(b)) return problem("incompatible types for comparison");
  switch (kind) {
    case Kind::kBool:
      return *a.as<bool>() == *b.as<bool>();
    case Kind::kInt:
      return *a.as<std::int64_t>() == *b.as<std::int64_t>();
    case Kind::kFloat:
      return *a.as<double>() == *b.as<double>();
    case Kind::kString:
      return text_of(a) == text_of(b);
    case Kind::kOther:
      break;
  }
  if (!is_comparable(a) || !is_comparable(b)) {
    const Value& odd = is_comparable(a) ? b : a;
    return problem(fmt::format("non-comparable type {}: {}", printed(odd), type_name(odd)));
  }
  // Pointers are equal when they are the same one.
  return a.as<Sample>() != nullptr && b.as<Sample>() != nullptr &&
         *a.as<Sample>() == *b.as<Sample>();
}

Result<bool> less(const Value& a, const Value& b) {
  const Kind kind = kind_of(a);
  if (kind == Kind::kOther || kind_of(b) == Kind::kOther) {
    return problem("invalid type for comparison");
  }
  if (kind != kind_of(b)) return problem("incompatible types for comparison");
  if (kind == Kind::kBool) return problem("invalid type for comparison");
  if (kind == Kind::kInt) return *a.as<std::int64_t>() < *b.as<std::int64_t>();
  if (kind == Kind::kFloat) return *a.as<double>() < *b.as<double>();
  return text_of(a) < text_of(b);
}

Result<bool> less_or_equal(const Value& a, const Value& b) {
  TRY(const bool is_less, less(a, b));
  if (is_less) return true;
  return equal(a, b);
}

/// One index into a text or a list of `size`.
Result<std::size_t> position(const Value& index, std::size_t size, bool end_allowed) {
  if (index.is_nil()) return problem("cannot index slice/array with nil");
  const std::int64_t* at = index.as<std::int64_t>();
  if (at == nullptr) return problem("cannot index slice/array with type " + type_name(index));
  const std::size_t limit = size + (end_allowed ? 1 : 0);
  if (*at < 0 || static_cast<std::size_t>(*at) >= limit) {
    return problem(fmt::format("index out of range: {}", *at));
  }
  return static_cast<std::size_t>(*at);
}

Result<std::string> key_of(const Value& index) {
  if (const std::string* key = index.as<std::string>()) return *key;
  if (index.is_nil()) return problem("value is nil; should be of type string");
  return problem("value has type " + type_name(index) + "; should be string");
}

Result<Value> element(const Value& item, const Value& index) {
  if (const Labels* labels = item.as<Labels>()) {
    TRY(const std::string key, key_of(index));
    return Value(std::string(labels->get(key)));
  }
  if (const Arguments* arguments = item.as<Arguments>()) {
    TRY(const std::string key, key_of(index));
    const auto it = (*arguments)->find(key);
    return it == (*arguments)->end() ? Value() : it->second;
  }
  if (const ObjectPtr* object = item.as<ObjectPtr>()) {
    if (std::optional<Result<Value>> found = (*object)->element(index)) return std::move(*found);
  }
  if (const Samples* samples = item.as<Samples>()) {
    TRY(const std::size_t at, position(index, samples->size(), false));
    return Value((*samples)[at]);
  }
  if (kind_of(item) == Kind::kString) {
    const std::string& text = text_of(item);
    TRY(const std::size_t at, position(index, text.size(), false));
    return Value(static_cast<std::int64_t>(static_cast<unsigned char>(text[at])));
  }
  return problem("can't index item of type " + type_name(item));
}

}  // namespace

Result<Value> go_equal(Args args) {
  if (args.size() < 2) return problem("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    TRY(const bool same, equal(args[0], other));
    if (same) return Value(true);
  }
  return Value(false);
}

Result<Value> go_not_equal(Args args) {
  TRY(const bool same, equal(args[0], args[1]));
  return Value(!same);
}

Result<Value> go_less(Args args) {
  TRY(const bool is_less, less(args[0], args[1]));
  return Value(is_less);
}

Result<Value> go_less_or_equal(Args args) {
  TRY(const bool is_less, less_or_equal(args[0], args[1]));
  return Value(is_less);
}

Result<Value> go_greater(Args args) {
  TRY(const bool is_less, less_or_equal(args[0], args[1]));
  return Value(!is_less);
}

Result<Value> go_greater_or_equal(Args args) {
  TRY(const bool is_less, less(args[0], args[1]));
  return Value(!is_less);
}

Result<Value> go_index(Args args) {
  if (args[0].is_nil()) return problem("index of untyped nil");
  Value item = args[0];
  for (const Value& index : args.subspan(1)) {
    TRY(item, element(item, index));
  }
  return item;
}

Result<Value> go_slice(Args args) {
  const Value& item = args[0];
  const std::span<const Value> indexes = args.subspan(1);
  if (item.is_nil()) return problem("slice of untyped nil");
  const Samples* samples = item.as<Samples>();
  const bool is_text = kind_of(item) == Kind::kString;
  if (indexes.size() > 3) return problem(fmt::format("too many slice indexes: {}", indexes.size()));
  if (samples == nullptr && !is_text) {
    return problem("can't slice item of type " + type_name(item));
  }
  if (is_text && indexes.size() == 3) return problem("cannot 3-index slice a string");
  const std::size_t size = is_text ? text_of(item).size() : samples->size();
  std::size_t bounds[3] = {0, size, size};
  for (std::size_t i = 0; i < indexes.size(); ++i) {
    TRY(bounds[i], position(indexes[i], size, true));
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (bounds[i] > bounds[i + 1]) {
      return problem(fmt::format("invalid slice index: {} > {}", bounds[i], bounds[i + 1]));
    }
  }
  if (is_text) return Value(text_of(item).substr(bounds[0], bounds[1] - bounds[0]));
  const auto begin = samples->begin();
  return Value(Samples(begin + static_cast<std::ptrdiff_t>(bounds[0]),
                       begin + static_cast<std::ptrdiff_t>(bounds[1])));
}

Result<Value> go_length(Args args) {
  const auto count = [](std::size_t n) { return Value(static_cast<std::int64_t>(n)); };
  const Value& item = args[0];
  if (item.is_nil()) return problem("reflect: call of reflect.Value.Type on zero Value");
  if (kind_of(item) == Kind::kString) return count(text_of(item).size());
  if (const Labels* labels = item.as<Labels>()) return count(labels->size());
  if (const Samples* samples = item.as<Samples>()) return count(samples->size());
  if (const Arguments* arguments = item.as<Arguments>()) return count((*arguments)->size());
  if (const ObjectPtr* object = item.as<ObjectPtr>()) {
    if (const std::optional<std::size_t> length = (*object)->length()) return count(*length);
  }
  return problem("len of type " + type_name(item));
}

std::string joined(Args args) {
  if (args.size() == 1) return printed(args[0]);
  std::vector<Value> shown(args.begin(), args.end());
  for (Value& value : shown) {
    if (value.is_nil()) value = std::string("<no value>");
  }
  return go_sprint(shown);
}

std::string html_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '"':
        escaped += "&#34;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '\0':
        escaped += "\uFFFD";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string js_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'' || c == '"') {
      escaped += '\\';
      escaped += c;
    } else if (byte < ' ' || c == '<' || c == '>' || c == '&' || c == '=') {
      escaped += fmt::format("\\u{:04X}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace tocsin::rules::templates
