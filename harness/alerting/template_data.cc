#include "harness/alerting/template_data.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/rules/go_printf.h"
#include "harness/rules/go_text.h"

namespace tocsin::alerting {
namespace {

using rules::templates::Arguments;
using rules::templates::GoDuration;
using rules::templates::GoTime;
using rules::templates::Html;
using rules::templates::problem;
using rules::templates::SafeUrl;
using Args = std::span<const Value>;
using Member = std::optional<Result<Value>>;
using Items = std::optional<std::vector<Object::Item>>;

const Timestamp kNoTime = from_ms(-62'135'596'800'000);  // the year 1

/// Something that also has a JSON form.
class DataObject : public Object {
 public:
  virtual std::string json() const = 0;
};

Value counted(std::size_t i) {
  return Value(static_cast<std::int64_t>(i));
}

/// A field takes no arguments.
Member field(Value value, std::string_view name, Args args) {
  if (!args.empty()) {
    return problem(std::string(name) + " has arguments but cannot be invoked as function");
  }
  return Result<Value>(std::move(value));
}
/// A method, with as many arguments as it wants.
Member wrong_arguments(std::string_view name, std::size_t wanted, Args args) {
  return problem(
      fmt::format("wrong number of args for {}: want {} got {}", name, wanted, args.size()));
}

/// x[i] of a list.
Member at_index(const Value& key, std::size_t size) {
  const std::int64_t* index = key.as<std::int64_t>();
  if (index == nullptr) {
    return problem("cannot index slice/array with type " + rules::templates::type_name(key));
  }
  if (*index < 0 || static_cast<std::size_t>(*index) >= size) {
    return problem(fmt::format("index out of range: {}", *index));
  }
  return std::nullopt;
}

// --- lists ---

class Texts final : public DataObject {
 public:
  Texts(std::vector<std::string> texts, std::string type)
      : texts_(std::move(texts)), type_(std::move(type)) {}

  const std::vector<std::string>& texts() const { return texts_; }
  std::string type_name() const override { return type_; }
  bool is_true() const override { return !texts_.empty(); }
  std::string text() const override { return fmt::format("[{}]", fmt::join(texts_, " ")); }
  std::string json() const override {
    std::string out = "[";
    for (const std::string& one : texts_) out += (out.size() > 1 ? "," : "") + go_json_text(one);
    return out + ']';
  }
  Member member(std::string_view name, Args args) const override {
    if (name != "Join" || type_ != "template.Strings") return std::nullopt;
    if (args.size() != 1) return wrong_arguments(name, 1, args);
    const std::string* separator = args[0].as<std::string>();
    if (separator == nullptr) {
      return problem("wrong type for value; expected string; got " +
                     rules::templates::type_name(args[0]));
    }
    return Result<Value>(Value(fmt::format("{}", fmt::join(texts_, *separator))));
  }
  Items items() const override {
    std::vector<Item> all;
    for (std::size_t i = 0; i < texts_.size(); ++i) all.push_back({counted(i), Value(texts_[i])});
    return all;
  }
  std::optional<std::size_t> length() const override { return texts_.size(); }
  Member element(const Value& key) const override {
    if (Member bad = at_index(key, texts_.size())) return bad;
    return Result<Value>(Value(texts_[static_cast<std::size_t>(*key.as<std::int64_t>())]));
  }

 private:
  std::vector<std::string> texts_;
  std::string type_;
};

class List final : public DataObject {
 public:
  List(std::vector<Value> values, std::string type)
      : values_(std::move(values)), type_(std::move(type)) {}

