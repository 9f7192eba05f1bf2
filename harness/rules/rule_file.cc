#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/base/utf8.h"
#include "harness/model/labels.h"
#include "harness/rules/rule.h"
#include "harness/rules/template.h"
#include "harness/rules/yaml_tree.h"

namespace tocsin::rules {
namespace {

/// Aliases make a small file say much. What is read from it counts each time it is read.
constexpr std::size_t kMostBytesRead = 64 << 20;
constexpr int kDeepestMerge = 16;

using Kind = YamlNode::Kind;

const std::vector<std::string> kFileKeys = {"groups"};
const std::vector<std::string> kGroupKeys = {"name",  "interval", "query_offset",
                                             "limit", "rules",    "labels"};
const std::vector<std::string> kRuleKeys = {"record",          "alert",  "expr",       "for",
                                            "keep_firing_for", "labels", "annotations"};

std::string_view describe(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "text";
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
  }
  return "nothing";
}

struct Field {
  const YamlNode* key = nullptr;
  const YamlNode* value = nullptr;
};
using Fields = std::map<std::string, Field>;

const Field* find(const Fields& fields, const std::string& name) {
  const auto it = fields.find(name);
  return it == fields.end() || it->second.value->kind == Kind::kNull ? nullptr : &it->second;
}

bool is_legacy_name(const std::string& name) {
  return is_legacy_label_name(name);
}

class FileReader {
 public:
  FileReader(RuleFile& file, std::string_view yaml, Diagnostics& diagnostics)
      : file_(file), yaml_(file.path, yaml), diagnostics_(diagnostics) {}

  void read() {
    const YamlTree tree = YamlTree::parse(yaml_, diagnostics_);
    if (tree.root() == nullptr || tree.root()->kind == Kind::kNull) return;
    if (tree.second_document() > 0) {
      warn(position(tree.second_document()),
           "Prometheus reads only the first document of a rule file");
    }
    const Fields fields = mapping(*tree.root(), kFileKeys, "a rule file");
    if (const Field* groups = find(fields, "groups")) {
      std::map<std::string, SourcePos> seen;
      for (const YamlNode* node : list(*groups, "groups")) read_group(*node, seen);
    }
    warn_of_duplicates();
  }

 private:
  // --- complaining ---

  SourcePos position(std::size_t offset) const { return yaml_.position(offset); }
  SourcePos position(const YamlNode& node) const { return position(node.start); }

  Error make(SourcePos pos, std::string message, int length = 1) const {
    Error error = input_error(std::move(pos), std::move(message), length);
    error.excerpt = yaml_.line(error.pos.line);
    if (!where_.empty()) error.context.push_back(where_);
    return error;
  }
  void fail(Error error) { diagnostics_.add(std::move(error)); }
  void fail(const YamlNode& node, std::string message, std::string hint = {}) {
    const bool marks_text = node.kind == Kind::kScalar && node.plain;
    const std::size_t length = marks_text ? utf8_length(node.value) : 1;
    Error error = make(position(node), std::move(message), static_cast<int>(length));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    fail(std::move(error));
  }
  void warn(SourcePos pos, std::string message) {
    file_.warnings.push_back(make(std::move(pos), std::move(message)));
  }

  /// Takes from what may be read; says so once when it is used up.
  bool spend(std::size_t bytes) {
    if (exhausted_) return false;
    read_ += bytes;
    if (read_ <= kMostBytesRead) return true;
    exhausted_ = true;
    fail(make(position(std::size_t{0}),
              "the aliases of this file expand to more than 64 MiB of rules"));
    return false;
  }

  // --- shapes ---

  void wrong_kind(const YamlNode& node, std::string_view what, std::string_view expected) {
    const bool braces = yaml_.text().substr(node.start).starts_with("{{");
    fail(node, fmt::format("{} must be {}, not {}", what, expected, describe(node)),
         braces ? "put quotes around a value that begins with {{" : "");
  }

  std::vector<const YamlNode*> list(const Field& field, std::string_view what) {
    if (field.value->kind == Kind::kSequence) return field.value->items;
    wrong_kind(*field.value, what, "a list");
    return {};
  }

  /// The entries of a mapping by key; `allowed` null takes any.
  Fields mapping(const YamlNode& node, const std::vector<std::string>& allowed,
                 std::string_view what) {
    Fields fields;
    if (node.kind != Kind::kMapping) {
      wrong_kind(node, what, "a mapping");
      return fields;
    }
    collect(node, fields, 0);
    for (const auto& [name, field] : fields) {
      if (std::find(allowed.begin(), allowed.end(), name) != allowed.end()) continue;
      fail(*field.key, fmt::format("{} has no key \"{}\"", what, name),
           unknown_name_hint(name, allowed));
    }
    return fields;
  }

