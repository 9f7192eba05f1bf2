#include "assertions/notification_scope.h"

#include <algorithm>

namespace tocsin::assertions {
namespace {

template <class Wanted>
std::vector<const AlertEpisode*> only(const std::vector<const AlertEpisode*>& episodes,
                                      Wanted wanted) {
  std::vector<const AlertEpisode*> result;
  std::copy_if(episodes.begin(), episodes.end(), std::back_inserter(result), wanted);
  return result;
}

}  // namespace

NotificationScope::NotificationScope(const Trial& trial, const NotificationLog& log,
                                     const scenario::NotificationExpectation& expectation)
    : trial_(trial), log_(log), expectation_(expectation) {
  for (const AlertEpisode& episode : trial.evidence().episodes) {
    if (episode.firing_at && concerns(episode.labels)) fired_.push_back(&episode);
  }
  const bool about_all = expectation.alerts.empty() && expectation.labels.empty();
  for (const Told& told : log.all()) {
    if (!addressed(told)) continue;
    if (expectation.window && !trial.within(told.at(), *expectation.window)) continue;
    Heard heard{&told, about_all && told.last().firing};
    bool concerned = about_all;
    for (std::size_t i = 0; i < told.alerts.size() && !about_all; ++i) {
      if (!concerns(labels_of(told, i))) continue;
      concerned = true;
      heard.firing = heard.firing || told.alerts[i].firing;
    }
    if (concerned) heard_.push_back(heard);
  }
}

std::string NotificationScope::subject() const {
  std::string text;
  for (const std::string& alert : expectation_.alerts) {
    text += (text.empty() ? "" : ", ") + alert;
  }
  if (text.empty()) text = "any alert";
  if (!expectation_.labels.empty()) {
    std::vector<LabelView> labels;
    for (const auto& [name, value] : expectation_.labels) labels.push_back({name, value});
    text += ' ' + Labels::from(std::move(labels)).to_string();
  }
  if (!expectation_.receiver.empty()) text += " to " + expectation_.receiver;
  if (!expectation_.integration.empty()) text += " by " + expectation_.integration;
  return text;
}

bool NotificationScope::concerns(const Labels& alert) const {
  const auto& names = expectation_.alerts;
  if (!names.empty() &&
      std::find(names.begin(), names.end(), alert.get("alertname")) == names.end()) {
    return false;
  }
  // Episodes have no external labels, what is sent has.
  const auto& external = trial_.scenario().system->external_labels;
  using Label = std::pair<std::string, std::string>;
  return std::all_of(
      expectation_.labels.begin(), expectation_.labels.end(), [&](const Label& pair) {
        return alert.has(pair.first)
                   ? alert.get(pair.first) == pair.second
                   : std::find(external.begin(), external.end(), pair) != external.end();
      });
}

bool NotificationScope::addressed(const Told& told) const {
  const NotificationRecord& record = told.last();
  return (expectation_.receiver.empty() || expectation_.receiver == record.receiver) &&
         (expectation_.integration.empty() || expectation_.integration == record.integration);
}

Labels NotificationScope::labels_of(const Told& told, std::size_t i) const {
  // With external labels where the payload has them.
  if (!told.last().alerts.empty()) return told.last().alerts[i].labels;
  return log_.subjects()[told.alerts[i].subject];
}

std::vector<Labels> NotificationScope::firing_in(const Told& told) const {
  std::vector<Labels> firing;
  for (std::size_t i = 0; i < told.alerts.size(); ++i) {
    if (!told.alerts[i].firing) continue;
    Labels labels = labels_of(told, i);
    if (concerns(labels)) firing.push_back(std::move(labels));
  }
  return firing;
}

std::vector<const Told*> NotificationScope::pages() const {
  std::vector<const Told*> pages;
  for (const Heard& heard : heard_) {
    if (heard.is_page()) pages.push_back(heard.told);
  }
  return pages;
}

std::vector<const AlertEpisode*> NotificationScope::firing_in_window() const {
  return only(fired_, [&](const AlertEpisode* episode) {
    return !expectation_.window || trial_.within(*episode->firing_at, *expectation_.window);
  });
}

std::vector<const AlertEpisode*> NotificationScope::resolving_in_window() const {
  return only(fired_, [&](const AlertEpisode* episode) {
    return episode->resolved_at &&
           (!expectation_.window || trial_.within(*episode->resolved_at, *expectation_.window));
  });
}

std::vector<const AlertEpisode*> NotificationScope::active_in_window() const {
  return only(fired_, [&](const AlertEpisode* episode) {
    if (!expectation_.window) return true;
    if (trial_.offset(*episode->firing_at) > expectation_.window->to) return false;
    return !episode->resolved_at ||
           trial_.offset(*episode->resolved_at) > expectation_.window->from;
  });
}

Duration NotificationScope::until() const {
  return expectation_.window ? expectation_.window->to : trial_.scenario().length;
}

std::string NotificationScope::window_text() const {
  return expectation_.window ? ' ' + expectation_.window->text : "";
}

}  // namespace tocsin::assertions