  const std::vector<Value>& values() const { return values_; }
  std::string type_name() const override { return type_; }
  bool is_true() const override { return !values_.empty(); }
  std::string text() const override {
    std::string out = "[";
    for (const Value& one : values_) {
      if (out.size() > 1) out += ' ';
      out += rules::templates::go_sprint({&one, 1});
    }
    return out + ']';
  }
  std::string json() const override {
    std::string out = "[";
    for (const Value& one : values_) {
      const Result<std::string> text = value_json(one);
      out += (out.size() > 1 ? "," : "") + (text.has_value() ? *text : "null");
    }
    return out + ']';
  }
  Member member(std::string_view, Args) const override { return std::nullopt; }
  Items items() const override {
    std::vector<Item> all;
    for (std::size_t i = 0; i < values_.size(); ++i) all.push_back({counted(i), values_[i]});
    return all;
  }
  std::optional<std::size_t> length() const override { return values_.size(); }
  Member element(const Value& key) const override {
    if (Member bad = at_index(key, values_.size())) return bad;
    return Result<Value>(values_[static_cast<std::size_t>(*key.as<std::int64_t>())]);
  }

 private:
  std::vector<Value> values_;
  std::string type_;
};

// --- label maps ---

using PairList = std::vector<std::pair<std::string, std::string>>;

class OnePair final : public DataObject {
 public:
  OnePair(std::string name, std::string value) : name_(std::move(name)), value_(std::move(value)) {}

  std::string type_name() const override { return "template.Pair"; }
  bool is_true() const override { return true; }
  std::string text() const override { return '{' + name_ + ' ' + value_ + '}'; }
  std::string json() const override {
    return "{\"Name\":" + go_json_text(name_) + ",\"Value\":" + go_json_text(value_) + '}';
  }
  Member member(std::string_view name, Args args) const override {
    if (name == "Name") return field(name_, name, args);
    if (name == "Value") return field(value_, name, args);
    return std::nullopt;
  }

 private:
  std::string name_;
  std::string value_;
};

std::string pairs_text(const PairList& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += ", ";
    out += name + '=' + value;
  }
  return out;
}

ObjectPtr pair_names(const PairList& pairs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : pairs) names.push_back(name);
  return make_texts(std::move(names), "template.Strings");
}
ObjectPtr pair_values(const PairList& pairs) {
  std::vector<std::string> values;
  for (const auto& [name, value] : pairs) values.push_back(value);
  return make_texts(std::move(values), "template.Strings");
}

class Pairs final : public DataObject {
 public:
  explicit Pairs(PairList pairs) : pairs_(std::move(pairs)) {}

  std::string type_name() const override { return "template.Pairs"; }
  bool is_true() const override { return !pairs_.empty(); }
  std::string text() const override { return pairs_text(pairs_); }
  std::string json() const override {
    std::string out = "[";
    for (const auto& [name, value] : pairs_) {
      out += (out.size() > 1 ? "," : "") + OnePair(name, value).json();
    }
    return out + ']';
  }
  Member member(std::string_view name, Args args) const override {
    if (name != "Names" && name != "Values" && name != "String") return std::nullopt;
    if (!args.empty()) return wrong_arguments(name, 0, args);
    if (name == "Names") return Result<Value>(pair_names(pairs_));
    if (name == "Values") return Result<Value>(pair_values(pairs_));
    return Result<Value>(Value(text()));
  }
  Items items() const override {
    std::vector<Item> all;
    for (std::size_t i = 0; i < pairs_.size(); ++i) all.push_back({counted(i), pair_at(i)});
    return all;
  }
  std::optional<std::size_t> length() const override { return pairs_.size(); }
  Member element(const Value& key) const override {
    if (Member bad = at_index(key, pairs_.size())) return bad;
    return Result<Value>(pair_at(static_cast<std::size_t>(*key.as<std::int64_t>())));
  }

 private:
  Value pair_at(std::size_t i) const {
    return ObjectPtr(std::make_shared<OnePair>(pairs_[i].first, pairs_[i].second));
  }

  PairList pairs_;
};

class Kv final : public DataObject {
 public:
  explicit Kv(std::map<std::string, std::string> map) : map_(std::move(map)) {}

