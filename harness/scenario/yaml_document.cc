#include "harness/scenario/yaml_document.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/scenario/scalar_position.h"

namespace tocsin::scenario {

SourceText::SourceText(std::string file_name, std::string bytes)
    : file(std::move(file_name)), text(std::move(bytes)), line_starts{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts.push_back(i + 1);
  }
}

SourcePos SourceText::position(std::size_t offset) const {
  offset = std::min(offset, text.size());
  const auto next = std::upper_bound(line_starts.begin(), line_starts.end(), offset);
  const std::size_t start = *(next - 1);
  const auto before = std::string_view(text).substr(start, offset - start);
  return {file, static_cast<int>(next - line_starts.begin()),
          static_cast<int>(utf8_length(before)) + 1};
}

std::string_view SourceText::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > line_starts.size()) return {};
  const std::size_t start = line_starts[static_cast<std::size_t>(number) - 1];
  std::string_view rest = std::string_view(text).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

namespace {

Error error_at(const SourceText& source, std::size_t offset, std::string message, int length = 1) {
  Error error = input_error(source.position(offset), std::move(message), length);
  error.excerpt = source.line(error.pos.line);
  return error;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key->text == key) return entry.value.get();
  }
  return nullptr;
}

Error YamlNode::error(std::string message) const {
  if (!is_scalar()) return error_at(*source, offset, std::move(message));
  const std::size_t start = scalar_start(source->text, offset);
  const std::size_t end = source_offset(source->text, offset, text, text.size());
  std::string_view shown = std::string_view(source->text).substr(start, end - start);
  const bool quoted = !shown.empty() && (shown.front() == '"' || shown.front() == '\'');
  const bool one_line = shown.find('\n') == std::string_view::npos;
  shown = shown.substr(0, shown.find_first_of("\r\n"));
  const int length = static_cast<int>(utf8_length(shown)) + (quoted && one_line ? 1 : 0);
  return error_at(*source, start, std::move(message), std::max(1, length));
}

SourcePos YamlNode::pos_within(std::size_t text_offset) const {
  return source->position(source_offset(source->text, offset, text, text_offset));
}

Error YamlNode::error_within(Error error) const {
  std::size_t at = 0;
  for (int line = 1; line < error.pos.line && at < text.size(); ++line) {
    at = std::min(text.find('\n', at), text.size() - 1) + 1;
  }
  const auto chars = utf8_characters(std::string_view(text).substr(at));
  for (int i = 1; i < error.pos.column && static_cast<std::size_t>(i) <= chars.size(); ++i) {
    at += chars[static_cast<std::size_t>(i - 1)].size();
  }
  error.pos = pos_within(at);
  error.excerpt = source->line(error.pos.line);
  return error;
}

namespace {

/// Leaves the parser: the error is final.
struct Stop {
  Error error;
};

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

/// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceText> source, Diagnostics& diagnostics)
      : source_(std::move(source)), diagnostics_(diagnostics) {}

  YamlPtr root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Stop{error_at(*source_, offset(mark), "a second document begins here; one is allowed")};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, YamlNode::Kind::kNull), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      throw Stop{error_at(*source_, offset(mark), "this alias stands inside what it refers to")};
    }
    place(known->second, offset(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(mark, YamlNode::Kind::kScalar);
    node->text = value;
    node->plain = tag == "?";
    check_tag(*node, tag);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::kList, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, YamlNode::Kind::kMap, tag, anchor);
  }
  void OnMapEnd() override {
    resolve_merges(*open_.back().node);
    close();
  }

 private:
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlPtr key = nullptr;  ///< of a map: waits for its value
    std::unordered_map<std::string, YamlPtr> keys = {};
    std::vector<YamlPtr> merged = {};  ///< values of <<
  };

  std::size_t offset(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(0, mark.pos)), source_->text.size());
  }

  std::shared_ptr<YamlNode> make(const YAML::Mark& mark, YamlNode::Kind kind) const {
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->source = source_;
    node->offset = offset(mark);
    return node;
  }

  void check_tag(const YamlNode& node, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with(kCoreTag)) return;
    Error error = error_at(*source_, node.offset, "tags are not used here",
                           static_cast<int>(utf8_length(tag)));
    error.hints.emplace_back("a text that begins with \"!\" needs quotes");
    diagnostics_.add(std::move(error));
  }

  void open(const YAML::Mark& mark, YamlNode::Kind kind, const std::string& tag,
            YAML::anchor_t anchor) {
    if (open_.size() >= kDeepestYaml) {
      throw Stop{error_at(*source_, offset(mark),
                          fmt::format("nested more than {} levels deep", kDeepestYaml))};
    }
    auto node = make(mark, kind);
    check_tag(*node, tag);
    open_.push_back(Open{std::move(node), anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    const std::size_t at = node->offset;
    YamlPtr finished = std::move(node);
    if (anchor != 0) anchors_[anchor] = finished;
    place(std::move(finished), at);
  }

  /// Puts a finished node, at `at` in the source, where the parser stands.
  void place(YamlPtr node, std::size_t at) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    grow(*parent.node, node->weight, at);
    if (parent.node->is_list()) {
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      if (!node->is_scalar()) {
        throw Stop{error_at(*source_, at, "a key must be a plain text")};
      }
      parent.key = std::move(node);
    } else {
      place_value(parent, std::move(node));
    }
  }

  void place_value(Open& parent, YamlPtr value) {
    const YamlPtr key = std::exchange(parent.key, nullptr);
    if (key->plain && key->text == "<<") {
      parent.merged.push_back(std::move(value));
      return;
    }
    const auto [first, fresh] = parent.keys.emplace(key->text, key);
    if (!fresh) {
      diagnostics_.add(
          key->error(fmt::format("the key \"{}\" is here twice; it stands in line {} too",
                                 key->text, first->second->pos().line)));
      return;
    }
    parent.node->entries.push_back({key, std::move(value)});
  }

  void grow(YamlNode& node, std::size_t by, std::size_t at) {
    node.weight += by;
    if (node.weight > kMostYamlNodes) {
      throw Stop{
          error_at(*source_, at,
                   fmt::format("with its aliases this makes more than {} values", kMostYamlNodes))};
    }
  }

  /// YAML 1.1's merge key: own keys win, then those of earlier maps.
  void resolve_merges(YamlNode& map) {
    const auto merge = [&](const YamlNode& from) {
      if (!from.is_map()) {
        diagnostics_.add(from.error("\"<<\" takes a map, or a list of maps"));
        return;
      }
      for (const YamlNode::Entry& entry : from.entries) {
        if (!open_.back().keys.emplace(entry.key->text, entry.key).second) continue;
        map.entries.push_back(entry);
      }
    };
    for (const YamlPtr& value : open_.back().merged) {
      if (value->is_list()) {
        for (const YamlPtr& item : value->items) merge(*item);
      } else {
        merge(*value);
      }
    }
  }

  std::shared_ptr<const SourceText> source_;
  Diagnostics& diagnostics_;
  YamlPtr root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, YamlPtr> anchors_;
  int documents_ = 0;
};

