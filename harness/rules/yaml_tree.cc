#include "harness/rules/yaml_tree.h"

#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace tocsin::rules {

/// Builds the tree from the parser's events.
class YamlTreeBuilder final : public YAML::EventHandler {
 public:
  YamlTreeBuilder(YamlTree& tree, const SourceText& yaml, Diagnostics& diagnostics)
      : tree_(tree), yaml_(yaml), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(YamlNode::Kind::kNull, mark, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const YamlNode* node = anchors_[anchor];
    for (const Open& open : open_) {
      if (open.node != node) continue;
      complain(mark, "this alias stands inside what it names");
      return attach(make(YamlNode::Kind::kNull, mark));
    }
    attach(node);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = add(YamlNode::Kind::kScalar, mark, anchor);
    node->value = value;
    node->plain = tag == "?";
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open_.push_back({add(YamlNode::Kind::kSequence, mark, anchor), nullptr});
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open_.push_back({add(YamlNode::Kind::kMapping, mark, anchor), nullptr});
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  /// A collection being read; in a mapping, the key that waits for its value.
  struct Open {
    YamlNode* node;
    const YamlNode* key;
  };

  YamlNode* make(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode& node = tree_.nodes_.emplace_back();
    node.kind = kind;
    node.start = static_cast<std::size_t>(mark.pos < 0 ? 0 : mark.pos);
    return &node;
  }
  YamlNode* add(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    YamlNode* node = make(kind, mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    attach(node);
    return node;
  }
  void attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root_ = node;
      return;
    }
    Open& parent = open_.back();
    if (parent.node->kind == YamlNode::Kind::kSequence) {
      parent.node->items.push_back(node);
    } else if (parent.key == nullptr) {
      parent.key = node;
    } else {
      parent.node->entries.emplace_back(std::exchange(parent.key, nullptr), node);
    }
  }
  void complain(const YAML::Mark& mark, std::string message) {
    const auto offset = static_cast<std::size_t>(mark.pos < 0 ? 0 : mark.pos);
    Error error = input_error(yaml_.position(offset), std::move(message));
    error.excerpt = yaml_.line(error.pos.line);
    diagnostics_.add(std::move(error));
  }

  YamlTree& tree_;
  const SourceText& yaml_;
  Diagnostics& diagnostics_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, const YamlNode*> anchors_;
};

namespace {

/// YAML allows tabs and line ends only.
bool find_control_character(std::string_view yaml, std::size_t& offset) {
  for (offset = 0; offset < yaml.size(); ++offset) {
    const auto c = static_cast<unsigned char>(yaml[offset]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return true;
  }
  return false;
}

Error syntax_error(const SourceText& yaml, const YAML::Exception& problem) {
  const auto offset = problem.mark.is_null() ? 0 : static_cast<std::size_t>(problem.mark.pos);
  std::string reason = problem.msg;
  if (reason.empty() || reason == "bad file") reason = "nested too deeply";
  Error error = input_error(yaml.position(offset), "not valid YAML: " + reason);
  error.excerpt = yaml.line(error.pos.line);
  if (error.excerpt.find('\t') != std::string::npos) {
    error.hints.emplace_back("YAML does not allow tabs for indentation");
  } else if (error.excerpt.find(": {{") != std::string::npos ||
             error.excerpt.find(": %") != std::string::npos) {
    error.hints.emplace_back("put quotes around a value that begins with a special character");
  }
  return error;
}

}  // namespace

YamlTree YamlTree::parse(const SourceText& yaml, Diagnostics& diagnostics) {
  YamlTree tree;
  std::size_t control = 0;
  if (find_control_character(yaml.text(), control)) {
    diagnostics.add(
        input_error(yaml.position(control), "control characters are not allowed in YAML"));
    return tree;
  }
  std::istringstream stream{std::string(yaml.text())};
  YamlTreeBuilder builder(tree, yaml, diagnostics);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return tree;
    YamlTree rest;
    YamlTreeBuilder rest_builder(rest, yaml, diagnostics);
    if (parser.HandleNextDocument(rest_builder) && rest.root_ != nullptr &&
        rest.root_->kind != YamlNode::Kind::kNull) {
      tree.second_document_ = rest.root_->start;
    }
  } catch (const YAML::Exception& problem) {
    diagnostics.add(syntax_error(yaml, problem));
    tree.root_ = nullptr;
  }
  return tree;
}

}  // namespace tocsin::rules
