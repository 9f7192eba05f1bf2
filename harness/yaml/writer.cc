#include "harness/yaml/writer.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::yaml {
namespace {

/// What plain scalars other than texts are made of. A plain text of such characters stays plain,
/// too, so that it means what it meant.
bool may_stay_plain(const Node& node) {
  if (!node.plain || node.text.empty()) return false;
  return std::all_of(node.text.begin(), node.text.end(),
                     [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '+' ||
                              c == '-' || c == '~' || c == '/';
                     }) &&
         node.text != "-" && !node.text.starts_with("---");
}

class Writer {
 public:
  std::string write(const Node& root) {
    node(root, 0);
    out_ += '\n';
    return std::move(out_);
  }

 private:
  void node(const Node& node, int depth) {
    switch (node.kind) {
      case Node::Kind::kNull:
        out_ += "null";
        break;
      case Node::Kind::kScalar:
        out_ += may_stay_plain(node) ? node.text : quoted_scalar(node.text);
        break;
      case Node::Kind::kList:
        list(node, depth);
        break;
      case Node::Kind::kMap:
        map(node, depth);
        break;
    }
  }

  void list(const Node& list, int depth) {
    if (list.items.empty()) {
      out_ += "[]";
      return;
    }
    out_ += '[';
    for (const NodePtr& item : list.items) {
      if (item != list.items.front()) out_ += ',';
      line(depth + 1);
      node(*item, depth + 1);
    }
    line(depth);
    out_ += ']';
  }

  void map(const Node& map, int depth) {
    if (map.entries.empty()) {
      out_ += "{}";
      return;
    }
    out_ += '{';
    bool first = true;
    for (const Node::Entry& entry : map.entries) {
      if (!first) out_ += ',';
      first = false;
      line(depth + 1);
      node(*entry.key, depth + 1);
      out_ += ": ";
      node(*entry.value, depth + 1);
    }
    line(depth);
    out_ += '}';
  }

  void line(int depth) {
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth) * 2, ' ');
  }

  std::string out_;
};

}  // namespace

std::string quoted_scalar(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string write(const Node& root) {
  return Writer().write(root);
}

NodePtr scalar(const Node& like, std::string text) {
  auto made = std::make_shared<Node>();
  made->kind = Node::Kind::kScalar;
  made->text = std::move(text);
  made->source = like.source;
  made->offset = like.offset;
  return made;
}

NodePtr with(const Node& map, std::string_view key, NodePtr value) {
  auto made = std::make_shared<Node>(map);
  const auto at = std::find_if(made->entries.begin(), made->entries.end(),
                               [&](const Node::Entry& entry) { return entry.key->text == key; });
  if (value == nullptr) {
    if (at != made->entries.end()) made->entries.erase(at);
  } else if (at != made->entries.end()) {
    at->value = std::move(value);
  } else {
    made->kind = Node::Kind::kMap;
    made->entries.push_back({scalar(map, std::string(key)), std::move(value)});
  }
  return made;
}

NodePtr with_items(const Node& list, std::vector<NodePtr> items) {
  auto made = std::make_shared<Node>(list);
  made->kind = Node::Kind::kList;
  made->items = std::move(items);
  return made;
}

}  // namespace tocsin::yaml
