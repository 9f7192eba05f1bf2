#include <algorithm>
#include <set>

#include "harness/alerting/config.h"
#include "harness/alerting/schemas.h"
#include "harness/model/labels.h"

namespace tocsin::alerting {
namespace {

/// A YAML tree as text, in block style; what the schema calls a secret is left out.
class MaskedWriter {
 public:
  std::string write(const yaml::Node& root) {
    map(root, &config_schema(), 0);
    return std::move(out_);
  }

 private:
  static const Key* find_key(const Schema* schema, const yaml::Node& name) {
    if (schema == nullptr) return nullptr;
    const auto it = std::find_if(schema->keys.begin(), schema->keys.end(),
                                 [&](const Key& key) { return key.name == name.text; });
    return it == schema->keys.end() ? nullptr : &*it;
  }

  static bool is_secret(const Key* key) {
    return key != nullptr &&
           (key->type == ValueType::kSecret || key->type == ValueType::kSecretUrl ||
            key->type == ValueType::kTemplateUrl);
  }

  /// Where the schema says nothing, names do.
  static bool sounds_secret(const yaml::Node& name) {
    static const std::set<std::string> names = {"Authorization", "authorization", "secrets"};
    return names.count(name.text) > 0;
  }

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
      const bool hidden = is_secret(known) || (known == nullptr && sounds_secret(*key));
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

}  // namespace tocsin::alerting
