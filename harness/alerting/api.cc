#include "harness/alerting/api.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/alerting/matchers.h"
#include "harness/base/regex.h"

namespace tocsin::alerting {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBase = "/api/v2";

ApiAnswer answer_json(const Json& json, int code = 200) {
  return {code, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}
/// Handlers complain with a text, the layer below them with an object.
ApiAnswer complain_text(const std::string& message, int code = 400) {
  return answer_json(message, code);
}
ApiAnswer complain_object(int status, int code, const std::string& message) {
  return answer_json({{"code", code}, {"message", message}}, status);
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

/// A query's parameters; some may come several times.
class Query {
 public:
  explicit Query(std::string_view text) {
    while (!text.empty()) {
      const std::string_view one = text.substr(0, text.find('&'));
      text.remove_prefix(std::min(one.size() + 1, text.size()));
      const std::size_t equals = std::min(one.find('='), one.size());
      values_.emplace_back(percent_decoded(one.substr(0, equals)),
                           percent_decoded(one.substr(std::min(equals + 1, one.size()))));
    }
  }

  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [key, value] : values_) {
      if (key == name) found.push_back(value);
    }
    return found;
  }
  std::optional<std::string> last(std::string_view name) const {
    const std::vector<std::string> found = all(name);
    return found.empty() ? std::nullopt : std::optional(found.back());
  }
  /// What cannot be read is false, and nobody complains.
  bool flag(std::string_view name) const {
    const std::optional<std::string> value = last(name);
    if (!value) return true;
    constexpr std::string_view kTrue[] = {"true", "1",        "yes",     "ok", "y",
                                          "on",   "selected", "checked", "t",  "enabled"};
    return std::find(std::begin(kTrue), std::end(kTrue), *value) != std::end(kTrue);
  }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

Result<Matchers> filters(const Query& query, std::string_view name) {
  Matchers matchers;
  for (const std::string& text : query.all(name)) {
    TRY(Matcher matcher, parse_matcher(text));
    matchers.push_back(std::move(matcher));
  }
  return matchers;
}

/// An empty value asks whether a label is there at all.
bool matches_filters(const Matchers& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    const std::string_view value = labels.get(matcher.name());
    const bool negative = matcher.op() == MatchOp::kNotEqual || matcher.op() == MatchOp::kNotRegex;
    if (matcher.value().empty() && negative != value.empty()) return true;
    return matcher.matches(value);
  });
}

template <class Map>
Json text_map(const Map& map) {
  Json json = Json::object();
  for (const auto& [name, value] : map) json[std::string(name)] = std::string(value);
  return json;
}

Json alert_json(const AlertStatus& alert) {
  Json receivers = Json::array();
  for (const std::string& name : alert.receivers) receivers.push_back({{"name", name}});
  Json inhibited = Json::array();
  if (alert.inhibited_by) inhibited.push_back(fingerprint_text(*alert.inhibited_by));
  const bool suppressed = !alert.silenced_by.empty() || alert.inhibited_by;
  return {{"annotations", text_map(alert.text->annotations)},
          {"endsAt", api_time(alert.ends_at)},
          {"fingerprint", fingerprint_text(alert.fingerprint)},
          {"receivers", receivers},
          {"startsAt", api_time(alert.starts_at)},
          {"status",
           {{"inhibitedBy", inhibited},
            {"mutedBy", alert.muted_by},
            {"silencedBy", alert.silenced_by},
            {"state", suppressed ? "suppressed" : "active"}}},
          {"updatedAt", api_time(alert.updated_at)},
          {"generatorURL", alert.text->generator_url},
          {"labels", text_map(alert.labels)}};
}

