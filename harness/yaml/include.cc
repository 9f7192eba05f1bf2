#include "harness/yaml/include.h"

#include <algorithm>
#include <filesystem>
#include <unordered_map>

#include <fmt/format.h>

#include "harness/yaml/parse.h"

namespace tocsin::yaml {
namespace {

namespace fs = std::filesystem;

std::string identity(const std::string& path) {
  std::error_code ignored;
  const fs::path canonical = fs::weakly_canonical(path, ignored);
  return ignored ? path : canonical.string();
}

class Includer {
 public:
  explicit Includer(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  NodePtr resolve(const NodePtr& node) {
    const Node* include = node->find("include");
    if (include == nullptr) return node;
    chain_.push_back(node->source->file());
    NodePtr base;
    bool usable = true;
    const auto take = [&](const Node& path) {
      const NodePtr part = load(path);
      usable = usable && part != nullptr;
      if (part != nullptr) base = base == nullptr ? part : overlay(base, part, &path);
    };
    if (include->is_scalar()) {
      take(*include);
    } else if (include->is_list()) {
      for (const NodePtr& path : include->items) take(*path);
    } else {
      diagnostics_.add(include->error("expected a path or a list of paths"));
      usable = false;
    }
    chain_.pop_back();
    if (!usable) return nullptr;
    return base == nullptr ? node : overlay(base, node, nullptr);
  }

  /// `sibling`: the include that brought `over`, when both were included; then the two may not
  /// contradict each other.
  NodePtr overlay(const NodePtr& base, const NodePtr& over, const Node* sibling) {
    auto joined = std::make_shared<Node>(*over);
    joined->entries = base->entries;
    std::unordered_map<std::string_view, std::size_t> known;
    for (std::size_t i = 0; i < base->entries.size(); ++i) {
      known.emplace(base->entries[i].key->text, i);
    }
    for (const Node::Entry& entry : over->entries) {
      if (entry.key->text == "include") continue;
      const auto found = known.find(entry.key->text);
      if (found == known.end()) {
        joined->entries.push_back(entry);
        continue;
      }
      Node::Entry& old = joined->entries[found->second];
      if (old.value->is_map() && entry.value->is_map()) {
        old.value = overlay(old.value, entry.value, sibling);
      } else {
        if (sibling != nullptr) report_conflict(*sibling, old, entry);
        old = entry;
      }
    }
    std::erase_if(joined->entries,
                  [](const Node::Entry& entry) { return entry.key->text == "include"; });
    return joined;
  }

 private:
  NodePtr load(const Node& path) {
    if (!path.is_scalar() || path.text.empty()) {
      return refuse(path, "expected a path");
    }
    const std::string file =
        (fs::path(path.source->file()).parent_path() / path.text).lexically_normal().string();
    const auto same = [&](const std::string& open) { return identity(open) == identity(file); };
    const auto loop = std::find_if(chain_.begin(), chain_.end(), same);
    if (loop != chain_.end()) {
      std::string chain;
      for (auto open = loop; open != chain_.end(); ++open) chain += *open + " → ";
      return refuse(path, "this include goes round in a circle: " + chain + file);
    }
    if (chain_.size() >= static_cast<std::size_t>(kDeepestInclude)) {
      return refuse(path, fmt::format("includes nested more than {} deep", kDeepestInclude));
    }
    if (++includes_ > kMostIncludes) {
      return refuse(path, fmt::format("more than {} includes", kMostIncludes));
    }
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) return refuse(path, "no such file: " + file);
    const NodePtr part = yaml::load(file, diagnostics_);
    if (part == nullptr) return nullptr;
    if (!part->is_map()) {
      diagnostics_.add(part->error("an included file is a map of keys"));
      return nullptr;
    }
    return resolve(part);
  }

  NodePtr refuse(const Node& at, std::string message) {
    diagnostics_.add(at.error(std::move(message)));
    return nullptr;
  }

  void report_conflict(const Node& sibling, const Node::Entry& old, const Node::Entry& entry) {
    Error error = entry.key->error(
        fmt::format("\"{}\" is set in {} too", entry.key->text, to_string(old.key->pos())));
    error.context.push_back("included at " + to_string(sibling.pos()));
    diagnostics_.add(std::move(error));
  }

  Diagnostics& diagnostics_;
  std::vector<std::string> chain_;
  int includes_ = 0;
};

}  // namespace

NodePtr resolve_includes(NodePtr node, Diagnostics& diagnostics) {
  return Includer(diagnostics).resolve(node);
}

NodePtr overlay(const NodePtr& base, const NodePtr& over) {
  Diagnostics nothing_to_report;
  return Includer(nothing_to_report).overlay(base, over, nullptr);
}

}  // namespace tocsin::yaml
