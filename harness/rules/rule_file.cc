#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <span>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/suggest.h"
#include "harness/model/labels.h"
#include "harness/rules/rule.h"
#include "harness/rules/template.h"
#include "harness/yaml/parse.h"

namespace tocsin::rules {
namespace {

/// Aliases make a small file say much. What is read from it counts each time it is read.
constexpr std::size_t kMostBytesRead = 64 << 20;
/// No file without aliases holds more: four bytes a value are few.
constexpr std::size_t kMostValues = kLargestRuleFile / 4;

const std::vector<std::string> kFileKeys = {"groups"};
const std::vector<std::string> kGroupKeys = {"name",  "interval", "query_offset",
                                             "limit", "rules",    "labels"};
const std::vector<std::string> kRuleKeys = {"record",          "alert",  "expr",       "for",
                                            "keep_firing_for", "labels", "annotations"};

/// A map's entry; null when there is none, or none with a value.
const yaml::Node::Entry* find(const yaml::Node& map, std::string_view name) {
  const yaml::Node::Entry* entry = map.find_entry(name);
  return entry == nullptr || entry->value->is_null() ? nullptr : entry;
}

bool is_legacy_name(const std::string& name) {
  return is_legacy_label_name(name);
}

class FileReader {
 public:
  FileReader(RuleFile& file, const yaml::SourceText& source, Diagnostics& diagnostics,
             UnknownKeys unknown_keys, const promql::ParseOptions& language)
      : file_(file),
        source_(source),
        diagnostics_(diagnostics),
        unknown_keys_(unknown_keys),
        language_(language) {}

  void read(const yaml::Node& root) {
    check_keys(root, kFileKeys, "a rule file");
    if (const yaml::Node::Entry* groups = find(root, "groups")) {
      std::map<std::string, SourcePos> seen;
      for (const yaml::NodePtr& node : list(*groups, "groups")) read_group(*node, seen);
    }
    warn_of_duplicates();
  }

  /// Of what Prometheus takes.
  void warn(SourcePos pos, std::string message) {
    Error warning = input_error(std::move(pos), std::move(message));
    warning.excerpt = source_.excerpt(warning.pos.line);
    file_.warnings.push_back(inside_rule(std::move(warning)));
  }

 private:
  // --- complaining ---

  Error inside_rule(Error error) const {
    if (!where_.empty()) error.context.push_back(where_);
    return error;
  }
  void fail(Error error) { diagnostics_.add(inside_rule(std::move(error))); }
  void fail(const yaml::Node& node, std::string message, std::string hint = {}) {
    Error error = node.error(std::move(message));
    if (!hint.empty()) error.hints.push_back(std::move(hint));
    fail(std::move(error));
  }

  /// Takes from what may be read; says so once when it is used up.
  bool spend(std::size_t bytes) {
    if (exhausted_) return false;
    read_ += bytes;
    if (read_ <= kMostBytesRead) return true;
    exhausted_ = true;
    fail(source_.error(0, "the aliases of this file expand to more than 64 MiB of rules"));
    return false;
  }

  // --- shapes ---

  void wrong_kind(const yaml::Node& node, std::string_view what, std::string_view expected) {
    const bool braces = source_.text().substr(node.offset).starts_with("{{");
    fail(node, fmt::format("{} must be {}, not {}", what, expected, yaml::describe(node)),
         braces ? "put quotes around a value that begins with {{" : "");
  }

  std::span<const yaml::NodePtr> list(const yaml::Node::Entry& entry, std::string_view what) {
    if (!entry.value->is_list()) wrong_kind(*entry.value, what, "a list");
    return entry.value->items;
  }

  bool is_text(const yaml::Node& key) {
    if (!key.is_scalar()) wrong_kind(key, "a key", "text");
    return key.is_scalar();
  }

