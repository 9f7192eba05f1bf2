#include "harness/yaml/parse.h"

#include <algorithm>
#include <sstream>
#include <unordered_map>

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/yaml/other_readers.h"

namespace tocsin::yaml {
namespace {

struct Manners {
  Bounds bounds = {};
  bool foreign = false;  ///< another program's file
};

/// Leaves the parser: the error is final.
struct Stop {
  Error error;
};

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";
constexpr std::string_view kBinaryTag = "tag:yaml.org,2002:binary";

constexpr std::string_view kTabMessage = "a tab indents this line; YAML allows spaces only";

/// Builds the tree from yaml-cpp's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceText> source, const Manners& manners,
              Diagnostics& diagnostics)
      : source_(std::move(source)),
        manners_(manners),
        diagnostics_(diagnostics),
        tab_lines_(manners.foreign && may_have_tab_line(source_->text())) {}

  /// Once all is read: the first line that only yaml-cpp accepts.
  std::optional<std::size_t> tab_line() const {
    return tab_lines_ ? find_tab_line(source_->text(), openings_) : std::nullopt;
  }

  /// Of the last document; null when it has no value.
  NodePtr take_root() { return std::exchange(root_, nullptr); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1 && !manners_.foreign) {
      throw Stop{source_->error(offset(mark), "a second document begins here; one is allowed")};
    }
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(make(mark, Node::Kind::kNull), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      throw Stop{source_->error(offset(mark), "this alias stands inside what it names")};
    }
    place(known->second, offset(mark));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = make(mark, Node::Kind::kScalar);
    node->text = value;
    node->plain = tag == "?";
    if (tag != "?") note_opening(*node);
    check_tag(*node, tag);
    if (tag == kBinaryTag) decode(*node);
    add(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(mark, Node::Kind::kList, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(mark, Node::Kind::kMap, tag, anchor, style);
  }
  void OnMapEnd() override {
    resolve_merges(*open_.back().node);
    close();
  }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    NodePtr key = nullptr;  ///< of a map: waits for its value
    std::unordered_map<std::string, NodePtr> keys = {};
    std::vector<NodePtr> merged = {};  ///< values of <<
  };