  std::string type_name() const override { return "template.KV"; }
  bool is_true() const override { return !map_.empty(); }
  std::string text() const override { return pairs_text(sorted()); }
  std::string json() const override {
    std::string out = "{";
    for (const auto& [name, value] : map_) {
      out += (out.size() > 1 ? "," : "") + go_json_text(name) + ':' + go_json_text(value);
    }
    return out + '}';
  }
  /// Methods come before entries of the same name.
  Member member(std::string_view name, Args args) const override {
    if (name == "Remove") return remove(args);
    if (name == "SortedPairs" || name == "Names" || name == "Values" || name == "String") {
      if (!args.empty()) return wrong_arguments(name, 0, args);
      if (name == "SortedPairs") return Result<Value>(ObjectPtr(std::make_shared<Pairs>(sorted())));
      if (name == "Names") return Result<Value>(pair_names(sorted()));
      if (name == "Values") return Result<Value>(pair_values(sorted()));
      return Result<Value>(Value(text()));
    }
    if (!args.empty()) return problem(std::string(name) + " is not a method but has arguments");
    return Result<Value>(entry(std::string(name)));
  }
  Items items() const override {
    std::vector<Item> all;
    for (const auto& [name, value] : map_) all.push_back({Value(name), Value(value)});
    return all;
  }
  std::optional<std::size_t> length() const override { return map_.size(); }
  Member element(const Value& key) const override {
    const std::string* name = key.as<std::string>();
    if (name == nullptr) {
      return problem("value has type " + rules::templates::type_name(key) + "; should be string");
    }
    return Result<Value>(entry(*name));
  }

 private:
  Value entry(const std::string& name) const {
    const auto it = map_.find(name);
    return Value(it == map_.end() ? std::string() : it->second);
  }
  /// alertname first, then by name.
  PairList sorted() const {
    PairList pairs(map_.begin(), map_.end());
    std::stable_partition(pairs.begin(), pairs.end(),
                          [](const auto& pair) { return pair.first == "alertname"; });
    return pairs;
  }
  Member remove(Args args) const {
    if (args.size() != 1) return wrong_arguments("Remove", 1, args);
    const std::vector<std::string>* names = texts_in(args[0]);
    if (names == nullptr) {
      return problem("wrong type for value; expected []string; got " +
                     rules::templates::type_name(args[0]));
    }
    std::map<std::string, std::string> left = map_;
    for (const std::string& name : *names) left.erase(name);
    return Result<Value>(make_kv(std::move(left)));
  }

  std::map<std::string, std::string> map_;
};

// --- alerts ---

class AlertObject final : public DataObject {
 public:
  explicit AlertObject(const NotifiedAlert& alert) {
    status_ = alert.firing() ? "firing" : "resolved";
    std::map<std::string, std::string> labels;
    for (const LabelView label : alert.labels) labels.emplace(label.name, label.value);
    labels_ = make_kv(std::move(labels));
    annotations_ = make_kv(alert.text->annotations);
    starts_at_.at = alert.starts_at;
    ends_at_.at = alert.ends_at.value_or(kNoTime);
    generator_url_ = alert.text->generator_url;
    fingerprint_ = fingerprint_text(alert.fingerprint);
  }

