#include <algorithm>
#include <set>

#include "harness/alerting/config.h"
#include "harness/alerting/schemas.h"
#include "harness/alerting/secrets.h"
#include "harness/model/labels.h"

namespace tocsin::alerting {
namespace {

const Key* find_key(const Schema* schema, const yaml::Node& name) {
  if (schema == nullptr) return nullptr;
  const auto it = std::find_if(schema->keys.begin(), schema->keys.end(),
                               [&](const Key& key) { return key.name == name.text; });
  return it == schema->keys.end() ? nullptr : &*it;
}

/// Where the schema says nothing, names do.
bool is_secret(const Key* key, const yaml::Node& name) {
  static const std::set<std::string> names = {"Authorization", "authorization", "secrets"};
  if (key == nullptr) return names.count(name.text) > 0;
  return key->type == ValueType::kSecret || key->type == ValueType::kSecretUrl ||
         key->type == ValueType::kTemplateUrl;
}

constexpr std::size_t kShortestSecret = 8;

void collect_texts(const yaml::Node& node, std::vector<std::string>& out) {
  if (node.is_scalar() && node.text.size() >= kShortestSecret) out.push_back(node.text);
  for (const yaml::NodePtr& item : node.items) collect_texts(*item, out);
  for (const yaml::Node::Entry& entry : node.entries) collect_texts(*entry.value, out);
}

void collect_secrets(const yaml::Node& node, const Schema* schema, std::vector<std::string>& out) {
  for (const yaml::NodePtr& item : node.items) collect_secrets(*item, schema, out);
  for (const auto& [name, value] : node.entries) {
    const Key* key = find_key(schema, *name);
    if (is_secret(key, *name)) {
      collect_texts(*value, out);
    } else {
      collect_secrets(*value, key == nullptr ? nullptr : key->schema, out);
    }
  }
}

/// A YAML tree as text, in block style; what the schema calls a secret is left out.
class MaskedWriter {
 public:
  std::string write(const yaml::Node& root) {
    map(root, &config_schema(), 0);
    return std::move(out_);
  }

 private:
  void indent(int depth) { out_.append(static_cast<std::size_t>(depth) * 2, ' '); }

  void scalar(const yaml::Node& node) {
    if (node.is_null()) {
      out_ += "null";
    } else {
      out_ += node.plain ? node.text : quote_label_value(node.text);
    }
  }

  void map(const yaml::Node& node, const Schema* schema, int depth) {
    bool first = true;
    for (const auto& [key, value] : node.entries) {
      if (!first || depth == 0) indent(depth);
      first = false;
      scalar(*key);
      out_ += ':';
      const Key* known = find_key(schema, *key);
      const bool hidden = is_secret(known, *key);
      if (hidden && !value->is_null() && !(value->is_scalar() && value->text.empty())) {
        out_ += " <secret>\n";
      } else {
        below(*value, known == nullptr ? nullptr : known->schema, depth + 1);
      }
    }
  }

  /// A value behind its key.
  void below(const yaml::Node& node, const Schema* schema, int depth) {
    if (node.is_map() && !node.entries.empty()) {
      out_ += '\n';
      indent(depth);
      map(node, schema, depth);
    } else if (node.is_list() && !node.items.empty()) {
      out_ += '\n';
      for (const yaml::NodePtr& item : node.items) {
        indent(depth - 1);
        out_ += "- ";
        item_of_list(*item, schema, depth);
      }
    } else {
      out_ += ' ';
      empty_or_scalar(node);
    }
  }

  void item_of_list(const yaml::Node& node, const Schema* schema, int depth) {
    if (node.is_map() && !node.entries.empty()) return map(node, schema, depth);
    if (node.is_list() && !node.items.empty()) {
      out_ += "-\n";  // lists of lists stand nowhere in a good configuration
      return;
    }
    empty_or_scalar(node);
  }

  void empty_or_scalar(const yaml::Node& node) {
    if (node.is_map()) {
      out_ += "{}";
    } else if (node.is_list()) {
      out_ += "[]";
    } else {
      scalar(node);
    }
    out_ += '\n';
  }

  std::string out_;
};

}  // namespace

std::string masked_yaml(const Config& config) {
  if (config.root == nullptr || !config.root->is_map()) return "";
  return MaskedWriter().write(*config.root);
}

std::vector<std::string> secret_values(const Config& config) {
  std::vector<std::string> secrets;
  if (config.root != nullptr) collect_secrets(*config.root, &config_schema(), secrets);
  std::sort(secrets.begin(), secrets.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets.erase(std::unique(secrets.begin(), secrets.end()), secrets.end());
  return secrets;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets) {
  constexpr std::string_view kMask = "<secret>";
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + kMask.size())) {
      text.replace(at, secret.size(), kMask);
    }
  }
  return text;
}

}  // namespace tocsin::alerting
