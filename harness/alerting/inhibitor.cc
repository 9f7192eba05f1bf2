#include "harness/alerting/inhibitor.h"

namespace tocsin::alerting {
namespace {

std::uint64_t hash_of_values(const Labels& labels, const std::vector<std::string>& names) {
  std::uint64_t sum = 14695981039346656037ULL;
  for (const std::string& name : names) {
    for (const char c : labels.get(name)) {
      sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    }
    sum = (sum ^ 0xFFU) * 1099511628211ULL;
  }
  return sum;
}

}  // namespace

Inhibitor::Inhibitor(const std::vector<InhibitRule>& rules)
    : rules_(rules), states_(rules.size()) {}

InhibitRoles Inhibitor::roles_of(const Labels& labels) const {
  InhibitRoles roles;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const InhibitRule& rule = rules_[i];
    const bool source = matches_all(rule.source, labels);
    const bool target = matches_all(rule.target, labels);
    if (!source && !target) continue;
    const InhibitRoles::Role role{static_cast<std::uint32_t>(i), hash_of_values(labels, rule.equal),
                                  source && target};
    if (source) roles.sources.push_back(role);
    if (target) roles.targets.push_back(role);
  }
  return roles;
}

void Inhibitor::update(std::uint64_t fingerprint, const InhibitRoles& roles, Timestamp ends_at) {
  for (const InhibitRoles::Role& role : roles.sources) {
    State& state = states_[role.rule];
    state.sources[fingerprint] = {ends_at, role.equal, role.both};
    const auto [indexed, is_new] = state.index.emplace(role.equal, fingerprint);
    if (is_new || indexed->second == fingerprint) continue;
    const auto existing = state.sources.find(indexed->second);
    if (existing == state.sources.end() || existing->second.ends_at <= ends_at) {
      indexed->second = fingerprint;
    }
  }
}

std::optional<std::uint64_t> Inhibitor::muted_by(const InhibitRoles& roles, Timestamp now) const {
  for (const InhibitRoles::Role& role : roles.targets) {
    const State& state = states_[role.rule];
    const auto indexed = state.index.find(role.equal);
    if (indexed == state.index.end()) continue;
    const auto source = state.sources.find(indexed->second);
    if (source == state.sources.end() || source->second.ends_at <= now) continue;
    // An alert on both sides is not muted by another such.
    if (role.both && source->second.both) continue;
    return indexed->second;
  }
  return std::nullopt;
}

void Inhibitor::collect_garbage(Timestamp now) {
  for (State& state : states_) {
    for (auto it = state.sources.begin(); it != state.sources.end();) {
      if (it->second.ends_at <= now) {
        // Alertmanager drops the entry of these `equal` labels, whichever source it names.
        state.index.erase(it->second.equal);
        it = state.sources.erase(it);
      } else {
        ++it;
      }
    }
  }
}

}  // namespace tocsin::alerting
