#include "harness/scenario/kind_overrides.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "harness/base/suggest.h"
#include "harness/scenario/exporter_kind.h"
#include "harness/scenario/formula.h"
#include "harness/scenario/values.h"

namespace tocsin::scenario {
namespace {

bool is_of_kind(const yaml::Node& node) {
  return node.source != nullptr && node.source->file().starts_with('<');
}

bool reads(std::string_view formula, std::string_view signal) {
  const auto of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  };
  for (std::size_t at = formula.find(signal); at != std::string_view::npos;
       at = formula.find(signal, at + 1)) {
    const std::string_view rest = formula.substr(at + signal.size());
    const bool ends = rest.empty() || !of_name(rest.front()) || rest.starts_with(".p");
    if (ends && (at == 0 || !of_name(formula[at - 1]))) return true;
  }
  return false;
}

/// Whether anything in the user's part of a tree reads the signal.
bool is_read(const yaml::Node& node, const std::string& signal) {
  if (node.is_scalar()) return !is_of_kind(node) && reads(node.text, signal);
  const auto in_item = [&](const yaml::NodePtr& item) { return is_read(*item, signal); };
  const auto in_entry = [&](const yaml::Node::Entry& entry) {
    return is_read(*entry.value, signal);
  };
  return std::any_of(node.items.begin(), node.items.end(), in_item) ||
         std::any_of(node.entries.begin(), node.entries.end(), in_entry);
}

/// What the user's part says a signal is: the node to blame.
const yaml::Node* own_value(const yaml::Node& signal) {
  const yaml::Node* value = signal.is_map() ? signal.find("value") : &signal;
  if (value == nullptr) value = signal.find("percentiles");
  return value != nullptr && !is_of_kind(*value) ? value : nullptr;
}

class OverrideCheck {
 public:
  OverrideCheck(const yaml::Node& node, const Target& target, Problems& problems)
      : node_(node), target_(target), problems_(problems), formulas_(kind_formulas(node)) {
    for (const auto& [name, formula] : formulas_) names_.push_back(name);
  }

  bool ok() const { return ok_; }

  void check(const yaml::Node::Entry& entry) {
    const yaml::Node* value = own_value(*entry.value);
    if (value == nullptr) return;
    const auto before = formulas_.find(entry.key->text);
    if (before == formulas_.end()) return check_new(*entry.key);
    const auto is_it = [&](const Signal& signal) { return signal.name == entry.key->text; };
    const auto signal = std::find_if(target_.signals.begin(), target_.signals.end(), is_it);
    if (signal != target_.signals.end()) check_unit(*signal, *value, before->second);
  }

 private:
  void check_new(const yaml::Node& key) {
    if (is_read(node_, key.text)) return;
    ok_ = false;
    problems_.add(
        key,
        fmt::format("a {} exporter has no signal \"{}\", and nothing here reads it", target_.kind,
                    key.text),
        nearest_name(key.text, names_).empty() ? "" : unknown_name_hint(key.text, names_));
  }

  void check_unit(const Signal& signal, const yaml::Node& value, const std::string& before) {
    const std::optional<Dimension> was = unit_of(before);
    const Dimension is = signal.dimension;
    if (!was || is == *was || is == Dimension::kNumber) return;
    ok_ = false;
    std::string hint = fmt::format("it is {} by default", before);
    const bool of_hundred = is == Dimension::kRatio && *was == Dimension::kNumber;
    if (of_hundred) hint += "; 100 * (…) makes a number of a percentage";
    problems_.add(value,
                  fmt::format("\"{}\" is a {}, and this is a {}", signal.name, to_string(*was),
                              to_string(is)),
                  std::move(hint));
  }

  std::optional<Dimension> unit_of(const std::string& text) const {
    const auto formula = Formula::parse(text);
    if (formula.has_error()) return std::nullopt;
    bool known = true;
    const auto unit = formula->dimension([&](std::string_view name) {
      const auto signal = find_signal(target_, name);
      known = known && signal.has_value();
      return signal ? signal->dimension : Dimension::kNumber;
    });
    if (!known || unit.has_error()) return std::nullopt;
    return *unit;
  }

  const yaml::Node& node_;
  const Target& target_;
  Problems& problems_;
  std::map<std::string, std::string> formulas_;
  std::vector<std::string> names_;
  bool ok_ = true;
};

}  // namespace

bool check_kind_overrides(const yaml::Node& node, const Target& target, Problems& problems) {
  const yaml::Node* signals = node.find("signals");
  if (target.kind.empty() || signals == nullptr) return true;
  const auto own = [](const yaml::Node::Entry& entry) {
    return own_value(*entry.value) != nullptr;
  };
  // What the kind says by itself needs no second look.
  if (std::none_of(signals->entries.begin(), signals->entries.end(), own)) return true;
  OverrideCheck check(node, target, problems);
  for (const yaml::Node::Entry& entry : signals->entries) check.check(entry);
  return check.ok();
}

}  // namespace tocsin::scenario