  void collect(const YamlNode& node, Fields& fields, int depth) {
    std::set<std::string> own;
    for (const auto& [key, value] : node.entries) {
      if (!spend(key->value.size() + sizeof(YamlNode))) return;
      if (key->kind != Kind::kScalar) {
        wrong_kind(*key, "a key", "text");
      } else if (key->plain && key->value == "<<") {
        merge(*value, fields, depth);
      } else if (!own.insert(key->value).second) {
        const SourcePos first = position(*fields.at(key->value).key);
        fail(*key, fmt::format("key \"{}\" is already set in line {}", key->value, first.line));
      } else {
        fields[key->value] = {key, value};  // over what was merged
      }
    }
  }

  /// "<<": the entries of another mapping, or of several, where this one has none.
  void merge(const YamlNode& from, Fields& fields, int depth) {
    if (depth >= kDeepestMerge) return fail(from, "merge keys are nested too deeply");
    if (from.kind == Kind::kSequence) {
      for (const YamlNode* item : from.items) merge(*item, fields, depth + 1);
      return;
    }
    if (from.kind != Kind::kMapping) return wrong_kind(from, "a merge", "a mapping");
    Fields merged;
    collect(from, merged, depth + 1);
    fields.merge(merged);
  }

  /// A scalar's text; "" for nothing.
  std::string text(const YamlNode& node, std::string_view what) {
    if (node.kind == Kind::kSequence || node.kind == Kind::kMapping) {
      wrong_kind(node, what, "text");
      return {};
    }
    return spend(node.value.size()) ? node.value : std::string();
  }
  std::string text(const Fields& fields, const std::string& name) {
    const Field* field = find(fields, name);
    return field == nullptr ? std::string() : text(*field->value, name);
  }

  std::optional<Duration> duration(const Fields& fields, const std::string& name) {
    const Field* field = find(fields, name);
    if (field == nullptr) return std::nullopt;
    const std::string written = text(*field->value, name);
    if (field->value->kind != Kind::kScalar) return std::nullopt;
    Result<Duration> parsed = parse_duration(written);
    if (!parsed.has_error() && written.find('.') == std::string::npos) return *parsed;
    if (!parsed.has_error()) {
      fail(*field->value,
           fmt::format("\"{}\" is not a duration: fractions are not allowed in rules", written),
           "write 1500ms for 1.5s");
      return std::nullopt;
    }
    Error error = make(position(*field->value), parsed.error().message,
                       static_cast<int>(utf8_length(written)));
    error.hints = parsed.error().hints;
    fail(std::move(error));
    return std::nullopt;
  }

  int integer(const Fields& fields, const std::string& name) {
    const Field* field = find(fields, name);
    if (field == nullptr) return 0;
    const std::string written = text(*field->value, name);
    int value = 0;
    const auto parsed = std::from_chars(written.data(), written.data() + written.size(), value);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == written.data() + written.size();
    if (!whole || !field->value->plain) {
      if (field->value->kind == Kind::kScalar) {
        fail(*field->value, fmt::format("{} must be a whole number, not \"{}\"", name, written));
      }
      return 0;
    }
    return std::max(value, 0);
  }

  // --- groups ---

  void read_group(const YamlNode& node, std::map<std::string, SourcePos>& seen) {
    where_.clear();
    RuleGroup group;
    group.pos = position(node);
    const Fields fields = mapping(node, kGroupKeys, "a group");
    if (node.kind != Kind::kMapping) return;
    group.name = text(fields, "name");
    if (group.name.empty()) {
      fail(node, "group has no name");
    } else if (const auto [it, added] = seen.emplace(group.name, group.pos); !added) {
      fail(*fields.at("name").value,
           fmt::format("group \"{}\" is already defined in line {}", group.name, it->second.line));
    }
    where_ = fmt::format("in group \"{}\"", group.name);
    group.interval = duration(fields, "interval");
    if (group.interval == Duration(0)) group.interval.reset();
    group.query_offset = duration(fields, "query_offset").value_or(Duration(0));
    group.limit = integer(fields, "limit");
    for (auto& [name, value] : pairs(fields, "labels", "label")) {
      group.labels.emplace_back(name, value.text);
    }
    if (const Field* rules = find(fields, "rules")) {
      for (const YamlNode* item : list(*rules, "rules")) read_rule(*item, group);
    }
    file_.groups.push_back(std::move(group));
    warn_of_copies(file_.groups.back());
  }