  void check_keys(const yaml::Node& node, const std::vector<std::string>& allowed,
                  std::string_view what) {
    if (!node.is_map()) return wrong_kind(node, what, "a mapping");
    for (const auto& [key, value] : node.entries) {
      if (!is_text(*key) || unknown_keys_ == UnknownKeys::kIgnore) continue;
      if (std::find(allowed.begin(), allowed.end(), key->text) != allowed.end()) continue;
      fail(*key, fmt::format("{} has no key \"{}\"", what, key->text),
           unknown_name_hint(key->text, allowed));
    }
  }

  /// A scalar's text; "" for nothing.
  std::string text(const yaml::Node& node, std::string_view what) {
    if (node.is_list() || node.is_map()) {
      wrong_kind(node, what, "text");
      return {};
    }
    return spend(node.text.size()) ? node.text : std::string();
  }
  std::string text_of(const yaml::Node& map, std::string_view name) {
    const yaml::Node::Entry* field = find(map, name);
    return field == nullptr ? std::string() : text(*field->value, name);
  }

  std::optional<Duration> duration(const yaml::Node& map, std::string_view name) {
    const yaml::Node::Entry* field = find(map, name);
    if (field == nullptr) return std::nullopt;
    const std::string written = text(*field->value, name);
    if (!field->value->is_scalar()) return std::nullopt;
    Result<Duration> parsed = parse_duration(written);
    if (!parsed.has_error() && written.find('.') == std::string::npos) return *parsed;
    if (!parsed.has_error()) {
      fail(*field->value,
           fmt::format("\"{}\" is not a duration: fractions are not allowed in rules", written),
           "write 1500ms for 1.5s");
      return std::nullopt;
    }
    Error error = field->value->error(parsed.error().message);
    error.hints = parsed.error().hints;
    fail(std::move(error));
    return std::nullopt;
  }

  int integer(const yaml::Node& map, std::string_view name) {
    const yaml::Node::Entry* field = find(map, name);
    if (field == nullptr) return 0;
    const std::string written = text(*field->value, name);
    int value = 0;
    const auto parsed = std::from_chars(written.data(), written.data() + written.size(), value);
    const bool whole = parsed.ec == std::errc() && parsed.ptr == written.data() + written.size();
    if (!whole || !field->value->plain) {
      if (field->value->is_scalar()) {
        fail(*field->value, fmt::format("{} must be a whole number, not \"{}\"", name, written));
      }
      return 0;
    }
    return std::max(value, 0);
  }

  // --- groups ---

  void read_group(const yaml::Node& node, std::map<std::string, SourcePos>& seen) {
    where_.clear();
    RuleGroup group;
    group.pos = node.pos();
    check_keys(node, kGroupKeys, "a group");
    if (!node.is_map()) return;
    group.name = text_of(node, "name");
    if (group.name.empty()) {
      fail(node, "group has no name");
    } else if (const auto [it, added] = seen.emplace(group.name, group.pos); !added) {
      fail(*node.find("name"),
           fmt::format("group \"{}\" is already defined in line {}", group.name, it->second.line));
    }
    where_ = fmt::format("in group \"{}\"", group.name);
    group.interval = duration(node, "interval");
    if (group.interval == Duration(0)) group.interval.reset();
    group.query_offset = duration(node, "query_offset").value_or(Duration(0));
    group.limit = integer(node, "limit");
    for (auto& [name, value] : pairs(node, "labels", "label")) {
      group.labels.emplace_back(name, value.text);
    }
    if (const yaml::Node::Entry* rules = find(node, "rules")) {
      for (const yaml::NodePtr& item : list(*rules, "rules")) read_rule(*item, group);
    }
    file_.groups.push_back(std::move(group));
    warn_of_copies(file_.groups.back());
  }

  /// Labels or annotations: any name but those that Prometheus refuses.
  std::vector<std::pair<std::string, TemplateText>> pairs(const yaml::Node& map,
                                                          std::string_view name,
                                                          std::string_view kind) {
    std::vector<std::pair<std::string, TemplateText>> result;
    const yaml::Node::Entry* field = find(map, name);
    if (field == nullptr) return result;
    if (!field->value->is_map()) {
      wrong_kind(*field->value, name, "a mapping");
      return result;
    }
    std::vector<yaml::Node::Entry> entries = field->value->entries;
    std::stable_sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return a.key->offset < b.key->offset;  // merged ones too
    });
    for (const auto& [key, value] : entries) {
      if (!spend(key->text.size())) break;
      if (!is_text(*key)) continue;
      check_name(key->text, *key, kind);
      result.push_back({key->text, {text(*value, kind), value->pos()}});
    }
    return result;
  }

