#include <algorithm>
#include <functional>
#include <set>

#include "assertions/alert_background.h"
#include "assertions/trial.h"

/// Alerts: did this one ring when it should, as it should, and nothing else?

namespace tocsin::assertions {
namespace {

using scenario::AlertExpectation;
using scenario::TimeWindow;
using Episodes = std::vector<const AlertEpisode*>;

bool includes(const Labels& labels, const std::map<std::string, std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& pair) { return labels.get(pair.first) == pair.second; });
}

bool concerns(const AlertExpectation& expectation, const AlertEpisode& episode) {
  return episode.alert == expectation.alert && includes(episode.labels, expectation.labels);
}

/// Judges the claims of one expectation.
class AlertJudge {
 public:
  AlertJudge(Trial& trial, const AlertExpectation& expectation)
      : trial_(trial), expectation_(expectation), subject_(expectation.alert) {
    for (const auto& [name, value] : expectation.labels) {
      subject_ += (subject_.back() == '}' ? "" : " ") + ("{" + name + "=\"" + value + "\"}");
    }
    for (const AlertEpisode& episode : trial.evidence().episodes) {
      if (!concerns(expectation, episode) || is_lead_in(episode)) continue;
      all_.push_back(&episode);
      if (episode.firing_at) fired_.push_back(&episode);
    }
  }

  void run() {
    if (expectation_.never) never("never fires", fired_);
    if (expectation_.never_pending) never("never goes pending", all_);
    if (expectation_.pending) pending(*expectation_.pending);
    if (expectation_.fires) fires(*expectation_.fires);
    if (expectation_.resolves) resolves(*expectation_.resolves);
    if (expectation_.times) times(*expectation_.times);
    if (expectation_.value) value(*expectation_.value);
    for (const auto& [name, text] : expectation_.annotations) annotation(name, text);
    for (const AlertExpectation::StateAt& state : expectation_.states) state_at(state);
    // Labels alone still claim that the alert fires with them.
    const bool bare = !expectation_.never && !expectation_.never_pending && !expectation_.pending &&
                      !expectation_.fires && !expectation_.resolves && !expectation_.times &&
                      !expectation_.value && expectation_.annotations.empty() &&
                      expectation_.states.empty();
    if (bare) fires_at_all();
  }

 private:
  bool is_lead_in(const AlertEpisode& episode) const {
    return !episode.firing_at && episode.resolved_at &&
           trial_.evidence().offset_of(*episode.resolved_at) <= expectation_.since;
  }

  Judgement begin(std::string claim) const {
    return Trial::begin("alert", subject_, std::move(claim), expectation_.pos);
  }

  /// Settles a judgement that something did not happen (yet).
  void missing(Judgement judgement, std::string seen, const TimeWindow& window) {
    judgement.outcome = trial_.ended_before(window.to) ? Outcome::kInconclusive : Outcome::kFail;
    judgement.seen = std::move(seen);
    judgement.around = alert_background(trial_, expectation_.alert, window);
    trial_.add(std::move(judgement));
  }

  std::string what_happened() const {
    if (!fired_.empty()) return "fired at " + trial_.moment(*fired_.front()->firing_at);
    for (const AlertEpisode& episode : trial_.evidence().episodes) {
      if (episode.alert == expectation_.alert && episode.firing_at &&
          !concerns(expectation_, episode)) {
        return "fired at " + trial_.moment(*episode.firing_at) +
               " with other labels: " + episode.labels.to_string();
      }
    }
    if (all_.empty()) return "never went pending";
    const AlertEpisode& longest = **std::max_element(
        all_.begin(), all_.end(), [&](const AlertEpisode* a, const AlertEpisode* b) {
          return pending_for(*a) < pending_for(*b);
        });
    return "pending from " + trial_.moment(longest.pending_at) + " for " +
           format_duration(pending_for(longest)) + ", never fired";
  }

  Duration pending_for(const AlertEpisode& episode) const {
    const Timestamp end = episode.resolved_at.value_or(trial_.evidence().run.end);
    return trial_.offset(end) - trial_.offset(episode.pending_at);
  }

  void never(std::string claim, const Episodes& offenders) {
    Judgement judgement = begin(std::move(claim));
    if (offenders.empty()) {
      judgement.seen = all_.empty() ? "never went pending" : what_happened();
      if (trial_.evidence().run.partial) judgement.outcome = Outcome::kInconclusive;
      trial_.add(std::move(judgement));
      return;
    }
    const AlertEpisode& first = *offenders.front();
    const Timestamp when = first.firing_at.value_or(first.pending_at);
    judgement.outcome = Outcome::kFail;
    judgement.at = trial_.offset(when);
    judgement.seen = (first.firing_at ? "fired at " : "went pending at ") + trial_.moment(when) +
                     " with value " + format_number(first.value_at_start, 6);
    judgement.around = alert_background(trial_, expectation_.alert, around_moment(when));
    trial_.add(std::move(judgement));
  }