  /// Labels or annotations: any name but those that Prometheus refuses.
  std::vector<std::pair<std::string, TemplateText>> pairs(const Fields& fields,
                                                          const std::string& key,
                                                          std::string_view kind) {
    std::vector<std::pair<std::string, TemplateText>> result;
    const Field* field = find(fields, key);
    if (field == nullptr) return result;
    if (field->value->kind != Kind::kMapping) {
      wrong_kind(*field->value, key, "a mapping");
      return result;
    }
    Fields entries;
    collect(*field->value, entries, 0);
    for (const auto& [name, entry] : entries) {
      check_name(name, *entry.key, kind);
      result.push_back({name, {text(*entry.value, kind), position(*entry.value)}});
    }
    // Back into the file's order, which the keys' order lost.
    std::stable_sort(result.begin(), result.end(), [&](const auto& a, const auto& b) {
      return entries.at(a.first).key->start < entries.at(b.first).key->start;
    });
    return result;
  }

  void check_name(const std::string& name, const YamlNode& key, std::string_view kind) {
    if (name.empty()) {
      fail(key, fmt::format("{} name is empty", kind));
    } else if (name == kMetricName && kind == "label") {
      fail(key, "a rule cannot set the label __name__",
           "the name of what a recording rule records is its `record`");
    } else if (!is_legacy_name(name)) {
      warn(position(key), fmt::format("Prometheus 2 refuses the {} name \"{}\"", kind, name));
    }
  }

  ScalarMap map_of(const YamlNode& node) const {
    return ScalarMap::of(yaml_, node.start, node.value);
  }

  // --- rules ---

  void read_rule(const YamlNode& node, RuleGroup& group) {
    const std::string outer = where_;
    if (++rules_ == kMostRules + 1) {
      fail(node, fmt::format("a file may hold {} rules", kMostRules));
    }
    if (rules_ > kMostRules || exhausted_) return;
    where_ += fmt::format(", rule {}", ++rule_numbers_[group.name]);
    Rule rule;
    rule.pos = position(node);
    const Fields fields = mapping(node, kRuleKeys, "a rule");
    if (node.kind == Kind::kMapping) {
      read_name(node, fields, rule);
      read_expression(node, fields, rule);
      rule.hold = duration(fields, "for").value_or(Duration(0));
      rule.keep_firing_for = duration(fields, "keep_firing_for").value_or(Duration(0));
      rule.labels = pairs(fields, "labels", "label");
      rule.annotations = pairs(fields, "annotations", "annotation");
      rule.kind == Rule::Kind::kRecording ? check_recording(fields, rule)
                                          : check_templates(fields, rule);
      group.rules.push_back(std::move(rule));
    }
    where_ = outer;
  }

  void read_name(const YamlNode& node, const Fields& fields, Rule& rule) {
    const std::string record = text(fields, "record");
    const std::string alert = text(fields, "alert");
    if (!record.empty() && !alert.empty()) {
      const YamlNode& record_key = *fields.at("record").key;
      const YamlNode& alert_key = *fields.at("alert").key;
      fail(record_key.start > alert_key.start ? record_key : alert_key,
           "a rule has either `record` or `alert`, not both");
    }
    if (record.empty() && alert.empty()) {
      fail(node, "a rule needs `record` or `alert` with a name");
    }
    rule.kind = record.empty() ? Rule::Kind::kAlerting : Rule::Kind::kRecording;
    rule.name = record.empty() ? alert : record;
    if (!rule.name.empty()) {
      where_ += fmt::format(" ({} \"{}\")", record.empty() ? "alert" : "record", rule.name);
    }
  }

  void read_expression(const YamlNode& node, const Fields& fields, Rule& rule) {
    const Field* field = find(fields, "expr");
    rule.expression.text = text(fields, "expr");
    if (rule.expression.text.empty()) {
      if (field == nullptr || field->value->kind == Kind::kScalar) {
        fail(field == nullptr ? node : *field->value,
             "a rule needs an expression: `expr` is missing");
      }
      return;
    }
    rule.expression_map = map_of(*field->value);
    rule.expression_pos = rule.expression_map.at(std::size_t{0});
    std::vector<Error> errors;
    Result<promql::Expression> parsed = promql::parse_expression(rule.expression.text, errors);
    if (parsed.has_error()) {
      for (Error& error : errors) fail(inside(rule.expression_map, std::move(error)));
      return;
    }
    rule.expression = std::move(*parsed);
    const promql::ValueType type = rule.expression.root->type;
    if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
      warn(rule.expression_pos, fmt::format("every evaluation will fail: the expression is a {}",
                                            promql::describe(type)));
    }
  }

  /// A problem within a scalar's text, moved to its place in the file.
  Error inside(const ScalarMap& map, Error error, std::string_view prefix = {}) const {
    const SourcePos within = error.pos;
    Error moved =
        make(map.at(within.line, within.column), std::string(prefix) + error.message, error.length);
    moved.kind = error.kind;
    moved.hints = std::move(error.hints);
    moved.context.insert(moved.context.begin(), error.context.begin(), error.context.end());
    return moved;
  }

