#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "harness/scenario/read.h"
#include "harness/scenario/values.h"
#include "harness/scenario/when.h"

/// Expectations of notifications, and the silences that they may name.

namespace tocsin::scenario {
namespace {

/// Whether anybody could be told; else it is said once, at the first mention.
bool check_routes_alerts(const yaml::Node& node, const System& system, Problems& problems) {
  if (system.routes_alerts()) return true;
  problems.add(node, fmt::format("the system \"{}\" tells nobody of alerts", system.name),
               "its system.yaml needs alertmanager: alertmanager.yml");
  return false;
}

struct SoonAfter {
  Duration length{0};
  bool firing = true;  ///< else resolving
};

/// "30s of firing", "within 6m of resolving".
Result<SoonAfter> parse_soon_after(std::string_view text) {
  constexpr std::string_view kWithin = "within ";
  constexpr std::string_view kOf = " of ";
  std::string_view rest = trim(text);
  if (rest.starts_with(kWithin)) rest = trim(rest.substr(kWithin.size()));
  const std::size_t of = rest.find(kOf);
  const std::string_view event = of == std::string_view::npos ? "" : trim(rest.substr(of + 4));
  if (event != "firing" && event != "resolving") {
    Error error = input_error(
        {}, fmt::format("expected \"30s of firing\" or \"6m of resolving\", not \"{}\"", text));
    error.hints.push_back("for a point of the run there is at: within 6m of fault end");
    return error;
  }
  TRY(const Duration length, parse_length(trim(rest.substr(0, of))));
  return SoonAfter{length, event == "firing"};
}

class NotificationReader {
 public:
  NotificationReader(const yaml::Node& node, const ExpectationContext& context)
      : node_(node), context_(context), problems_(context.problems) {
    out_.pos = node.pos();
  }

  NotificationExpectation read() {
    read_filters();
    read_times();
    read_claims();
    read_suppressions();
    check_contradictions();
    check_purpose();
    return std::move(out_);
  }

 private:
  void read_filters() {
    if (const yaml::Node* receiver = node_.find("receiver")) {
      out_.receiver = receiver->text;
      check_known(*receiver, "receiver", context_.system.receiver_names);
    }
    out_.integration = text_of(node_.find("integration"));
    const yaml::Node* alert = node_.find("alert");
    if (alert != nullptr) add_alert(*alert);
    if (const yaml::Node* alerts = node_.find("alerts")) {
      if (alert != nullptr) problems_.add(*alerts, "either alert or alerts");
      if (alerts->is_list() && alerts->items.empty()) problems_.add(*alerts, "no alert is named");
      for (const yaml::NodePtr& name : alerts->items) add_alert(*name);
    }
    if (const yaml::Node* labels = node_.find("labels")) {
      for (const yaml::Node::Entry& entry : labels->entries) {
        out_.labels[entry.key->text] = entry.value->text;
      }
    }
  }

  void add_alert(const yaml::Node& name) {
    if (!name.is_scalar()) return;
    check_alert_name(name, context_);
    if (std::find(out_.alerts.begin(), out_.alerts.end(), name.text) != out_.alerts.end()) {
      problems_.add(name, "this alert is named twice");
    }
    out_.alerts.push_back(name.text);
  }

  void check_known(const yaml::Node& name, std::string_view what,
                   const std::vector<std::string>& known) {
    if (known.empty() || std::find(known.begin(), known.end(), name.text) != known.end()) return;
    problems_.unknown(
        name,
        fmt::format("the system \"{}\" has no {} \"{}\"", context_.system.name, what, name.text),
        name.text, known);
  }