Json silence_json(const Silence& silence, Timestamp now) {
  Json matchers = Json::array();
  for (const Matcher& matcher : silence.matchers) {
    const bool regex = matcher.op() == MatchOp::kRegex || matcher.op() == MatchOp::kNotRegex;
    const bool equal = matcher.op() == MatchOp::kEqual || matcher.op() == MatchOp::kRegex;
    matchers.push_back({{"isEqual", equal},
                        {"isRegex", regex},
                        {"name", matcher.name()},
                        {"value", matcher.value()}});
  }
  Json json = {{"id", silence.id},
               {"status", {{"state", to_string(silence.state_at(now))}}},
               {"updatedAt", api_time(silence.updated_at)},
               {"comment", silence.comment},
               {"createdBy", silence.created_by},
               {"endsAt", api_time(silence.ends_at)},
               {"matchers", matchers},
               {"startsAt", api_time(silence.starts_at)}};
  if (!silence.annotations.empty()) json["annotations"] = text_map(silence.annotations);
  return json;
}

// --- reading bodies ---

/// What the API's schema says against a body.
struct SchemaProblem {
  int status = 422;
  int code = 602;
  std::string message;
};

template <class T>
using Read = boost::system::result<T, SchemaProblem>;

SchemaProblem unreadable(const std::string& what, const std::string& why) {
  return {400, 400, fmt::format("parsing {} body from \"\" failed, because {}", what, why)};
}

/// Null stands for nothing; the year 1 for no time.
Read<std::optional<Timestamp>> read_time(const Json& json, const std::string& key,
                                         const std::string& what) {
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return std::optional<Timestamp>();
  if (!it->is_string()) return unreadable(what, key + " is no text");
  const std::string text = it->get<std::string>();
  if (text.empty() || text.starts_with("0001-01-01")) return std::optional<Timestamp>();
  const Result<Timestamp> at = parse_rfc3339(text);
  if (at.has_error()) return unreadable(what, "it is not a valid date-time: " + text);
  return std::optional(*at);
}

Read<std::map<std::string, std::string>> read_texts(const Json& json, const std::string& key,
                                                    const std::string& what) {
  std::map<std::string, std::string> texts;
  const auto it = json.find(key);
  if (it == json.end() || it->is_null()) return texts;
  if (!it->is_object()) return unreadable(what, key + " is no object");
  for (const auto& [name, value] : it->items()) {
    if (!value.is_string()) return unreadable(what, key + "." + name + " is no text");
    texts[name] = value.get<std::string>();
  }
  return texts;
}

std::string text_in(const Json& json, const std::string& key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : "";
}

Read<PostedAlert> read_alert(const Json& json, std::size_t index) {
  if (!json.is_object()) return unreadable("alerts", "an alert is no object");
  const auto labels = json.find("labels");
  if (labels == json.end() || labels->is_null()) {
    return SchemaProblem{422, 602, fmt::format("{}.labels in body is required", index)};
  }
  PostedAlert alert;
  TRY(const auto names, read_texts(json, "labels", "alerts"));
  std::vector<LabelView> views;
  for (const auto& [name, value] : names) views.push_back({name, value});
  alert.labels = Labels::from(views);
  AlertText text;
  TRY(text.annotations, read_texts(json, "annotations", "alerts"));
  text.generator_url = text_in(json, "generatorURL");
  if (text.generator_url.find_first_of(" \t\n") != std::string::npos) {
    return SchemaProblem{422, 601,
                         fmt::format("{}.generatorURL in body must be of type uri: \"{}\"", index,
                                     text.generator_url)};
  }
  alert.text = std::make_shared<const AlertText>(std::move(text));
  TRY(alert.starts_at, read_time(json, "startsAt", "alerts"));
  TRY(alert.ends_at, read_time(json, "endsAt", "alerts"));
  return alert;
}

Result<Matcher> read_matcher(const Json& json) {
  const auto flag = [&](const char* key, bool otherwise) {
    const auto it = json.find(key);
    return it != json.end() && it->is_boolean() ? it->get<bool>() : otherwise;
  };
  const bool equal = flag("isEqual", true);
  const bool regex = flag("isRegex", false);
  const MatchOp op = regex ? (equal ? MatchOp::kRegex : MatchOp::kNotRegex)
                           : (equal ? MatchOp::kEqual : MatchOp::kNotEqual);
  return Matcher::make(op, text_in(json, "name"), text_in(json, "value"));
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
      return false;
  }
  return true;
}

// --- the calls ---

class Call {
 public:
  Call(Engine& engine, std::string_view query, std::string_view body, std::string_view type)
      : engine_(engine), query_(query), body_(body), type_(type) {}