  TimeWindow around_moment(Timestamp when) const {
    const Duration at = trial_.offset(when);
    return {at, at, {}};
  }

  /// One moment of every episode must lie in the window: the first that does not decides.
  void all_within(Judgement judgement, const Episodes& episodes, const TimeWindow& window,
                  std::string_view verb, bool allow_elsewhere,
                  const std::function<std::optional<Timestamp>(const AlertEpisode&)>& moment_of) {
    const AlertEpisode* hit = nullptr;
    const AlertEpisode* miss = nullptr;
    for (const AlertEpisode* episode : episodes) {
      const auto moment = moment_of(*episode);
      if (moment && trial_.within(*moment, window)) {
        if (hit == nullptr) hit = episode;
      } else if (miss == nullptr && !(allow_elsewhere && moment && claimed_elsewhere(*moment))) {
        miss = episode;
      }
    }
    if (miss == nullptr && hit != nullptr) {
      const Timestamp when = *moment_of(*hit);
      judgement.seen = std::string(verb) + ' ' + trial_.moment(when);
      judgement.at = trial_.offset(when);
      trial_.add(std::move(judgement));
      return;
    }
    if (miss == nullptr) return missing(std::move(judgement), what_happened(), window);
    const auto moment = moment_of(*miss);
    if (!moment) {
      const std::string seen =
          "still active at the end, " + trial_.moment(trial_.evidence().run.end);
      return missing(std::move(judgement), seen, window);
    }
    judgement.outcome = Outcome::kFail;
    judgement.at = trial_.offset(*moment);
    judgement.seen = std::string(verb) + ' ' + trial_.moment(*moment);
    if (episodes.size() > 1) judgement.seen += " by " + miss->labels.to_string();
    judgement.around = alert_background(trial_, expectation_.alert, around_moment(*moment));
    trial_.add(std::move(judgement));
  }

  /// Another expectation on the same alert (a second fault, say) has this firing in its window.
  bool claimed_elsewhere(Timestamp firing) const {
    for (const AlertExpectation& other : trial_.scenario().expect.alerts) {
      if (&other != &expectation_ && other.alert == expectation_.alert && other.fires &&
          trial_.within(firing, *other.fires)) {
        return true;
      }
    }
    return false;
  }

  /// The episodes that the other claims speak of: those that fired in the window when one is given.
  Episodes relevant() const {
    if (!expectation_.fires) return fired_.empty() ? all_ : fired_;
    Episodes inside;
    for (const AlertEpisode* episode : fired_) {
      if (trial_.within(*episode->firing_at, *expectation_.fires)) inside.push_back(episode);
    }
    return inside.empty() ? fired_ : inside;
  }

  void fires(const TimeWindow& window) {
    all_within(begin("fires " + window.text), fired_, window, "fired at", true,
               [](const AlertEpisode& episode) { return episode.firing_at; });
  }

  void pending(const TimeWindow& window) {
    all_within(begin("goes pending " + window.text), relevant(), window, "went pending at", false,
               [](const AlertEpisode& episode) { return std::optional(episode.pending_at); });
  }

  void resolves(const TimeWindow& window) {
    all_within(begin("resolves " + window.text), relevant(), window, "resolved at", false,
               [](const AlertEpisode& episode) { return episode.resolved_at; });
  }

  void fires_at_all() {
    const TimeWindow whole{Duration(0), trial_.scenario().length, "at some time"};
    all_within(begin("fires"), fired_, whole, "fired at", true,
               [](const AlertEpisode& episode) { return episode.firing_at; });
  }

  void times(std::uint32_t wanted) {
    Judgement judgement = begin("fires " + std::to_string(wanted) + " times");
    judgement.seen = "fired " + std::to_string(fired_.size()) + " times";
    if (fired_.size() != wanted) {
      const bool may_come = trial_.evidence().run.partial && fired_.size() < wanted;
      judgement.outcome = may_come ? Outcome::kInconclusive : Outcome::kFail;
      judgement.around = alert_background(trial_, expectation_.alert, std::nullopt);
    }
    trial_.add(std::move(judgement));
  }