  bool firing() const { return status_ == "firing"; }
  std::string type_name() const override { return "template.Alert"; }
  bool is_true() const override { return true; }
  std::string text() const override {
    const Value starts = starts_at_;
    const Value ends = ends_at_;
    return fmt::format("{{{} {} {} {} {} {} {}}}", status_, labels_->text(), annotations_->text(),
                       rules::templates::go_sprint({&starts, 1}),
                       rules::templates::go_sprint({&ends, 1}), generator_url_, fingerprint_);
  }
  std::string json() const override {
    return "{\"status\":" + go_json_text(status_) + ",\"labels\":" + *value_json(labels_) +
           ",\"annotations\":" + *value_json(annotations_) +
           ",\"startsAt\":" + *value_json(starts_at_) + ",\"endsAt\":" + *value_json(ends_at_) +
           ",\"generatorURL\":" + go_json_text(generator_url_) +
           ",\"fingerprint\":" + go_json_text(fingerprint_) + '}';
  }
  Member member(std::string_view name, Args args) const override {
    if (name == "Status") return field(status_, name, args);
    if (name == "Labels") return field(labels_, name, args);
    if (name == "Annotations") return field(annotations_, name, args);
    if (name == "StartsAt") return field(starts_at_, name, args);
    if (name == "EndsAt") return field(ends_at_, name, args);
    if (name == "GeneratorURL") return field(generator_url_, name, args);
    if (name == "Fingerprint") return field(fingerprint_, name, args);
    return std::nullopt;
  }

 private:
  std::string status_;
  ObjectPtr labels_;
  ObjectPtr annotations_;
  GoTime starts_at_;
  GoTime ends_at_;
  std::string generator_url_;
  std::string fingerprint_;
};

using AlertPtr = std::shared_ptr<const AlertObject>;

/// template.Alerts, or the []template.Alert that its methods return.
class AlertList final : public DataObject {
 public:
  AlertList(std::vector<AlertPtr> alerts, bool has_methods)
      : alerts_(std::move(alerts)), has_methods_(has_methods) {}

  std::string type_name() const override {
    return has_methods_ ? "template.Alerts" : "[]template.Alert";
  }
  bool is_true() const override { return !alerts_.empty(); }
  std::string text() const override {
    std::string out = "[";
    for (const AlertPtr& alert : alerts_) out += (out.size() > 1 ? " " : "") + alert->text();
    return out + ']';
  }
  std::string json() const override {
    std::string out = "[";
    for (const AlertPtr& alert : alerts_) out += (out.size() > 1 ? "," : "") + alert->json();
    return out + ']';
  }
  Member member(std::string_view name, Args args) const override {
    if (!has_methods_ || (name != "Firing" && name != "Resolved")) return std::nullopt;
    if (!args.empty()) return wrong_arguments(name, 0, args);
    std::vector<AlertPtr> some;
    std::copy_if(alerts_.begin(), alerts_.end(), std::back_inserter(some),
                 [&](const AlertPtr& alert) { return alert->firing() == (name == "Firing"); });
    return Result<Value>(ObjectPtr(std::make_shared<AlertList>(std::move(some), false)));
  }
  Items items() const override {
    std::vector<Item> all;
    for (std::size_t i = 0; i < alerts_.size(); ++i) {
      all.push_back({counted(i), Value(ObjectPtr(alerts_[i]))});
    }
    return all;
  }
  std::optional<std::size_t> length() const override { return alerts_.size(); }
  Member element(const Value& key) const override {
    if (Member bad = at_index(key, alerts_.size())) return bad;
    return Result<Value>(
        Value(ObjectPtr(alerts_[static_cast<std::size_t>(*key.as<std::int64_t>())])));
  }

 private:
  std::vector<AlertPtr> alerts_;
  bool has_methods_;
};

class Message final : public DataObject {
 public:
  explicit Message(const MessageData& data) {
    std::vector<AlertPtr> alerts;
    for (const NotifiedAlert& alert : data.alerts) {
      alerts.push_back(std::make_shared<AlertObject>(alert));
    }
    // In the order in which Go has them, for JSON.
    fields_ = {
        {"Receiver", "receiver", data.receiver},
        {"Status", "status", data.status},
        {"Alerts", "alerts", ObjectPtr(std::make_shared<AlertList>(std::move(alerts), true))},
        {"NotificationReason", "notification_reason", data.reason},
        {"GroupLabels", "groupLabels", make_kv(data.group_labels)},
        {"CommonLabels", "commonLabels", make_kv(data.common_labels)},
        {"CommonAnnotations", "commonAnnotations", make_kv(data.common_annotations)},
        {"RouteLabels", "routeLabels", make_kv(data.route_labels)},
        {"ExternalURL", "externalURL", data.external_url}};
  }