  std::size_t offset(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(0, mark.pos)), source_->text().size());
  }

  std::shared_ptr<Node> make(const YAML::Mark& mark, Node::Kind kind) const {
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->source = source_;
    node->offset = offset(mark);
    return node;
  }

  void check_tag(const Node& node, const std::string& tag) {
    if (manners_.foreign || tag.empty() || tag == "?" || tag == "!" || tag.starts_with(kCoreTag))
      return;
    Error error =
        source_->error(node.offset, "tags are not used here", static_cast<int>(utf8_length(tag)));
    error.hints.emplace_back("a text that begins with \"!\" needs quotes");
    diagnostics_.add(std::move(error));
  }

  void note_opening(const Node& node) {
    if (tab_lines_) openings_.push_back(node.offset);
  }

  void decode(Node& node) {
    if (auto bytes = decode_base64(node.text); bytes && !find_invalid_utf8(*bytes)) {
      node.text = std::move(*bytes);
    } else {
      diagnostics_.add(node.error("this is no text in base64"));
    }
  }

  void open(const YAML::Mark& mark, Node::Kind kind, const std::string& tag, YAML::anchor_t anchor,
            YAML::EmitterStyle::value style) {
    if (open_.size() >= kDeepest) {
      throw Stop{
          source_->error(offset(mark), fmt::format("nested more than {} levels deep", kDeepest))};
    }
    auto node = make(mark, kind);
    if (style == YAML::EmitterStyle::Flow) note_opening(*node);
    check_tag(*node, tag);
    open_.push_back(Open{std::move(node), anchor});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  void add(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    const std::size_t at = node->offset;
    NodePtr finished = std::move(node);
    if (anchor != 0) anchors_[anchor] = finished;
    place(std::move(finished), at);
  }

  /// Puts a finished node, at `at` in the source, where the parser stands.
  void place(NodePtr node, std::size_t at) {
    if (open_.empty()) {
      if (!node->is_null()) root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    grow(*parent.node, node->weight, at);
    if (parent.node->is_list()) {
      parent.node->items.push_back(std::move(node));
    } else if (parent.key == nullptr) {
      if (!node->is_scalar() && !manners_.foreign) {
        throw Stop{source_->error(at, "a key must be a plain text")};
      }
      parent.key = std::move(node);
    } else {
      place_value(parent, std::move(node));
    }
  }

  void place_value(Open& parent, NodePtr value) {
    const NodePtr key = std::exchange(parent.key, nullptr);
    if (key->plain && key->text == "<<") {
      parent.merged.push_back(std::move(value));
      return;
    }
    const auto [first, fresh] = parent.keys.emplace(key->text, key);
    if (!fresh && key->is_scalar()) {
      diagnostics_.add(
          key->error(fmt::format("the key \"{}\" is here twice; it stands in line {} too",
                                 key->text, first->second->pos().line)));
      return;
    }
    parent.node->entries.push_back({key, std::move(value)});
  }

  void grow(Node& node, std::size_t by, std::size_t at) {
    node.weight += by;
    if (node.weight > manners_.bounds.most_values) {
      throw Stop{source_->error(at, fmt::format("with its aliases this makes more than {} values",
                                                manners_.bounds.most_values))};
    }
  }

  /// YAML 1.1's merge key: own keys win, then those of earlier maps.
  void resolve_merges(Node& map) {
    const auto merge = [&](const Node& from) {
      if (!from.is_map()) {
        diagnostics_.add(from.error("\"<<\" takes a map, or a list of maps"));
        return;
      }
      for (const Node::Entry& entry : from.entries) {
        if (!open_.back().keys.emplace(entry.key->text, entry.key).second) continue;
        map.entries.push_back(entry);
      }
    };
    for (const NodePtr& value : open_.back().merged) {
      if (value->is_list()) {
        for (const NodePtr& item : value->items) merge(*item);
      } else {
        merge(*value);
      }
    }
  }

  std::shared_ptr<const SourceText> source_;
  const Manners& manners_;
  Diagnostics& diagnostics_;
  NodePtr root_;
  std::vector<Open> open_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
  int documents_ = 0;
  bool tab_lines_;                     ///< there may be some
  std::vector<std::size_t> openings_;  ///< of quotes and brackets, where there are
};

/// yaml-cpp stops silently at some control characters, and YAML forbids them.
std::optional<std::size_t> find_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
  }
  return std::nullopt;
}

std::optional<Error> unreadable(const SourceText& source, const Bounds& bounds) {
  const std::string_view text = source.text();
  if (text.size() > bounds.largest_file) {
    return input_error({source.file()}, fmt::format("larger than {} bytes", bounds.largest_file));
  }
  if (const auto bad = find_invalid_utf8(text)) {
    Error error =
        source.error(*bad, fmt::format("not UTF-8: the byte 0x{:02x} is no part of a character",
                                       static_cast<unsigned char>(text[*bad])));
    error.excerpt.clear();  // it would not be UTF-8 either
    return error;
  }
  if (const auto bad = find_control_character(text)) {
    Error error = source.error(*bad, fmt::format("a control character (0x{:02x})",
                                                 static_cast<unsigned char>(text[*bad])));
    error.excerpt.clear();
    return error;
  }
  return std::nullopt;
}