  ApiAnswer get_status() const {
    const std::string original = masked_yaml(engine_.config());
    return answer_json({{"cluster", {{"peers", Json::array()}, {"status", "disabled"}}},
                        {"config", {{"original", original}}},
                        {"uptime", api_time(engine_.now())},
                        {"versionInfo",
                         {{"branch", ""},
                          {"buildDate", ""},
                          {"buildUser", ""},
                          {"goVersion", ""},
                          {"revision", ""},
                          {"version", "0.34.0"}}}});
  }

  ApiAnswer get_receivers() const {
    Json json = Json::array();
    const Result<Matchers> wanted = filters(query_, "receiver_matchers");
    if (wanted.has_error()) {
      return complain_text("failed to parse receiver_matchers param: " + wanted.error().message);
    }
    for (const Receiver& receiver : engine_.config().receivers) {
      if (!matches_filters(*wanted, labels_of(receiver))) continue;
      json.push_back({{"labels", text_map(receiver.labels)}, {"name", receiver.name}});
    }
    return answer_json(json);
  }

  ApiAnswer get_alerts() const {
    ApiAnswer refusal;
    const std::optional<Choice> choice = read_choice(refusal);
    if (!choice) return refusal;
    Json json = Json::array();
    for (const AlertStatus& alert : engine_.alerts()) {
      const bool receiver =
          std::any_of(alert.receivers.begin(), alert.receivers.end(),
                      [&](const std::string& name) { return choice->takes_receiver(name); });
      if (receiver && choice->takes(alert)) json.push_back(alert_json(alert));
    }
    return answer_json(json);
  }

  ApiAnswer get_groups() const {
    ApiAnswer refusal;
    const std::optional<Choice> choice = read_choice(refusal);
    if (!choice) return refusal;
    Json json = Json::array();
    for (const GroupStatus& group : engine_.groups()) {
      if (!choice->takes_receiver(group.receiver)) continue;
      if (!query_.flag("muted") && !group.muted_by.empty()) continue;
      Json alerts = Json::array();
      for (const AlertStatus& alert : group.alerts) {
        if (choice->takes(alert)) alerts.push_back(alert_json(alert));
      }
      if (alerts.empty()) continue;
      json.push_back({{"alerts", alerts},
                      {"labels", text_map(group.labels)},
                      {"receiver", {{"name", group.receiver}}},
                      {"routeLabels", text_map(group.route_labels)}});
    }
    return answer_json(json);
  }

  ApiAnswer post_alerts() const {
    Json json;
    if (const auto problem = parse_body("alerts", json)) return *problem;
    if (!json.is_array()) return complain(unreadable("alerts", "it is no list"));
    std::vector<PostedAlert> alerts;
    for (std::size_t i = 0; i < json.size(); ++i) {
      Read<PostedAlert> alert = read_alert(json[i], i);
      if (alert.has_error()) return complain(alert.error());
      alerts.push_back(std::move(*alert));
    }
    const std::vector<std::string> refusals = engine_.post(alerts);
    if (refusals.empty()) return {200, ""};
    return complain_text(fmt::format("{}", fmt::join(refusals, "\n")));
  }

  ApiAnswer get_silences() const {
    const Result<Matchers> wanted = filters(query_, "filter");
    if (wanted.has_error()) return complain_text(wanted.error().message);
    const Timestamp now = engine_.now();
    std::vector<const Silence*> found;
    for (const Silence& silence : engine_.silences().all()) {
      const bool in_state = query_.flag(to_string(silence.state_at(now)));
      const bool all = std::all_of(wanted->begin(), wanted->end(), [&](const Matcher& one) {
        return std::find(silence.matchers.begin(), silence.matchers.end(), one) !=
               silence.matchers.end();
      });
      if (in_state && all) found.push_back(&silence);
    }
    std::stable_sort(found.begin(), found.end(), [&](const Silence* a, const Silence* b) {
      return order_of(*a, now) < order_of(*b, now);
    });
    Json json = Json::array();
    for (const Silence* silence : found) json.push_back(silence_json(*silence, now));
    return answer_json(json);
  }

