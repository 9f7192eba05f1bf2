#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/alerting/api.h"
#include "harness/alerting/engine.h"
#include "harness/alerting/schema.h"
#include "harness/routetest/api_checks.h"
#include "harness/routetest/case_reader.h"
#include "harness/routetest/sinks.h"

/// A case with a clock: alerts, silences and reloads at their times, what the API says, and what
/// arrives at the receivers.

namespace tocsin::routetest {
namespace {

using Json = nlohmann::ordered_json;

/// When cases happen; a Sunday.
const Timestamp kBegin = from_ms(1'795'320'000'000);
constexpr Duration kTolerance = std::chrono::milliseconds(150);
/// A tick each millisecond for a year would not end.
constexpr std::size_t kMostEvents = 2'000'000;
constexpr Duration kLongestCase = std::chrono::hours(24 * 400);

std::string offset_text(Duration at) {
  return fmt::format("{}s", static_cast<double>(at.count()) / 1000.0);
}

class Timeline {
 public:
  Timeline(const yaml::Node& node, const yaml::Node* defaults, CaseBuilder& result)
      : node_(node), result_(result), sinks_(kBegin) {
    if (defaults != nullptr) read_defaults(*defaults);
  }

  void run() {
    if (!read_flags() || !start()) return;
    run_steps();
    if (const auto until = result_.seconds(node_, "until"); until && !advance(node_, *until))
      return;
    const auto expectations = alerting::items_of(node_, "expect");
    for (const yaml::NodePtr& expected : expectations) claim(*expected);
    if (exact_) complain_of_unclaimed();
  }

 private:
  // --- setting up ---

  void read_defaults(const yaml::Node& defaults) {
    if (const auto tolerance = result_.seconds(defaults, "tolerance")) tolerance_ = *tolerance;
    exact_ = alerting::flag_of(defaults, "exact").value_or(true);
  }

  bool read_flags() {
    if (const auto tolerance = result_.seconds(node_, "tolerance")) tolerance_ = *tolerance;
    options_.start = kBegin;
    for (const yaml::NodePtr& flag : alerting::items_of(node_, "flags")) {
      const std::size_t equals = std::min(flag->text.find('='), flag->text.size());
      const std::string name = flag->text.substr(0, equals);
      const std::string value = flag->text.substr(std::min(equals + 1, flag->text.size()));
      const std::map<std::string, Duration*> durations = {
          {"--dispatch.start-delay", &options_.start_delay},
          {"--data.retention", &options_.retention},
          {"--alerts.gc-interval", &options_.alert_gc},
          {"--data.maintenance-interval", &options_.maintenance}};
      const auto known = durations.find(name);
      if (name == "--cluster.listen-address" || name == "--log.level") continue;
      if (known == durations.end()) {
        result_.skip("flag " + flag->text + " is not modelled");
        return false;
      }
      const Result<Duration> length = alerting::parse_model_duration(value);
      if (length.has_error()) {
        result_.fail(*flag, length.error().message);
        return false;
      }
      *known->second = *length;
    }
    return true;
  }

  std::shared_ptr<const alerting::Config> read_config(const yaml::Node& node) {
    std::vector<Error> errors;
    const std::string text = node.is_scalar() ? node.text : yaml_text(node);
    auto config = embedded_config(node, sinks_.with_addresses(text), errors);
    for (const Error& error : errors) result_.fail(error);
    return errors.empty() ? config : nullptr;
  }

  void read_sinks() {
    const yaml::Node* sinks = alerting::find_value(node_, "sinks");
    if (sinks == nullptr || !sinks->is_map()) return;
    for (const auto& [key, value] : sinks->entries) {
      if (!result_.expect_keys(
              *value,
              {"ignore_until", "slow_until", "slow_by", "status_until", "status", "fail_window"},
              "a sink")) {
        continue;
      }
      SinkScript script;
      script.ignore_until = result_.seconds(*value, "ignore_until");
      script.slow_until = result_.seconds(*value, "slow_until");
      script.slow_by = result_.seconds(*value, "slow_by").value_or(Duration(0));
      script.status_until = result_.seconds(*value, "status_until");
      script.status = static_cast<int>(result_.integer(*value, "status").value_or(500));
      script.fail_window = window_of(*value, "fail_window");
      sinks_.set_script(key->text, script);
    }
  }

