#include "harness/model/dashboards.h"

#include <map>

#include "assertions/trial.h"

/// Those through which humans look at the system: what a run asked Grafana and Jaeger must have
/// been well each time. Nothing in a scenario asks for it; the run does, once it knows where they
/// are.

namespace tocsin::assertions {

void judge_dashboards(Trial& trial) {
  std::map<std::pair<std::string, std::string>, Judgement> looked_at;
  for (const ProbeResult& probe : trial.evidence().probes) {
    if (!is_dashboard(probe.target)) continue;
    const auto key = std::make_pair(probe.target, probe.endpoint);
    auto it = looked_at.find(key);
    if (it == looked_at.end()) {
      Judgement judgement = Trial::begin("dashboards", probe.target, probe.endpoint + " is well",
                                         SourcePos{trial.scenario().file, 0, 0});
      it = looked_at.emplace(key, std::move(judgement)).first;
    }
    Judgement& judgement = it->second;
    if (probe.error.empty() || judgement.outcome == Outcome::kFail) continue;
    judgement.outcome = Outcome::kFail;
    judgement.at = trial.offset(probe.at);
    judgement.seen = probe.error;
  }
  for (auto& [key, judgement] : looked_at) trial.add(std::move(judgement));
}

}  // namespace tocsin::assertions