  ApiAnswer get_silence(const std::string& id) const {
    if (!is_uuid(id)) return no_uuid(id);
    const Silence* silence = engine_.silences().find(id);
    if (silence == nullptr) return {404, ""};
    return answer_json(silence_json(*silence, engine_.now()));
  }

  ApiAnswer delete_silence(const std::string& id) const {
    if (!is_uuid(id)) return no_uuid(id);
    return {engine_.silences().expire(id, engine_.now()) ? 200 : 404, ""};
  }

  ApiAnswer post_silences() const {
    Json json;
    if (const auto problem = parse_body("silence", json)) return *problem;
    if (!json.is_object()) return complain(unreadable("silence", "it is no object"));
    for (const char* key : {"comment", "createdBy", "endsAt", "matchers", "startsAt"}) {
      if (json.contains(key) && !json[key].is_null()) continue;
      return complain_object(422, 602, fmt::format("silence.{} in body is required", key));
    }
    if (!json["matchers"].is_array() || json["matchers"].empty()) {
      return complain_object(422, 612, "silence.matchers in body should have at least 1 items");
    }
    Silence silence;
    silence.id = text_in(json, "id");
    silence.comment = text_in(json, "comment");
    silence.created_by = text_in(json, "createdBy");
    for (std::size_t i = 0; i < json["matchers"].size(); ++i) {
      const Json& one = json["matchers"][i];
      for (const char* key : {"isRegex", "name", "value"}) {
        if (one.is_object() && one.contains(key)) continue;
        return complain_object(422, 602,
                               fmt::format("silence.matchers.{}.{} in body is required", i, key));
      }
      Result<Matcher> matcher = read_matcher(one);
      if (matcher.has_error()) {
        return complain_text(fmt::format("invalid silence: invalid label matcher {} in set 0: {}",
                                         i, matcher.error().message));
      }
      silence.matchers.push_back(std::move(*matcher));
    }
    return finish_silence(std::move(silence), json);
  }

 private:
  /// Which alerts a query asks for.
  struct Choice {
    Matchers matchers;
    std::optional<Regex> receiver;
    Matchers receiver_matchers;
    const Config* config = nullptr;
    bool active = true;
    bool silenced = true;
    bool inhibited = true;

    bool takes(const AlertStatus& alert) const {
      const bool is_silenced = !alert.silenced_by.empty();
      const bool is_inhibited = alert.inhibited_by.has_value();
      if (!active && !is_silenced && !is_inhibited) return false;
      if ((!silenced && is_silenced) || (!inhibited && is_inhibited)) return false;
      return matches_filters(matchers, alert.labels);
    }
    bool takes_receiver(const std::string& name) const {
      if (receiver && !receiver->matches(name)) return false;
      if (receiver_matchers.empty()) return true;
      const Receiver* found = config->find_receiver(name);
      return found != nullptr && matches_filters(receiver_matchers, labels_of(*found));
    }
  };

  std::optional<Choice> read_choice(ApiAnswer& refusal) const {
    Choice choice;
    choice.config = &engine_.config();
    Result<Matchers> matchers = filters(query_, "filter");
    if (matchers.has_error()) {
      refusal = complain_text(matchers.error().message);
      return std::nullopt;
    }
    choice.matchers = std::move(*matchers);
    if (const auto pattern = query_.last("receiver")) {
      Result<Regex> regex = Regex::compile(*pattern);
      if (regex.has_error()) {
        refusal = complain_text("failed to parse receiver param: error parsing regexp: " +
                                regex.error().message + ": `^(?:" + *pattern + ")$`");
        return std::nullopt;
      }
      choice.receiver = std::move(*regex);
    }
    Result<Matchers> receivers = filters(query_, "receiver_matchers");
    if (receivers.has_error()) {
      refusal =
          complain_text("failed to parse receiver_matchers param: " + receivers.error().message);
      return std::nullopt;
    }
    choice.receiver_matchers = std::move(*receivers);
    choice.active = query_.flag("active");
    choice.silenced = query_.flag("silenced");
    choice.inhibited = query_.flag("inhibited");
    return choice;
  }