  void check_name(const std::string& name, const yaml::Node& key, std::string_view kind) {
    if (name.empty()) {
      fail(key, fmt::format("{} name is empty", kind));
    } else if (name == kMetricName && kind == "label") {
      fail(key, "a rule cannot set the label __name__",
           "the name of what a recording rule records is its `record`");
    } else if (!is_legacy_name(name)) {
      warn(key.pos(), fmt::format("Prometheus 2 refuses the {} name \"{}\"", kind, name));
    }
  }

  // --- rules ---

  void read_rule(const yaml::Node& node, RuleGroup& group) {
    const std::string outer = where_;
    if (++rules_ == kMostRules + 1) {
      fail(node, fmt::format("a file may hold {} rules", kMostRules));
    }
    if (rules_ > kMostRules || exhausted_) return;
    where_ += fmt::format(", rule {}", ++rule_numbers_[group.name]);
    Rule rule;
    rule.pos = node.pos();
    check_keys(node, kRuleKeys, "a rule");
    if (node.is_map()) {
      read_name(node, rule);
      read_expression(node, rule);
      rule.hold = duration(node, "for").value_or(Duration(0));
      rule.hold_pos = value_pos(node, "for");
      rule.keep_firing_for = duration(node, "keep_firing_for").value_or(Duration(0));
      rule.keep_firing_for_pos = value_pos(node, "keep_firing_for");
      rule.labels = pairs(node, "labels", "label");
      rule.annotations = pairs(node, "annotations", "annotation");
      rule.kind == Rule::Kind::kRecording ? check_recording(node, rule) : check_templates(node);
      group.rules.push_back(std::move(rule));
    }
    where_ = outer;
  }

  SourcePos value_pos(const yaml::Node& node, std::string_view name) const {
    const yaml::Node::Entry* field = find(node, name);
    return field == nullptr ? SourcePos() : field->value->pos();
  }

