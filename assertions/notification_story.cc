#include "assertions/notification_story.h"

#include <algorithm>
#include <map>
#include <utility>

#include "assertions/alert_background.h"

namespace tocsin::assertions {
namespace {

constexpr std::size_t kStoryLines = 60;

/// Lines of a story; what happens to many alerts at once is one line.
class Story {
 public:
  void add(Duration at, std::string text) { lines_.push_back({at, std::move(text), {}}); }
  void add_alert(Duration at, const std::string& what, const Labels& alert) {
    const auto [it, fresh] = merged_.emplace(std::pair(at, what), lines_.size());
    if (fresh) lines_.push_back({at, what, {}});
    lines_[it->second].alerts.push_back(alert);
  }

  std::vector<std::string> texts() && {
    std::stable_sort(lines_.begin(), lines_.end(),
                     [](const Line& a, const Line& b) { return a.at < b.at; });
    std::vector<std::string> texts;
    for (const Line& line : lines_) {
      if (texts.size() == kStoryLines) {
        texts.push_back("… and " + std::to_string(lines_.size() - kStoryLines) + " more lines");
        break;
      }
      const std::string who = line.alerts.empty() ? "" : alerts_text(line.alerts) + ' ';
      texts.push_back(format_duration(line.at) + "  " + who + line.text);
    }
    return texts;
  }

 private:
  struct Line {
    Duration at{0};
    std::string text;
    std::vector<Labels> alerts;
  };
  std::vector<Line> lines_;
  std::map<std::pair<Duration, std::string>, std::size_t> merged_;
};

void tell_events(const Trial& trial, Story& story) {
  for (const Event& event : trial.evidence().events) {
    if (event.kind == EventKind::kFaultStart) {
      story.add(trial.offset(event.at), event.name + " begins: " + event.description);
    } else if (event.kind == EventKind::kFaultEnd) {
      story.add(trial.offset(event.at), event.name + " ends");
    }
  }
}

void tell_episodes(const NotificationScope& scope, const scenario::TimeWindow& shown,
                   Story& story) {
  const Trial& trial = scope.trial();
  const auto tell = [&](Timestamp at, const std::string& what, const Labels& alert) {
    const Duration offset = trial.offset(at);
    if (offset >= shown.from && offset <= shown.to) story.add_alert(offset, what, alert);
  };
  for (const AlertEpisode* episode : scope.fired()) {
    tell(*episode->firing_at, "firing", episode->labels);
    if (episode->resolved_at) tell(*episode->resolved_at, "resolved", episode->labels);
  }
  for (const Suppression& suppression : trial.evidence().suppressions) {
    if (!scope.concerns(suppression.alert)) continue;
    const std::string by = suppressor_text(suppression);
    tell(suppression.from, by + " from here", suppression.alert);
    if (suppression.to) tell(*suppression.to, "no longer " + by, suppression.alert);
  }
}

void tell_notifications(const NotificationScope& scope, const scenario::TimeWindow& shown,
                        Story& story) {
  const bool any_receiver = scope.expectation().receiver.empty();
  std::vector<const Told*> shown_ones;
  for (const Told& told : scope.log().all()) {
    const Duration at = scope.trial().offset(told.at());
    if (at < shown.from || at > shown.to) continue;
    bool about_it = false;
    for (std::size_t i = 0; i < told.alerts.size() && !about_it; ++i) {
      const std::size_t subject = told.alerts[i].subject;
      about_it = subject == kNoSubject ? scope.concerns(told.last().alerts[i].labels)
                                       : scope.concerns(scope.log().subjects()[subject]);
    }
    if (about_it || (!any_receiver && scope.addressed(told))) {
      shown_ones.push_back(&told);
    }
  }
  for (ToldLine& line : told_lines(shown_ones, scope.log())) {
    story.add(scope.trial().offset(line.at), std::move(line.text));
  }
}

}  // namespace

std::string suppression_text(const Trial& trial, const Suppression& suppression) {
  return suppressor_text(suppression) + " from " + trial.clock(suppression.from) + " to " +
         (suppression.to ? trial.clock(*suppression.to) : "the end");
}

bool is_chosen(const RoutingInfo& routing, const RoutedAlert* route, const std::string& receiver) {
  if (receiver != routing.default_receiver) return true;
  return route != nullptr && !route->fell_through;
}

bool is_black_hole(const RoutingInfo& routing, const std::string& receiver) {
  return std::any_of(
      routing.receivers.begin(), routing.receivers.end(),
      [&](const ReceiverInfo& info) { return info.name == receiver && info.integrations.empty(); });
}

std::string why_untold(const NotificationScope& scope, const AlertEpisode& episode) {
  const Trial& trial = scope.trial();
  const NotificationLog& log = scope.log();
  std::string text = "fired at " + trial.moment(*episode.firing_at) + "; ";
  const auto mine = [&](const Told& told) { return scope.addressed(told); };
  if (const Told* tried = log.last_failed(episode, trial.grace(), mine)) {
    return text + "tried at " + trial.clock(tried->at()) + " to " + receiver_text(tried->last()) +
           ", " + undelivered_text(*tried);
  }
  if (const auto kept = log.suppressions_of(episode); !kept.empty()) {
    return text + suppression_text(trial, *kept.front());
  }
  const auto& routing = trial.evidence().routing;
  const auto others = [&](const Told& told) { return !scope.addressed(told); };
  if (const Told* other = log.first_of(episode, true, trial.grace(), others)) {
    const std::string& receiver = other->last().receiver;
    const RoutedAlert* route = log.route_of(episode);
    const bool fell = routing && !is_chosen(*routing, route, receiver);
    return text + (fell ? "the default receiver " : "") + receiver_text(other->last()) +
           " was told at " + trial.clock(other->at()) + " instead";
  }
  if (const RoutedAlert* routed = log.route_of(episode)) {
    std::string receivers;
    for (const std::string& receiver : routed->receivers) {
      receivers += (receivers.empty() ? "" : ", ") + receiver;
      if (is_black_hole(*routing, receiver)) receivers += ", which has no integrations";
    }
    text += "its route leads to " + receivers + "; ";
  }
  return text + "nobody was told by " +
         (episode.resolved_at ? "its end, " + trial.clock(*episode.resolved_at)
                              : "the end, " + trial.clock(trial.evidence().run.end));
}

std::string why_silent(const NotificationScope& scope) {
  if (scope.fired().empty()) {
    const auto& alerts = scope.expectation().alerts;
    if (alerts.empty()) return "no such alert fired";
    std::string names;
    for (const std::string& alert : alerts) names += (names.empty() ? "" : ", ") + alert;
    return names + (alerts.size() == 1 ? " never fired" : ": none fired");
  }
  const AlertEpisode& first = *scope.fired().front();
  return (scope.fired().size() > 1 ? alert_text(first.labels) + ' ' : "") +
         why_untold(scope, first);
}

std::vector<std::string> notification_background(const NotificationScope& scope,
                                                 std::optional<scenario::TimeWindow> window) {
  const auto& alerts = scope.expectation().alerts;
  if (scope.fired().empty() && alerts.size() == 1) {
    return alert_background(scope.trial(), alerts.front(), window);
  }
  scenario::TimeWindow shown{Duration(0), Duration::max(), {}};
  if (window) {
    const Duration margin = std::chrono::minutes(2);
    shown = {window->from - margin, window->to + margin, {}};
  }
  Story story;
  tell_events(scope.trial(), story);
  tell_episodes(scope, shown, story);
  tell_notifications(scope, shown, story);
  return std::move(story).texts();
}

}  // namespace tocsin::assertions