  std::string type_name() const override { return "*template.Data"; }
  bool is_true() const override { return true; }
  std::string text() const override {
    std::string out = "&{";
    for (const Field& one : fields_) {
      if (out.size() > 2) out += ' ';
      out += rules::templates::go_sprint({&one.value, 1});
    }
    return out + " true}";
  }
  std::string json() const override {
    std::string out = "{";
    for (const Field& one : fields_) {
      out += (out.size() > 1 ? ",\"" : "\"") + std::string(one.json_name) +
             "\":" + *value_json(one.value);
    }
    return out + '}';
  }
  Member member(std::string_view name, Args args) const override {
    const auto it = std::find_if(fields_.begin(), fields_.end(),
                                 [&](const Field& one) { return one.name == name; });
    if (it == fields_.end()) return std::nullopt;
    return field(it->value, name, args);
  }

 private:
  struct Field {
    std::string_view name;
    std::string_view json_name;
    Value value;
  };
  std::vector<Field> fields_;
};

std::string arguments_json(const Arguments& map) {
  std::string out = "{";
  for (const auto& [name, value] : *map) {
    const Result<std::string> text = value_json(value);
    out += (out.size() > 1 ? "," : "") + go_json_text(name) + ':' +
           (text.has_value() ? *text : "null");
  }
  return out + '}';
}

}  // namespace

Result<std::string> value_json(const Value& value) {
  if (value.is_nil()) return std::string("null");
  if (const bool* flag = value.as<bool>()) return std::string(*flag ? "true" : "false");
  if (value.as<std::int64_t>() != nullptr || value.as<double>() != nullptr) {
    return rules::templates::go_sprint({&value, 1});
  }
  if (const std::string* text = value.as<std::string>()) return go_json_text(*text);
  if (const Html* html = value.as<Html>()) return go_json_text(html->text);
  if (const SafeUrl* url = value.as<SafeUrl>()) return go_json_text(url->text);
  if (const GoTime* time = value.as<GoTime>()) {
    return go_json_text(rules::go_time_format(time->at, "2006-01-02T15:04:05.999999999Z07:00",
                                              {time->offset, time->zone}));
  }
  if (const GoDuration* length = value.as<GoDuration>()) {
    return std::to_string(length->length.count());
  }
  if (const Arguments* map = value.as<Arguments>()) return arguments_json(*map);
  if (const ObjectPtr* object = value.as<ObjectPtr>()) {
    if (const auto* data = dynamic_cast<const DataObject*>(object->get())) return data->json();
  }
  return problem("json: unsupported type: " + rules::templates::type_name(value));
}

ObjectPtr make_kv(std::map<std::string, std::string> map) {
  return std::make_shared<Kv>(std::move(map));
}
ObjectPtr make_texts(std::vector<std::string> texts, std::string type) {
  return std::make_shared<Texts>(std::move(texts), std::move(type));
}
ObjectPtr make_list(std::vector<Value> items) {
  return std::make_shared<List>(std::move(items), "[]interface {}");
}
ObjectPtr make_data(const MessageData& data) {
  return std::make_shared<Message>(data);
}

const std::vector<std::string>* texts_in(const Value& value) {
  const ObjectPtr* object = value.as<ObjectPtr>();
  const auto* texts = object == nullptr ? nullptr : dynamic_cast<const Texts*>(object->get());
  return texts == nullptr ? nullptr : &texts->texts();
}
const std::vector<Value>* list_in(const Value& value) {
  const ObjectPtr* object = value.as<ObjectPtr>();
  const auto* list = object == nullptr ? nullptr : dynamic_cast<const List*>(object->get());
  return list == nullptr ? nullptr : &list->values();
}

}  // namespace tocsin::alerting