  void read_times() {
    const yaml::Node* from = node_.find("from");
    const yaml::Node* to = node_.find("to");
    const yaml::Node* window = node_.find("window");
    if (from != nullptr || to != nullptr) {
      out_.window = read_from_to(from, to, context_);
      if (window != nullptr) problems_.add(*window, "one time is enough: window, or from and to");
    } else if (window != nullptr) {
      out_.window = read_window(*window, context_);
    }
    if (const yaml::Node* at = node_.find("at")) {
      out_.at = read_window(*at, context_);
      if (out_.at && out_.window &&
          (out_.at->to < out_.window->from || out_.at->from > out_.window->to)) {
        problems_.add(*at,
                      fmt::format("this is outside of \"{}\", where notifications are looked for",
                                  out_.window->text));
      }
    }
    if (const yaml::Node* within = node_.find("within")) read_soon_after(*within);
    if (const yaml::Node* resolved = node_.find("resolved")) {
      if (out_.within_resolving) problems_.add(*resolved, "\"within\" says this already");
      read_soon_after(*resolved);
    }
  }

  void read_soon_after(const yaml::Node& node) {
    if (!node.is_scalar()) return;
    const auto soon = parse_soon_after(node.text);
    if (soon.has_error()) return problems_.add_parse_error(node, soon.error());
    if (soon->firing && &node == node_.find("resolved")) {
      problems_.add(node, "an alert's end is told within a time of resolving",
                    "like resolved: within 6m of resolving");
    }
    (soon->firing ? out_.within_firing : out_.within_resolving) = soon->length;
  }

  std::optional<ValueClaim> claim(std::string_view key, Dimension dimension) {
    const yaml::Node* node = node_.find(key);
    if (node == nullptr) return std::nullopt;
    return read_claim(*node, dimension, context_);
  }

  void read_claims() {
    out_.never = bool_of(node_.find("never"), false);
    out_.count = claim("count", Dimension::kNumber);
    out_.pages = claim("pages", Dimension::kNumber);
    out_.attempts = claim("attempts", Dimension::kNumber);
    out_.repeats = claim("repeats", Dimension::kTime);
    out_.together = bool_of(node_.find("together"), false);
    out_.apart = bool_of(node_.find("apart"), false);
    out_.runbook = bool_of(node_.find("runbook"), false);
    const yaml::Node* contains = node_.find("contains");
    if (contains == nullptr) return;
    const auto add = [&](const yaml::Node& text) {
      if (!text.is_scalar()) return;
      if (text.text.empty()) problems_.add(text, "every text contains the empty one");
      out_.contains.push_back(text.text);
    };
    add(*contains);
    for (const yaml::NodePtr& text : contains->items) add(*text);
  }

  void read_suppressions() {
    if (const yaml::Node* by = node_.find("inhibited_by"); by != nullptr && by->is_scalar()) {
      out_.inhibited_by = by->text;
      check_alert_name(*by, context_);
    }
    if (const yaml::Node* by = node_.find("muted_by")) {
      out_.muted_by = by->text;
      check_known(*by, "time interval", context_.system.time_interval_names);
    }
    const yaml::Node* by = node_.find("silenced_by");
    if (by == nullptr) return;
    out_.silenced_by = by->text;
    std::vector<std::string> comments;
    for (const SilenceSpec& silence : context_.silences) comments.push_back(silence.comment);
    if (std::find(comments.begin(), comments.end(), by->text) != comments.end()) return;
    problems_.unknown(*by, fmt::format("the scenario sets no silence \"{}\"", by->text), by->text,
                      comments);
  }

  void check_contradictions() {
    for (const char* key : {"at", "within", "resolved", "count", "pages", "together", "apart",
                            "repeats", "attempts", "contains", "runbook"}) {
      const yaml::Node* node = node_.find(key);
      if (out_.never && node != nullptr) {
        problems_.add(*node, fmt::format("a notification that is never sent has no \"{}\"", key));
      }
    }
    if (out_.together && out_.apart) {
      problems_.add(*node_.find("apart"), "alerts cannot be told together and apart");
    }
  }

  /// Filters alone expect that somebody is told.
  void check_purpose() {
    static constexpr std::array<std::string_view, 19> kPurposes = {
        "receiver", "integration", "alert",        "alerts",      "labels",   "at",    "within",
        "resolved", "count",       "pages",        "never",       "together", "apart", "repeats",
        "attempts", "contains",    "inhibited_by", "silenced_by", "muted_by"};
    const bool purpose =
        out_.runbook || std::any_of(kPurposes.begin(), kPurposes.end(), [&](std::string_view key) {
          const yaml::Node* node = node_.find(key);
          return node != nullptr && node->text != "false";
        });
    if (purpose) return;
    problems_.add(node_, "this expects nothing",
                  "like within: 30s of firing, count: 1 or never: true");
  }