/// yaml-cpp stops silently at some control characters, and YAML forbids them.
std::optional<std::size_t> find_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
  }
  return std::nullopt;
}

std::optional<Error> unreadable(const SourceText& source) {
  const std::string& text = source.text;
  if (text.size() > kLargestYamlFile) {
    return input_error({source.file}, fmt::format("larger than {} bytes", kLargestYamlFile));
  }
  if (const auto bad = find_invalid_utf8(text)) {
    Error error = error_at(source, *bad,
                           fmt::format("not UTF-8: the byte 0x{:02x} is no part of a character",
                                       static_cast<unsigned char>(text[*bad])));
    error.excerpt.clear();  // it would not be UTF-8 either
    return error;
  }
  if (const auto bad = find_control_character(text)) {
    Error error = error_at(
        source, *bad,
        fmt::format("a control character (0x{:02x})", static_cast<unsigned char>(text[*bad])));
    error.excerpt.clear();
    return error;
  }
  return std::nullopt;
}

/// yaml-cpp speaks of "illegal map value" where a tab indents, or a colon was meant as text.
Error syntax_error(const SourceText& source, const YAML::ParserException& exception) {
  const auto at = static_cast<std::size_t>(std::max(0, exception.mark.pos));
  Error error = error_at(source, at, exception.msg);
  for (int line = error.pos.line; line >= std::max(1, error.pos.line - 1); --line) {
    const std::string_view text = source.line(line);
    const std::size_t indent = text.find_first_not_of(" \t");
    const std::size_t tab = text.substr(0, indent).find('\t');
    if (indent == std::string_view::npos || tab == std::string_view::npos) continue;
    const std::size_t start = source.line_starts[static_cast<std::size_t>(line) - 1];
    return error_at(source, start + tab, "a tab indents this line; YAML allows spaces only");
  }
  if (exception.msg == "illegal map value") {
    error.message = "a key with its colon cannot stand here";
    error.hints.emplace_back("check the indentation; a text with \": \" in it needs quotes");
  } else {
    error.message = "not valid YAML: " + exception.msg;
  }
  if (exception.msg == "unexpected character in block scalar") {
    error.hints.emplace_back(
        "a text that begins with \">\" or \"|\" needs quotes; a claim may say "
        "\"above\" instead of \">\"");
  }
  return error;
}

}  // namespace

YamlPtr parse_yaml(std::string file, std::string text, Diagnostics& diagnostics) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  const auto source = std::make_shared<const SourceText>(std::move(file), std::move(text));
  if (auto error = unreadable(*source)) {
    diagnostics.add(std::move(*error));
    return nullptr;
  }
  TreeBuilder builder(source, diagnostics);
  std::istringstream in(source->text);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop& stop) {
    diagnostics.add(stop.error);
    return nullptr;
  } catch (const YAML::ParserException& exception) {
    diagnostics.add(syntax_error(*source, exception));
    return nullptr;
  }
  if (builder.root() == nullptr || builder.root()->kind == YamlNode::Kind::kNull) {
    diagnostics.add(input_error({source->file}, "the file is empty"));
    return nullptr;
  }
  return builder.root();
}

YamlPtr load_yaml(const std::string& path, Diagnostics& diagnostics) {
  auto text = read_file(path, kLargestYamlFile);
  if (text.has_error()) {
    Error error = text.error();
    error.pos.file = path;
    diagnostics.add(std::move(error));
    return nullptr;
  }
  return parse_yaml(path, std::move(*text), diagnostics);
}

}  // namespace tocsin::scenario