  void value(const scenario::ValueClaim& claim) {
    Judgement judgement = begin("value " + claim.text);
    const Episodes episodes = relevant();
    if (episodes.empty() || !episodes.front()->firing_at) {
      const TimeWindow whole{Duration(0), trial_.scenario().length, {}};
      return missing(std::move(judgement), what_happened(), expectation_.fires.value_or(whole));
    }
    for (const AlertEpisode* episode : episodes) {
      if (!episode->firing_at) continue;
      const double at_firing = episode->value_at_firing;
      judgement.seen =
          format_as(claim, at_firing) + " when it fired at " + trial_.moment(*episode->firing_at);
      judgement.at = trial_.offset(*episode->firing_at);
      if (claim.holds(at_firing)) continue;
      judgement.outcome = Outcome::kFail;
      judgement.around =
          alert_background(trial_, expectation_.alert, around_moment(*episode->firing_at));
      break;
    }
    trial_.add(std::move(judgement));
  }

  void annotation(const std::string& name, const std::string& wanted) {
    Judgement judgement = begin("annotation " + name + " is \"" + wanted + '"');
    const Episodes episodes = relevant();
    if (episodes.empty()) {
      const TimeWindow whole{Duration(0), trial_.scenario().length, {}};
      return missing(std::move(judgement), what_happened(), expectation_.fires.value_or(whole));
    }
    for (const AlertEpisode* episode : episodes) {
      const auto it = episode->annotations.find(name);
      judgement.seen =
          it == episode->annotations.end() ? "no such annotation" : '"' + it->second + '"';
      if (it != episode->annotations.end() && it->second == wanted) continue;
      judgement.outcome = Outcome::kFail;
      for (const auto& [key, text] : episode->annotations) {
        judgement.around.push_back(key + ": " + text);
      }
      break;
    }
    trial_.add(std::move(judgement));
  }

  void state_at(const AlertExpectation::StateAt& claim) {
    Judgement judgement = begin("is " + claim.state + " at " + claim.at.text);
    judgement.pos = claim.pos;
    judgement.at = claim.at.offset;
    if (trial_.ended_before(claim.at.offset)) {
      judgement.outcome = Outcome::kInconclusive;
      judgement.seen = "the run ended at " + trial_.clock(trial_.evidence().run.end);
      trial_.add(std::move(judgement));
      return;
    }
    AlertState state = AlertState::kInactive;
    const Timestamp at = trial_.evidence().at_offset(claim.at.offset);
    for (const AlertEpisode* episode : all_) {
      if (episode->pending_at > at || (episode->resolved_at && *episode->resolved_at <= at))
        continue;
      const bool firing = episode->firing_at && *episode->firing_at <= at;
      state = std::max(state, firing ? AlertState::kFiring : AlertState::kPending);
    }
    judgement.seen = std::string(tocsin::to_string(state));
    if (judgement.seen != claim.state) {
      judgement.outcome = Outcome::kFail;
      judgement.around = alert_background(trial_, expectation_.alert, around_moment(at));
    }
    trial_.add(std::move(judgement));
  }

  Trial& trial_;
  const AlertExpectation& expectation_;
  std::string subject_;
  Episodes all_;    ///< episodes of this alert with the wanted labels
  Episodes fired_;  ///< those of them that fired
};

/// "others: none".
void judge_others(Trial& trial) {
  const scenario::Expectations& expect = trial.scenario().expect;
  Judgement judgement = Trial::begin("alert", "others", "none fires", expect.others_pos);
  const std::set<std::string> allowed(expect.others_allowed.begin(), expect.others_allowed.end());
  std::set<std::string> offenders;
  for (const AlertEpisode& episode : trial.evidence().episodes) {
    if (!episode.firing_at || allowed.contains(episode.alert)) continue;
    const bool named =
        std::any_of(expect.alerts.begin(), expect.alerts.end(),
                    [&](const AlertExpectation& claim) { return concerns(claim, episode); });
    if (named) continue;
    offenders.insert(episode.alert);
    judgement.around.push_back(trial.clock(*episode.firing_at) + "  " + episode.alert + " fired " +
                               episode.labels.to_string() + " with value " +
                               format_number(episode.value_at_firing, 6));
    if (!judgement.at) judgement.at = trial.offset(*episode.firing_at);
  }
  if (offenders.empty()) {
    judgement.seen = "nothing else fired";
    if (trial.evidence().run.partial) judgement.outcome = Outcome::kInconclusive;
  } else {
    judgement.outcome = Outcome::kFail;
    judgement.seen = "fired:";
    for (const std::string& alert : offenders) judgement.seen += ' ' + alert;
  }
  trial.add(std::move(judgement));
}

}  // namespace

void judge_alerts(Trial& trial) {
  for (const AlertExpectation& expectation : trial.scenario().expect.alerts) {
    AlertJudge(trial, expectation).run();
  }
  if (trial.scenario().expect.others_none) judge_others(trial);
}

}  // namespace tocsin::assertions