  const yaml::Node& node_;
  const ExpectationContext& context_;
  Problems& problems_;
  NotificationExpectation out_;
};

SilenceSpec read_silence(const yaml::Node& node, const ExpectationContext& context) {
  SilenceSpec silence;
  silence.pos = node.pos();
  const auto& others = context.silences;
  silence.comment = others.empty() ? "silence" : fmt::format("silence {}", others.size() + 1);
  const yaml::Node* comment = node.find("comment");
  silence.comment = text_of(comment, silence.comment);
  if (std::any_of(others.begin(), others.end(),
                  [&](const SilenceSpec& other) { return other.comment == silence.comment; })) {
    context.problems.add(comment != nullptr ? *comment : node,
                         fmt::format("there is another silence \"{}\" above", silence.comment));
  }
  const auto add = [&](const yaml::Node& matcher) {
    if (matcher.is_scalar()) silence.matchers.push_back({matcher.text, matcher.pos()});
  };
  if (const yaml::Node* matchers = node.find("matchers")) {
    add(*matchers);
    for (const yaml::NodePtr& matcher : matchers->items) add(*matcher);
    if (silence.matchers.empty()) context.problems.add(*matchers, "a silence needs a matcher");
  }
  const yaml::Node* length = node.find("for");
  const Duration lasts = length_of(length, kRunEnd);
  if (lasts <= Duration(0)) context.problems.add(*length, "expected a duration longer than 0s");
  const yaml::Node* at = node.find("at");
  if (at == nullptr) return silence;
  if (const auto point = read_point(*at, context)) {
    const bool ends = lasts != kRunEnd;
    silence.window = {point->offset, ends ? point->offset + lasts : kRunEnd, point->text};
    if (ends) silence.window.text += " for " + format_duration(lasts);
  }
  return silence;
}

}  // namespace

void read_notification_expectations(const yaml::Node& node, const ExpectationContext& context,
                                    Expectations& out) {
  if (!check_routes_alerts(node, context.system, context.problems)) return;
  const auto read_one = [&](const yaml::Node& item) {
    if (!item.is_map()) return;
    const yaml::Node::Entry* all = item.find_entry("all");
    if (all == nullptr) {
      out.notifications.push_back(NotificationReader(item, context).read());
      return;
    }
    out.all_notified = true;
    out.all_notified_pos = all->key->pos();
    if (item.entries.size() > 1) {
      context.problems.add(*all->key, "\"all: notified\" stands alone, as an item of its own");
    }
  };
  read_one(node);
  for (const yaml::NodePtr& item : node.items) read_one(*item);
}

std::vector<SilenceSpec> read_silences(const yaml::Node& node, const System& system,
                                       const RunTimes& times, Problems& problems) {
  std::vector<SilenceSpec> silences;
  if (!check_routes_alerts(node, system, problems)) return silences;
  const ExpectationContext context{system, times, problems, silences};
  const auto read_one = [&](const yaml::Node& item) {
    if (item.is_map()) silences.push_back(read_silence(item, context));
  };
  read_one(node);
  for (const yaml::NodePtr& item : node.items) read_one(*item);
  return silences;
}

void close_silences(Duration length, std::vector<SilenceSpec>& silences, Problems& problems) {
  for (SilenceSpec& silence : silences) {
    TimeWindow& window = silence.window;
    if (window.to == kRunEnd) window.to = std::max(window.from, length);
    if (window.from < length || !problems.ok()) continue;
    problems.add(input_error(
        silence.pos, fmt::format("this silence is set {} after the start, but the run ends at {}",
                                 format_duration(window.from), format_duration(length))));
  }
}

}  // namespace tocsin::scenario
