#include <algorithm>

#include "harness/alerting/config.h"

namespace tocsin::alerting {

std::vector<const Route*> Route::match(const Labels& alert) const {
  if (!matches_all(matchers, alert)) return {};
  std::vector<const Route*> all;
  for (const Route& child : routes) {
    const std::vector<const Route*> found = child.match(alert);
    all.insert(all.end(), found.begin(), found.end());
    if (!found.empty() && !child.continues) break;
  }
  if (all.empty()) all.push_back(this);
  return all;
}

Labels Route::group_labels(const Labels& alert) const {
  return group_by_all ? alert : alert.only(group_by);
}

bool Integration::has(std::string_view key) const {
  return !text(key).empty();
}

std::string Integration::text(std::string_view key, std::string_view otherwise) const {
  if (const yaml::Node* own = node ? node->find(key) : nullptr) {
    if (own->is_scalar()) return own->text;
    if (own->is_null() && globals.count(std::string(key)) == 0) return "";
  }
  const auto inherited = globals.find(std::string(key));
  return inherited == globals.end() ? std::string(otherwise) : inherited->second;
}

bool Integration::flag(std::string_view key, bool otherwise) const {
  const std::string written = text(key);
  if (written.empty()) return otherwise;
  constexpr std::string_view kYes = "tTyY";
  return kYes.find(written[0]) != std::string_view::npos || written == "on" || written == "On" ||
         written == "ON";
}

const Receiver* Config::find_receiver(std::string_view name) const {
  const auto it = std::find_if(receivers.begin(), receivers.end(),
                               [&](const Receiver& receiver) { return receiver.name == name; });
  return it == receivers.end() ? nullptr : &*it;
}

std::vector<std::string> Config::intervals_at(const std::vector<std::string>& names,
                                              Timestamp at) const {
  std::vector<std::string> holding;
  for (const std::string& name : names) {
    const auto it = time_intervals.find(name);
    if (it == time_intervals.end()) continue;
    const bool holds = std::any_of(it->second.begin(), it->second.end(),
                                   [&](const TimeInterval& one) { return one.contains(at); });
    if (holds) holding.push_back(name);
  }
  return holding;
}

}  // namespace tocsin::alerting