  std::optional<std::pair<Duration, Duration>> window_of(const yaml::Node& map,
                                                         std::string_view key) {
    const auto items = alerting::items_of(map, key);
    if (items.empty()) return std::nullopt;
    if (items.size() != 2) {
      result_.fail(map, fmt::format("{} must be two times", key));
      return std::nullopt;
    }
    std::vector<Duration> ends;
    for (const yaml::NodePtr& item : items) {
      const Result<double> seconds = number(item->text);
      if (seconds.has_error()) {
        result_.fail(*item, seconds.error().message);
        return std::nullopt;
      }
      ends.push_back(Duration(std::llround(*seconds * 1000)));
    }
    return std::pair(ends[0], ends[1]);
  }

  static Result<double> number(const std::string& text) {
    std::size_t used = 0;
    double value = 0;
    try {
      value = std::stod(text, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used == 0 || used != text.size()) return input_error({}, "not a number: " + text);
    return value;
  }

  bool start() {
    const yaml::Node* written = alerting::find_value(node_, "config");
    if (written == nullptr) {
      result_.fail(node_, "the case has no config");
      return false;
    }
    read_sinks();
    auto config = read_config(*written);
    if (!config || !result_.good()) return false;
    engine_ = std::make_unique<alerting::Engine>(std::move(config), options_, sinks_);
    api_ = std::make_unique<alerting::Api>(*engine_);
    return true;
  }

  // --- steps ---

  bool advance(const yaml::Node& node, Duration to) {
    if (to > kLongestCase || to < Duration(0)) {
      result_.fail(node, "a case lasts no more than 400 days, and begins at 0");
      return false;
    }
    const Timestamp end = kBegin + to;
    for (auto next = engine_->next_event(); next && *next <= end; next = engine_->next_event()) {
      if (++events_ > kMostEvents) {
        result_.fail(node, fmt::format("more than {} things happen in this case", kMostEvents));
        return false;
      }
      engine_->advance(*next);
    }
    engine_->advance(end);
    return true;
  }

  void run_steps() {
    struct Action {
      Duration at{0};
      const yaml::Node* node = nullptr;
      bool check = false;
    };
    std::vector<Action> actions;
    for (const bool check : {false, true}) {
      for (const yaml::NodePtr& item : alerting::items_of(node_, check ? "checks" : "steps")) {
        const auto at = result_.seconds(*item, "at");
        if (!at) return result_.fail(*item, "when? Write at: and a number of seconds");
        actions.push_back({*at, item.get(), check});
      }
    }
    std::stable_sort(actions.begin(), actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    for (const Action& action : actions) {
      if (!advance(*action.node, action.at)) return;
      action.check ? run_check(*action.node) : run_step(*action.node);
    }
  }

  void run_step(const yaml::Node& step) {
    if (!result_.expect_keys(step,
                             {"at", "post", "post_raw", "content_type", "silence", "unsilence",
                              "reload", "config", "code", "body_has", "note"},
                             "a step")) {
      return;
    }
    if (alerting::find_value(step, "post") != nullptr) post(step);
    if (const yaml::Node* raw = step.find("post_raw")) {
      const yaml::Node* type = alerting::find_value(step, "content_type");
      expect_answer(step, api_->handle("POST", "/api/v2/alerts", raw->text,
                                       type == nullptr ? "application/json" : type->text));
    }
    if (const yaml::Node* silence = alerting::find_value(step, "silence")) post_silence(*silence);
    if (const yaml::Node* ref = alerting::find_value(step, "unsilence")) {
      expect_answer(step, api_->handle("DELETE", "/api/v2/silence/" + id_of(*ref)));
    }
    if (const yaml::Node* reload = alerting::find_value(step, "reload")) run_reload(step, *reload);
  }

  void post(const yaml::Node& step) {
    Json alerts = Json::array();
    for (const yaml::NodePtr& item : alerting::items_of(step, "post")) {
      if (!result_.expect_keys(*item, {"labels", "annotations", "starts", "ends", "url"},
                               "an alert")) {
        return;
      }
      Json alert;
      for (const char* key : {"labels", "annotations"}) {
        const yaml::Node* texts = alerting::find_value(*item, key);
        if (texts != nullptr && texts->is_map()) {
          alert[key] = Json::object();
          for (const auto& [name, value] : texts->entries) alert[key][name->text] = value->text;
        }
      }
      if (!alert.contains("labels")) alert["labels"] = Json::object();
      if (const auto at = result_.seconds(*item, "starts")) alert["startsAt"] = time_text(*at);
      if (const auto at = result_.seconds(*item, "ends")) alert["endsAt"] = time_text(*at);
      alert["generatorURL"] = alerting::text_of(*item, "url");
      alerts.push_back(std::move(alert));
    }
    expect_answer(step, api_->handle("POST", "/api/v2/alerts", alerts.dump()));
  }

  static std::string time_text(Duration at) { return alerting::api_time(kBegin + at); }

  void run_reload(const yaml::Node& step, const yaml::Node& reload) {
    const yaml::Node* written = alerting::find_value(step, "config");
    if (reload.is_map()) written = alerting::find_value(reload, "config");
    if (written == nullptr && reload.is_scalar() && reload.text.find('\n') != std::string::npos) {
      written = &reload;
    }
    if (written == nullptr) written = alerting::find_value(node_, "config");
    if (auto config = read_config(*written)) engine_->reload(std::move(config));
  }

  void expect_answer(const yaml::Node& step, const alerting::ApiAnswer& answer) {
    const std::int64_t wanted = result_.integer(step, "code").value_or(200);
    const std::string has = alerting::text_of(step, "body_has");
    if (answer.code != wanted) {
      result_.fail(step,
                   fmt::format("answer {}, expected {}: {}", answer.code, wanted, answer.body));
    } else if (answer.body.find(has) == std::string::npos) {
      result_.fail(step, fmt::format("answer {}, expected \"{}\" in it", answer.body, has));
    }
  }

  // --- silences ---

  std::string id_of(const yaml::Node& ref) {
    const auto it = silences_.find(ref.text);
    if (it != silences_.end()) return it->second;
    result_.fail(ref, "no silence was made with ref: " + ref.text);
    return "";
  }

  /// "@s1@" is a stored id, "@s1.startsAt@" a field of that silence.
  std::string resolved(const std::string& text) {
    if (text.size() < 3 || text.front() != '@' || text.back() != '@') return text;
    const std::string inner = text.substr(1, text.size() - 2);
    const std::size_t dot = inner.find('.');
    const auto it = silences_.find(inner.substr(0, dot));
    if (it == silences_.end()) return text;
    if (dot == std::string::npos) return it->second;
    const Json json =
        Json::parse(api_->handle("GET", "/api/v2/silence/" + it->second).body, nullptr, false);
    const std::string field = inner.substr(dot + 1);
    return json.is_object() && json.contains(field) && json[field].is_string()
               ? json[field].get<std::string>()
               : text;
  }

  std::string silence_time(const yaml::Node& silence, std::string_view key) {
    const yaml::Node* node = alerting::find_value(silence, key);
    if (node == nullptr) return "";
    if (node->text.starts_with('@')) return resolved(node->text);
    const auto at = result_.seconds(silence, key);
    return at ? time_text(*at) : "";
  }

  void post_silence(const yaml::Node& silence) {
    if (!result_.expect_keys(silence,
                             {"ref", "id", "starts", "ends", "matchers", "code", "body_has",
                              "same_id_as", "new_id_from", "comment", "createdBy"},
                             "a silence")) {
      return;
    }
    Json json = {{"matchers", Json::array()},
                 {"startsAt", silence_time(silence, "starts")},
                 {"endsAt", silence_time(silence, "ends")},
                 {"createdBy", alerting::text_of(silence, "createdBy")},
                 {"comment", alerting::text_of(silence, "comment")}};
    if (const yaml::Node* id = alerting::find_value(silence, "id")) json["id"] = resolved(id->text);
    for (const yaml::NodePtr& item : alerting::items_of(silence, "matchers")) {
      Json matcher = {{"name", alerting::text_of(*item, "name")},
                      {"value", alerting::text_of(*item, "value")},
                      {"isRegex", alerting::flag_of(*item, "isRegex").value_or(false)}};
      if (const auto equal = alerting::flag_of(*item, "isEqual")) matcher["isEqual"] = *equal;
      json["matchers"].push_back(std::move(matcher));
    }
    const alerting::ApiAnswer answer = api_->handle("POST", "/api/v2/silences", json.dump());
    expect_answer(silence, answer);
    if (answer.code != 200) return;
    const std::string id = Json::parse(answer.body)["silenceID"].get<std::string>();
    const yaml::Node* same = alerting::find_value(silence, "same_id_as");
    const yaml::Node* other = alerting::find_value(silence, "new_id_from");
    if (same != nullptr && id_of(*same) != id) result_.fail(silence, "the silence got a new id");
    if (other != nullptr && id_of(*other) == id) result_.fail(silence, "the silence kept its id");
    silences_[alerting::text_of(silence, "ref")] = id;
  }

  // --- what the API says ---

  void run_check(const yaml::Node& check) {
    if (!result_.expect_keys(check,
                             {"at", "get", "code", "count", "equals", "unordered", "body_has",
                              "min_am", "max_am", "note"},
                             "a check")) {
      return;
    }
    if (is_newer(alerting::text_of(check, "min_am")) ||
        is_older(alerting::text_of(check, "max_am"))) {
      return;
    }
    const std::string target = alerting::text_of(check, "get");
    const alerting::ApiAnswer answer = api_->handle("GET", target);
    expect_answer(check, answer);
    const auto resolve = [&](const std::string& text) { return resolved(text); };
    check_answer(check, target, answer.body, resolve, result_);
  }

  // --- what arrived ---

  void claim(const yaml::Node& expected) {
    if (!result_.expect_keys(expected,
                             {"sink", "window", "status", "alerts", "ordered", "group_labels",
                              "common_labels", "common_annotations", "truncated", "group_key",
                              "failed_before", "receiver", "min_failed_before", "note"},
                             "an expectation")) {
      return;
    }
    const std::string sink = alerting::text_of(expected, "sink");
    const auto window = window_of(expected, "window");
    if (!window) return;
    std::string nearest;
    for (Arrival& arrival : sinks_.arrivals()) {
      if (arrival.claimed || arrival.sink != sink) continue;
      const std::string in_window = arrival.at < window->first || arrival.at > window->second
                                        ? "it came at " + offset_text(arrival.at)
                                        : "";
      const std::string why = in_window.empty() ? difference(expected, arrival) : in_window;
      if (why.empty()) {
        arrival.claimed = true;
        return;
      }
      if (nearest.empty() || in_window.empty()) nearest = why;
    }
    result_.fail(expected, fmt::format("{} got no such notification from {} to {}{}", sink,
                                       offset_text(window->first), offset_text(window->second),
                                       nearest.empty() ? "" : "; of what it got, " + nearest));
  }

  void complain_of_unclaimed() {
    for (const Arrival& arrival : sinks_.arrivals()) {
      if (arrival.claimed) continue;
      std::vector<std::string> names;
      for (const auto& alert : arrival.body["alerts"]) {
        names.push_back(alert["labels"].dump() + ' ' + alert["status"].get<std::string>());
      }
      result_.fail(node_, fmt::format("{} got at {} what nobody expected: {}", arrival.sink,
                                      offset_text(arrival.at), fmt::join(names, ", ")));
    }
  }

  /// Why an arrival is not what is expected; empty: it is.
  std::string difference(const yaml::Node& expected, const Arrival& arrival) {
    const nlohmann::json& body = arrival.body;
    const std::string status = alerting::text_of(expected, "status");
    if (!status.empty() && body["status"] != status) {
      return "the status is " + body["status"].get<std::string>();
    }
    const std::pair<std::string_view, std::string_view> maps[] = {
        {"group_labels", "groupLabels"},
        {"common_labels", "commonLabels"},
        {"common_annotations", "commonAnnotations"}};
    for (const auto& [key, field] : maps) {
      const yaml::Node* want = alerting::find_value(expected, key);
      if (want != nullptr && !same_texts(*want, body[std::string(field)])) {
        return fmt::format("{} are {}", field, body[std::string(field)].dump());
      }
    }
    const std::string key = alerting::text_of(expected, "group_key");
    if (!key.empty() && body["groupKey"] != key)
      return "the group key is " + body["groupKey"].dump();
    const auto truncated = result_.integer(expected, "truncated");
    if (truncated && body["truncatedAlerts"] != *truncated) {
      return "truncated were " + body["truncatedAlerts"].dump();
    }
    const auto failed = result_.integer(expected, "failed_before");
    const auto least = result_.integer(expected, "min_failed_before");
    const auto before = static_cast<std::int64_t>(arrival.failed_before);
    if ((failed && *failed != before) || (least && before < *least)) {
      return fmt::format("{} attempts had failed before", before);
    }
    return alerts_difference(expected, body["alerts"]);
  }

  std::string alerts_difference(const yaml::Node& expected, const nlohmann::json& alerts) {
    const auto wanted = alerting::items_of(expected, "alerts");
    if (alerting::find_value(expected, "alerts") == nullptr) return "";
    if (wanted.size() != alerts.size()) return fmt::format("it had {} alerts", alerts.size());
    const bool ordered = alerting::flag_of(expected, "ordered").value_or(false);
    std::set<std::size_t> used;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::string why = "it had no such alert";
      bool found = false;
      for (std::size_t j = ordered ? i : 0; j < (ordered ? i + 1 : alerts.size()) && !found; ++j) {
        if (used.count(j) > 0) continue;
        const std::string differs = alert_difference(*wanted[i], alerts[j]);
        found = differs.empty();
        if (found) used.insert(j);
        if (differs != "labels") why = differs;
      }
      if (!found) {
        return fmt::format("alert {}: {}", to_json(*wanted[i]).dump(), ordered ? "not here" : why);
      }
    }
    return "";
  }

  std::string alert_difference(const yaml::Node& wanted, const nlohmann::json& alert) {
    const yaml::Node* labels = alerting::find_value(wanted, "labels");
    if (labels != nullptr && !same_texts(*labels, alert["labels"])) return "labels";
    const yaml::Node* annotations = alerting::find_value(wanted, "annotations");
    if (annotations != nullptr && !same_texts(*annotations, alert["annotations"])) {
      return "annotations are " + alert["annotations"].dump();
    }
    const auto near = [&](Duration expected, const std::string& text) {
      const Result<Timestamp> at = parse_rfc3339(text);
      return at.has_value() && std::chrono::abs(*at - kBegin - expected) <= tolerance_;
    };
    const auto starts = result_.seconds(wanted, "starts");
    if (starts && !near(*starts, alert["startsAt"]))
      return "it starts at " + since(alert["startsAt"]);
    const auto ends = result_.seconds(wanted, "ends");
    if (!ends) return alert["status"] == "firing" ? "" : "it is resolved";
    if (alert["status"] != "resolved") return "it is firing";
    return near(*ends, alert["endsAt"]) ? "" : "it ends at " + since(alert["endsAt"]);
  }

  static std::string since(const std::string& text) {
    const Result<Timestamp> at = parse_rfc3339(text);
    return at.has_error() ? text : offset_text(*at - kBegin);
  }

  static bool same_texts(const yaml::Node& wanted, const nlohmann::json& seen) {
    nlohmann::json texts = nlohmann::json::object();
    for (const auto& [key, value] : wanted.entries) texts[key->text] = value->text;
    return texts == seen;
  }

  const yaml::Node& node_;
  CaseBuilder& result_;
  Sinks sinks_;
  alerting::EngineOptions options_;
  std::unique_ptr<alerting::Engine> engine_;
  std::unique_ptr<alerting::Api> api_;
  std::map<std::string, std::string> silences_;  ///< ids by ref
  Duration tolerance_ = kTolerance;
  std::size_t events_ = 0;  ///< of the engine
  bool exact_ = true;
};

}  // namespace

void run_timeline(const yaml::Node& node, const yaml::Node* defaults, CaseBuilder& result) {
  Timeline(node, defaults, result).run();
}

}  // namespace tocsin::routetest