  static Labels labels_of(const Receiver& receiver) {
    std::vector<LabelView> views;
    for (const auto& [name, value] : receiver.labels) views.push_back({name, value});
    return Labels::from(views);
  }

  /// The first that ends, the first that begins, the last that ended.
  static std::pair<int, std::int64_t> order_of(const Silence& silence, Timestamp now) {
    switch (silence.state_at(now)) {
      case SilenceState::kActive:
        return {1, to_ms(silence.ends_at)};
      case SilenceState::kPending:
        return {2, to_ms(silence.starts_at)};
      case SilenceState::kExpired:
        break;
    }
    return {3, -to_ms(silence.ends_at)};
  }

  std::optional<ApiAnswer> parse_body(const std::string& what, Json& json) const {
    if (!type_.starts_with("application/json")) {
      return complain_object(
          415, 415,
          fmt::format("unsupported media type \"{}\", only [application/json] are allowed", type_));
    }
    if (body_.size() > kLargestApiBody) return complain(unreadable(what, "it is too long"));
    json = Json::parse(body_, nullptr, false);
    if (json.is_discarded()) return complain(unreadable(what, "it is not valid JSON"));
    return std::nullopt;
  }

  static ApiAnswer complain(const SchemaProblem& problem) {
    return complain_object(problem.status, problem.code, problem.message);
  }
  static ApiAnswer no_uuid(const std::string& id) {
    return complain_object(422, 601,
                           fmt::format("silenceID in path must be of type uuid: \"{}\"", id));
  }

  ApiAnswer finish_silence(Silence silence, const Json& json) const {
    const auto annotations = read_texts(json, "annotations", "silence");
    if (annotations.has_error()) return complain(annotations.error());
    silence.annotations = *annotations;
    const auto starts = read_time(json, "startsAt", "silence");
    if (starts.has_error()) return complain(starts.error());
    const auto ends = read_time(json, "endsAt", "silence");
    if (ends.has_error()) return complain(ends.error());
    silence.starts_at = starts->value_or(engine_.now());
    silence.ends_at = ends->value_or(Timestamp());
    const auto id = engine_.silences().set(std::move(silence), engine_.now());
    if (id.has_value()) return answer_json({{"silenceID", *id}});
    return complain_text(id.error().message, id.error().unknown_id ? 404 : 400);
  }

  Engine& engine_;
  Query query_;
  std::string_view body_;
  std::string_view type_;
};

}  // namespace

std::string api_time(Timestamp at) {
  std::string text = format_rfc3339(at);
  if (text.find('.') == std::string::npos) text.insert(text.size() - 1, ".000");
  return text;
}

ApiAnswer Api::handle(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view content_type) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  const std::string_view path = target.substr(0, mark);
  const Call call(engine_, target.substr(std::min(mark + 1, target.size())), body, content_type);
  if (path == "/-/healthy" || path == "/-/ready") return {200, "OK"};
  const auto missing = [&] {
    return complain_object(404, 404, fmt::format("path {} was not found", path));
  };
  if (!path.starts_with(kBase)) return missing();
  const std::string_view name = path.substr(kBase.size());
  const bool get = method == "GET" || method == "HEAD";
  const bool post = method == "POST";
  if (name == "/status" && get) return call.get_status();
  if (name == "/receivers" && get) return call.get_receivers();
  if (name == "/alerts" && get) return call.get_alerts();
  if (name == "/alerts" && post) return call.post_alerts();
  if (name == "/alerts/groups" && get) return call.get_groups();
  if (name == "/silences" && get) return call.get_silences();
  if (name == "/silences" && post) return call.post_silences();
  constexpr std::string_view kSilence = "/silence/";
  if (name.starts_with(kSilence)) {
    const std::string id = percent_decoded(name.substr(kSilence.size()));
    if (get) return call.get_silence(id);
    if (method == "DELETE") return call.delete_silence(id);
  }
  for (const std::string_view known :
       {"/status", "/receivers", "/alerts", "/alerts/groups", "/silences"}) {
    if (name != known) continue;
    return complain_object(405, 405, fmt::format("method {} is not allowed", method));
  }
  return missing();
}

}  // namespace tocsin::alerting