  void check_recording(const Fields& fields, const Rule& rule) {
    const auto refuse = [&](const std::string& key) {
      fail(*fields.at(key).key, fmt::format("a recording rule cannot have `{}`", key));
    };
    if (!rule.annotations.empty()) refuse("annotations");
    if (rule.hold != Duration(0)) refuse("for");
    if (rule.keep_firing_for != Duration(0)) refuse("keep_firing_for");
    const YamlNode& name = *fields.at("record").value;
    if (rule.name.find_first_of("{}") != std::string::npos) {
      fail(name, fmt::format("braces in the name of a recording rule: {}", rule.name),
           "an expression belongs into `expr`");
    } else if (!is_legacy_metric_name(rule.name)) {
      warn(position(name), fmt::format("Prometheus 2 refuses the metric name \"{}\"", rule.name));
    }
  }

  void check_templates(const Fields& fields, const Rule& rule) {
    const auto check = [&](const auto& texts, const std::string& key, std::string_view kind) {
      Fields entries;
      if (!texts.empty()) collect(*fields.at(key).value, entries, 0);
      for (const auto& [name, written] : texts) {
        Result<Template> parsed = Template::parse(written.text);
        if (!parsed.has_error()) continue;
        fail(inside(map_of(*entries.at(name).value), std::move(parsed).error(),
                    fmt::format("template of {} \"{}\": ", kind, name)));
      }
    };
    check(rule.labels, "labels", "label");
    check(rule.annotations, "annotations", "annotation");
  }

  // --- rules that repeat each other ---

  static std::string identity(const RuleGroup& group, const Rule& rule) {
    std::map<std::string, std::string> labels(group.labels.begin(), group.labels.end());
    for (const auto& [name, value] : rule.labels) labels[name] = value.text;
    std::string text = rule.name;
    for (const auto& [name, value] : labels) text += '\0' + name + '\0' + value;
    return text;
  }

  /// Copies of a rule within its group. Prometheus takes them, and evaluates them twice.
  void warn_of_copies(const RuleGroup& group) {
    std::map<std::string, const Rule*> seen;
    for (const Rule& rule : group.rules) {
      if (rule.name.empty() || rule.expression.text.empty()) continue;
      std::string all = identity(group, rule) + '\0' + rule.expression.text + '\0' +
                        format_duration(rule.hold) + format_duration(rule.keep_firing_for);
      for (const auto& [name, value] : rule.annotations) all += '\0' + name + '\0' + value.text;
      const auto [it, added] = seen.emplace(std::move(all), &rule);
      if (added) continue;
      warn(rule.pos, fmt::format("rule \"{}\" is a copy of the one in line {}", rule.name,
                                 it->second->pos.line));
      copies_.insert(&rule);
    }
  }

  /// What promtool's lint calls duplicate rules.
  void warn_of_duplicates() {
    where_.clear();
    std::map<std::string, const Rule*> seen;
    for (const RuleGroup& group : file_.groups) {
      for (const Rule& rule : group.rules) {
        const auto [it, added] = seen.emplace(identity(group, rule), &rule);
        if (added || rule.name.empty() || copies_.count(&rule) > 0) continue;
        warn(rule.pos, fmt::format("rule \"{}\" has the name and labels of the one in line {}",
                                   rule.name, it->second->pos.line));
      }
    }
  }

  RuleFile& file_;
  SourceText yaml_;
  Diagnostics& diagnostics_;
  std::string where_;  ///< group and rule being read, for messages
  std::map<std::string, int> rule_numbers_;
  std::set<const Rule*> copies_;
  std::size_t rules_ = 0;
  std::size_t read_ = 0;
  bool exhausted_ = false;
};

}  // namespace

RuleFile parse_rule_file(std::string path, std::string_view text, Diagnostics& diagnostics) {
  RuleFile file;
  file.path = std::move(path);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.size() > kLargestRuleFile) {
    Error error = input_error({file.path, 0, 0}, "a rule file may be 16 MiB long");
    error.kind = ErrorKind::kLimit;
    diagnostics.add(std::move(error));
  } else if (const std::optional<std::size_t> bad = find_invalid_utf8(text)) {
    diagnostics.add(input_error(SourceText(file.path, text).position(*bad), "not valid UTF-8"));
  } else {
    FileReader(file, text, diagnostics).read();
  }
  return file;
}

RuleFile load_rule_file(const std::string& path, Diagnostics& diagnostics) {
  Result<std::string> text = read_file(path, kLargestRuleFile);
  if (text.has_error()) {
    diagnostics.add(std::move(text).error());
    return {path, {}, {}};
  }
  return parse_rule_file(path, *text, diagnostics);
}

}  // namespace tocsin::rules
