#include <algorithm>

#include "assertions/notification_bench.h"

/// "all: notified": no alert fires for nobody. One that is told only to the default receiver since
/// no other route took it was chosen for by nobody, and counts as fallen through. Where a route
/// names that receiver, or the root is all there is, somebody chose it.

namespace tocsin::assertions {
namespace {

/// Where the evidence does not say how long a route waits: Alertmanager's own group_interval.
constexpr Duration kUsualWait = std::chrono::minutes(5);

class AllNotified {
 public:
  AllNotified(Trial& trial, const NotificationLog& log)
      : trial_(trial), scope_(trial, log, everything_), log_(log) {
    everything_.pos = trial.scenario().expect.all_notified_pos;
  }

  void run() {
    Judgement judgement =
        Trial::begin("notification", "every alert", "is told to somebody", everything_.pos);
    if (!trial_.evidence().routing) {
      judgement.outcome = Outcome::kInconclusive;
      judgement.seen = "nobody routed alerts in this run";
      return trial_.add(std::move(judgement));
    }
    for (const AlertEpisode* episode : scope_.fired()) sort_out(*episode);
    if (fallen_.empty()) {
      judgement.seen = summary();
      if (trial_.evidence().run.partial) judgement.outcome = Outcome::kInconclusive;
      return trial_.add(std::move(judgement));
    }
    const AlertEpisode& first = *fallen_.front();
    judgement.outcome = Outcome::kFail;
    judgement.at = trial_.offset(*first.firing_at);
    judgement.seen = std::to_string(fallen_.size()) + " of " +
                     count_text(scope_.fired().size(), "alert") + ": " + alert_text(first.labels) +
                     ' ' + where_to(first);
    judgement.around = around();
    trial_.add(std::move(judgement));
  }

 private:
  void sort_out(const AlertEpisode& episode) {
    const RoutedAlert* route = log_.route_of(episode);
    const Told* told = log_.first_of(episode, true, trial_.grace(), [&](const Told& one) {
      return is_chosen(*trial_.evidence().routing, route, one.last().receiver);
    });
    if (told != nullptr) {
      ++told_;
      return;
    }
    const Duration needed = (route == nullptr ? kUsualWait : route->told_within) + trial_.grace();
    const bool suppressed = !log_.suppressions_of(episode).empty();
    // What was kept back was so from the first look at its group on: a wait after it fired. More
    // time would not help one whose route leads nowhere.
    if (longest_free(episode) > needed || (!suppressed && leads_nowhere(route))) {
      fallen_.push_back(&episode);
    } else if (suppressed) {
      ++suppressed_;
    } else {
      ++too_brief_;
    }
  }

  /// To nobody who was chosen, or to black holes.
  bool leads_nowhere(const RoutedAlert* route) const {
    const RoutingInfo& routing = *trial_.evidence().routing;
    return route != nullptr && std::all_of(route->receivers.begin(), route->receivers.end(),
                                           [&](const std::string& receiver) {
                                             return !is_chosen(routing, route, receiver) ||
                                                    is_black_hole(routing, receiver);
                                           });
  }

  /// The longest stretch, in the scenario's time, in which it fired and nothing kept it back.
  Duration longest_free(const AlertEpisode& episode) const {
    const Timestamp run_end = trial_.evidence().run.end;
    const Duration end = trial_.offset(std::min(episode.resolved_at.value_or(run_end), run_end));
    Duration free_since = trial_.offset(*episode.firing_at);
    Duration longest{0};
    for (const Suppression* one : log_.suppressions_of(episode)) {
      longest = std::max(longest, trial_.offset(one->from) - free_since);
      free_since = std::max(free_since, one->to ? trial_.offset(*one->to) : end);
    }
    return std::max(longest, end - free_since);
  }

  /// In which hands it fell.
  std::string where_to(const AlertEpisode& episode) const {
    const RoutingInfo& routing = *trial_.evidence().routing;
    const auto anybody = [](const Told&) { return true; };
    if (const Told* told = log_.first_of(episode, true, trial_.grace(), anybody)) {
      return "fell to the default receiver " + receiver_text(told->last()) + ", at " +
             trial_.moment(told->at());
    }
    const RoutedAlert* route = log_.route_of(episode);
    const bool to_nobody =
        route != nullptr &&
        std::all_of(route->receivers.begin(), route->receivers.end(),
                    [&](const std::string& receiver) { return is_black_hole(routing, receiver); });
    if (!to_nobody || route->receivers.empty()) return why_untold(scope_, episode);
    std::string names;
    for (const std::string& receiver : route->receivers) {
      names += (names.empty() ? "" : ", ") + receiver;
    }
    const bool is_default =
        route->receivers.size() == 1 && route->receivers.front() == routing.default_receiver;
    return "fell to " + std::string(is_default ? "the default receiver " : "") + names +
           ", which has no integrations; it fired at " + trial_.moment(*episode.firing_at);
  }

  std::vector<std::string> around() const {
    constexpr std::size_t kShown = 30;
    std::vector<std::string> lines;
    for (const AlertEpisode* episode : fallen_) {
      if (lines.size() == kShown) {
        lines.push_back("… and " + std::to_string(fallen_.size() - kShown) + " more");
        break;
      }
      lines.push_back(trial_.clock(*episode->firing_at) + "  " + alert_text(episode->labels) + ' ' +
                      where_to(*episode));
    }
    return lines;
  }

  std::string summary() const {
    if (scope_.fired().empty()) return "no alert fired";
    std::string text = count_text(told_, "alert") + " told";
    if (suppressed_ > 0) text += ", " + std::to_string(suppressed_) + " suppressed";
    if (too_brief_ > 0) {
      text += ", " + std::to_string(too_brief_) + " fired too briefly to be told";
    }
    return text;
  }

  Trial& trial_;
  scenario::NotificationExpectation everything_;
  NotificationScope scope_;
  const NotificationLog& log_;
  std::vector<const AlertEpisode*> fallen_;
  std::size_t told_ = 0;
  std::size_t suppressed_ = 0;
  std::size_t too_brief_ = 0;
};

}  // namespace

void judge_all_notified(Trial& trial, const NotificationLog& log) {
  AllNotified(trial, log).run();
}

}  // namespace tocsin::assertions