/// yaml-cpp speaks of "illegal map value" where a tab indents, or a colon was meant as text.
Error syntax_error(const SourceText& source, const YAML::Exception& exception,
                   const Manners& manners) {
  const auto at = static_cast<std::size_t>(std::max(0, exception.mark.pos));
  Error error = source.error(at, exception.msg);
  for (int line = error.pos.line; line >= std::max(1, error.pos.line - 1); --line) {
    const std::string_view text = source.line(line);
    const std::size_t indent = text.find_first_not_of(" \t");
    const std::size_t tab = text.substr(0, indent).find('\t');
    if (indent == std::string_view::npos || tab == std::string_view::npos) continue;
    return source.error(source.line_start(line) + tab, std::string(kTabMessage));
  }
  if (exception.msg == "illegal map value") {
    error.message = "a key with its colon cannot stand here";
    error.hints.emplace_back("check the indentation; a text with \": \" in it needs quotes");
  } else {
    error.message = "not valid YAML: " + exception.msg;
  }
  if (exception.msg == "unexpected character in block scalar" && !manners.foreign) {
    error.hints.emplace_back(
        "a text that begins with \">\" or \"|\" needs quotes; a claim may say "
        "\"above\" instead of \">\"");
  } else if (exception.msg == YAML::ErrorMsg::END_OF_MAP_FLOW ||
             exception.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
    error.hints.emplace_back(
        "a {…} or […] is not closed; in it a text with a bracket, a brace or a comma needs quotes");
  } else if (error.excerpt.find(": {{") != std::string::npos ||
             error.excerpt.find(": %") != std::string::npos) {
    error.hints.emplace_back("put quotes around a value that begins with a special character");
  }
  return error;
}

/// Where a second document's value begins, or what keeps it from being one: its program does not
/// read it.
std::optional<SourcePos> second_document(YAML::Parser& parser, TreeBuilder& builder,
                                         const SourceText& source) {
  try {
    if (!parser.HandleNextDocument(builder)) return std::nullopt;
  } catch (const Stop& stop) {
    return stop.error.pos;
  } catch (const YAML::Exception& exception) {
    return source.position(static_cast<std::size_t>(std::max(0, exception.mark.pos)));
  }
  const NodePtr second = builder.take_root();
  return second == nullptr ? std::nullopt : std::optional(second->pos());
}

ForeignDocument read_first(std::string file, std::string text, const Manners& manners,
                           Diagnostics& diagnostics) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  const auto source = std::make_shared<const SourceText>(std::move(file), std::move(text));
  if (auto error = unreadable(*source, manners.bounds)) {
    diagnostics.add(std::move(*error));
    return {};
  }
  TreeBuilder builder(source, manners, diagnostics);
  std::istringstream in{std::string(source->text())};
  ForeignDocument document;
  try {
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    document.root = builder.take_root();
    if (const auto tab = builder.tab_line()) {
      diagnostics.add(source->error(*tab, std::string(kTabMessage)));
      return {};
    }
    if (manners.foreign) {
      document.followed = second_document(parser, builder, *source);
    } else if (parser.HandleNextDocument(builder)) {
      builder.take_root();
    }
  } catch (const Stop& stop) {
    diagnostics.add(stop.error);
    return {};
  } catch (const YAML::Exception& exception) {
    diagnostics.add(syntax_error(*source, exception, manners));
    return {};
  }
  return document;
}

}  // namespace

ForeignDocument parse_foreign(std::string file, std::string text, const Bounds& bounds,
                              Diagnostics& diagnostics) {
  const Manners manners{bounds, true};
  return read_first(std::move(file), std::move(text), manners, diagnostics);
}

NodePtr parse(std::string file, std::string text, Diagnostics& diagnostics) {
  const std::size_t before = diagnostics.size();
  NodePtr root = read_first(file, std::move(text), {}, diagnostics).root;
  if (root == nullptr && diagnostics.size() == before) {
    diagnostics.add(input_error({file}, "the file is empty"));
  }
  return root;
}

NodePtr load(const std::string& path, Diagnostics& diagnostics) {
  auto text = read_file(path, kLargestFile);
  if (text.has_error()) {
    Error error = text.error();
    error.pos.file = path;
    diagnostics.add(std::move(error));
    return nullptr;
  }
  return parse(path, std::move(*text), diagnostics);
}

}  // namespace tocsin::yaml
