#include "harness/yaml/node.h"

#include <algorithm>

#include "harness/base/utf8.h"

namespace tocsin::yaml {

const Node::Entry* Node::find_entry(std::string_view key) const {
  const auto has_key = [&](const Entry& entry) { return entry.key->text == key; };
  const auto found = std::find_if(entries.begin(), entries.end(), has_key);
  return found == entries.end() ? nullptr : &*found;
}

const Node* Node::find(std::string_view key) const {
  const Entry* entry = find_entry(key);
  return entry == nullptr ? nullptr : entry->value.get();
}

Error Node::error(std::string message) const {
  if (!is_scalar()) return source->error(offset, std::move(message));
  const ScalarMap map = places();
  const std::size_t end = std::max(map.source_offset(text.size()), map.start());
  std::string_view shown = source->text().substr(map.start(), end - map.start());
  const bool quoted = shown.starts_with('"') || shown.starts_with('\'');
  const bool one_line = shown.find('\n') == std::string_view::npos;
  shown = shown.substr(0, shown.find_first_of("\r\n"));
  const int length = static_cast<int>(utf8_length(shown)) + (quoted && one_line ? 1 : 0);
  return source->error(map.start(), std::move(message), std::max(1, length));
}

Error Node::error_within(Error error) const {
  error.pos = places().at(error.pos.line, error.pos.column);
  error.excerpt = source->excerpt(error.pos.line);
  return error;
}

std::string_view describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "text";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a mapping";
  }
  return "nothing";
}

}  // namespace tocsin::yaml