  void read_name(const yaml::Node& node, Rule& rule) {
    const std::string record = text_of(node, "record");
    const std::string alert = text_of(node, "alert");
    if (!record.empty() && !alert.empty()) {
      const yaml::Node& record_key = *node.find_entry("record")->key;
      const yaml::Node& alert_key = *node.find_entry("alert")->key;
      fail(record_key.offset > alert_key.offset ? record_key : alert_key,
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

  void read_expression(const yaml::Node& node, Rule& rule) {
    const yaml::Node::Entry* field = find(node, "expr");
    rule.expression.text = text_of(node, "expr");
    if (rule.expression.text.empty()) {
      if (field == nullptr || field->value->is_scalar()) {
        fail(field == nullptr ? node : *field->value,
             "a rule needs an expression: `expr` is missing");
      }
      return;
    }
    rule.expression_map = field->value->places();
    rule.expression_pos = rule.expression_map.at(std::size_t{0});
    std::vector<Error> errors;
    Result<promql::Expression> parsed =
        promql::parse_expression(rule.expression.text, errors, language_);
    if (parsed.has_error()) {
      for (Error& error : errors) fail(field->value->error_within(std::move(error)));
      return;
    }
    rule.expression = std::move(*parsed);
    const promql::ValueType type = rule.expression.root->type;
    if (type != promql::ValueType::kVector && type != promql::ValueType::kScalar) {
      warn(rule.expression_pos, fmt::format("every evaluation will fail: the expression is a {}",
                                            promql::describe(type)));
    }
  }

  void check_recording(const yaml::Node& map, const Rule& rule) {
    const auto refuse = [&](std::string_view key) {
      fail(*map.find_entry(key)->key, fmt::format("a recording rule cannot have `{}`", key));
    };
    if (!rule.annotations.empty()) refuse("annotations");
    if (rule.hold != Duration(0)) refuse("for");
    if (rule.keep_firing_for != Duration(0)) refuse("keep_firing_for");
    const yaml::Node& name = *map.find("record");
    if (rule.name.find_first_of("{}") != std::string::npos) {
      fail(name, fmt::format("braces in the name of a recording rule: {}", rule.name),
           "an expression belongs into `expr`");
    } else if (!is_legacy_metric_name(rule.name)) {
      warn(name.pos(), fmt::format("Prometheus 2 refuses the metric name \"{}\"", rule.name));
    }
  }

  void check_templates(const yaml::Node& map) {
    const auto check = [&](std::string_view key, std::string_view kind) {
      const yaml::Node* texts = map.find(key);
      if (texts == nullptr) return;
      for (const auto& [name, written] : texts->entries) {
        Result<Template> parsed = Template::parse(written->text);
        if (!parsed.has_error()) continue;
        Error error = written->error_within(std::move(parsed).error());
        error.message = fmt::format("template of {} \"{}\": {}", kind, name->text, error.message);
        fail(std::move(error));
      }
    };
    check("labels", "label");
    check("annotations", "annotation");
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
  const yaml::SourceText& source_;
  Diagnostics& diagnostics_;
  const UnknownKeys unknown_keys_;
  const promql::ParseOptions& language_;
  std::string where_;  ///< group and rule being read, for messages
  std::map<std::string, int> rule_numbers_;
  std::set<const Rule*> copies_;
  std::size_t rules_ = 0;
  std::size_t read_ = 0;
  bool exhausted_ = false;
};

}  // namespace

namespace {

/// An empty document when the text is too long or no YAML; the reason is in `diagnostics`.
yaml::ForeignDocument document_of(const std::string& path, std::string_view text,
                                  Diagnostics& diagnostics) {
  if (text.size() > kLargestRuleFile) {
    Error error = input_error({path, 0, 0}, "a rule file may be 16 MiB long");
    error.kind = ErrorKind::kLimit;
    diagnostics.add(std::move(error));
    return {};
  }
  const yaml::Bounds bounds{kLargestRuleFile, kMostValues};
  return yaml::parse_foreign(path, std::string(text), bounds, diagnostics);
}

}  // namespace

RuleFile parse_rule_resource(std::string path, std::string_view text, Diagnostics& diagnostics) {
  RuleFile file;
  file.path = std::move(path);
  const auto document = document_of(file.path, text, diagnostics);
  if (document.root == nullptr) return file;
  const yaml::Node* spec = document.root->find("spec");
  if (spec == nullptr) {
    diagnostics.add(document.root->error("a PrometheusRule needs a spec"));
    return file;
  }
  // Thanos' keys may stand there, too.
  const promql::ParseOptions language;
  FileReader reader(file, *document.root->source, diagnostics, UnknownKeys::kIgnore, language);
  if (document.followed) reader.warn(*document.followed, "only the first document is read");
  reader.read(*spec);
  return file;
}

RuleFile parse_rule_file(std::string path, std::string_view text, Diagnostics& diagnostics,
                         UnknownKeys unknown_keys, const promql::ParseOptions& language) {
  RuleFile file;
  file.path = std::move(path);
  const auto document = document_of(file.path, text, diagnostics);
  if (document.root == nullptr) return file;
  FileReader reader(file, *document.root->source, diagnostics, unknown_keys, language);
  if (document.followed) {
    reader.warn(*document.followed, "Prometheus reads only the first document of a rule file");
  }
  reader.read(*document.root);
  return file;
}

RuleFile load_rule_file(const std::string& path, Diagnostics& diagnostics,
                        const promql::ParseOptions& language) {
  Result<std::string> text = read_file(path, kLargestRuleFile);
  if (text.has_error()) {
    diagnostics.add(std::move(text).error());
    return {path, {}, {}};
  }
  return parse_rule_file(path, *text, diagnostics, UnknownKeys::kRefuse, language);
}

}  // namespace tocsin::rules
