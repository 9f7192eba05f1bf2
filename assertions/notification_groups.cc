#include <algorithm>
#include <set>

#include "assertions/notification_bench.h"

/// Which alerts come in one notification? Of several alerts by name, the names are what is together
/// or apart; of one, or of any, its instances.

namespace tocsin::assertions {
namespace {

using Members = std::set<std::string>;

class Grouping {
 public:
  explicit Grouping(NotificationBench& bench)
      : bench_(bench), by_name_(bench.expectation().alerts.size() > 1) {
    for (const AlertEpisode* episode : bench.scope().active_in_window()) {
      fired_.insert(member(episode->labels));
    }
  }

  void together() {
    Judgement judgement = bench_.begin("is told together");
    if (!has_several(judgement)) return;
    const Told* best = nullptr;
    Members most;
    for (const Told* told : bench_.scope().pages()) {
      Members here = members_in(*told);
      if (best != nullptr && here.size() <= most.size()) continue;
      best = told;
      most = std::move(here);
    }
    if (best == nullptr) return bench_.missing_page(std::move(judgement));
    Members lacking;
    std::set_difference(fired_.begin(), fired_.end(), most.begin(), most.end(),
                        std::inserter(lacking, lacking.end()));
    if (lacking.empty())
      return bench_.pass(std::move(judgement), bench_.told_at(*best), best->at());
    bench_.missing(std::move(judgement),
                   "at most " + std::to_string(most.size()) + " of " +
                       std::to_string(fired_.size()) + " in one, " + bench_.told_at(*best) +
                       "; without " + list_text(lacking),
                   bench_.scope().until(), bench_.around(best->at()));
  }

  void apart() {
    Judgement judgement = bench_.begin("is told apart");
    if (!has_several(judgement)) return;
    Members untold = fired_;
    const auto pages = bench_.scope().pages();
    for (const Told* told : pages) {
      const Members here = members_in(*told);
      if (here.size() > 1) {
        return bench_.fail_at(std::move(judgement),
                              list_text(here) + " in one, " + bench_.told_at(*told), told->at());
      }
      for (const std::string& one : here) untold.erase(one);
    }
    if (untold.empty()) {
      return bench_.pass_if_complete(std::move(judgement), std::to_string(fired_.size()) + " in " +
                                                               count_text(pages.size(), "page"));
    }
    // Nothing is apart from what is not told.
    for (const AlertEpisode* episode : bench_.scope().active_in_window()) {
      if (!untold.contains(member(episode->labels))) continue;
      return bench_.missing(
          std::move(judgement),
          alert_text(episode->labels) + ' ' + why_untold(bench_.scope(), *episode),
          bench_.scope().until(), bench_.around(*episode->firing_at));
    }
  }

 private:
  std::string member(const Labels& alert) const {
    return by_name_ ? std::string(alert.get("alertname")) : alert_text(alert);
  }

  Members members_in(const Told& told) const {
    Members members;
    for (const Labels& alert : bench_.scope().firing_in(told)) {
      const std::size_t subject = bench_.log().subject_of(alert);
      members.insert(member(subject == kNoSubject ? alert : bench_.log().subjects()[subject]));
    }
    return members;
  }

  /// False, and the judgement is made, where nothing can be together or apart.
  bool has_several(Judgement& judgement) {
    std::string seen;
    if (by_name_) {
      for (const std::string& name : bench_.expectation().alerts) {
        if (!fired_.contains(name)) seen = name + " never fired";
      }
    } else if (fired_.size() < 2) {
      seen = fired_.empty() ? bench_.never_fired() : "only one alert fired: " + *fired_.begin();
    }
    if (seen.empty()) return true;
    bench_.missing(std::move(judgement), std::move(seen), bench_.scope().until(),
                   bench_.expectation().window);
    return false;
  }

  static std::string list_text(const Members& members) {
    constexpr std::size_t kShown = 3;
    std::string text;
    std::size_t n = 0;
    for (const std::string& one : members) {
      if (n++ == kShown) {
        return text + " and " + std::to_string(members.size() - kShown) + " more";
      }
      text += (text.empty() ? "" : ", ") + one;
    }
    return text;
  }

  NotificationBench& bench_;
  bool by_name_;
  Members fired_;
};

}  // namespace

void judge_notification_groups(NotificationBench& bench) {
  if (bench.expectation().together) Grouping(bench).together();
  if (bench.expectation().apart) Grouping(bench).apart();
}

}  // namespace tocsin::assertions
