#include <algorithm>

#include "assertions/trial.h"

/// Load: throughput, errors and latency as the load generator saw them.

namespace tocsin::assertions {
namespace {

using scenario::LoadExpectation;
using scenario::ValueClaim;

/// What was measured in a claim's window.
struct Measured {
  LoadCounts counts;
  double seconds = 0;
};

std::optional<Measured> measured(const Trial& trial, const LoadExpectation& claim) {
  const std::optional<LoadResult>& load = trial.evidence().load;
  if (!load) return std::nullopt;
  Measured result;
  if (!claim.window) {
    if (claim.endpoint.empty()) {
      result.counts = load->total;
    } else if (const auto it = load->by_endpoint.find(claim.endpoint);
               it != load->by_endpoint.end()) {
      result.counts = it->second;
    }
    result.seconds = to_seconds(load->to - load->from);
    return result;
  }
  const TimeRange range = trial.range(*claim.window);
  for (const LoadSlice& slice : load->slices) {
    if (slice.from < range.from || slice.from + slice.length > range.to) continue;
    if (claim.endpoint.empty()) {
      result.counts.merge(slice.counts);
    } else if (const auto it = slice.by_endpoint.find(claim.endpoint);
               it != slice.by_endpoint.end()) {
      result.counts.merge(it->second);
    }
    result.seconds += to_seconds(slice.length);
  }
  return result;
}

std::string summary(const LoadCounts& counts) {
  std::string text = std::to_string(counts.ledger.scheduled) + " scheduled, " +
                     std::to_string(counts.ledger.completed) + " completed, " +
                     std::to_string(counts.ledger.failed) + " failed, " +
                     std::to_string(counts.ledger.dropped) + " dropped, " +
                     std::to_string(counts.ledger.unfinished) + " unfinished;";
  for (const auto& [status, count] : counts.by_status) {
    text += ' ' + std::to_string(status) + ": " + std::to_string(count);
  }
  for (const auto& [reason, count] : counts.by_error) {
    text += ", " + reason + ": " + std::to_string(count);
  }
  return text;
}

/// As scenarios write it: p99.9, max.
std::string percentile_name(double share) {
  return share >= 1 ? "max" : "p" + format_number(share * 100, 6);
}

class LoadJudge {
 public:
  LoadJudge(Trial& trial, const LoadExpectation& expectation)
      : trial_(trial), expectation_(expectation), measured_(measured(trial, expectation)) {}

  void run() {
    if (expectation_.throughput) {
      judge("throughput", *expectation_.throughput, [](const Measured& m) {
        return m.seconds > 0 ? static_cast<double>(m.counts.ledger.completed) / m.seconds : 0;
      });
    }
    if (expectation_.error_rate) {
      judge("error rate", *expectation_.error_rate, [](const Measured& m) {
        const auto finished = m.counts.ledger.completed + m.counts.ledger.failed;
        return finished > 0 ? static_cast<double>(m.counts.errors()) / static_cast<double>(finished)
                            : 0;
      });
    }
    if (expectation_.requests) {
      judge("requests", *expectation_.requests,
            [](const Measured& m) { return static_cast<double>(m.counts.ledger.scheduled); });
    }
    for (const auto& [percentile, claim] : expectation_.percentiles) {
      judge(percentile_name(percentile), claim, [p = percentile](const Measured& m) {
        return to_seconds(m.counts.response.quantile(p));
      });
    }
  }

 private:
  template <class Figure>
  void judge(const std::string& what, const ValueClaim& claim, Figure figure) {
    std::string text = what + ' ' + claim.text;
    if (expectation_.window) text += ' ' + expectation_.window->text;
    Judgement judgement =
        Trial::begin("load", expectation_.endpoint.empty() ? "all" : expectation_.endpoint,
                     std::move(text), expectation_.pos);
    if (!measured_ || measured_->counts.ledger.scheduled == 0) {
      judgement.outcome = Outcome::kInconclusive;
      judgement.seen = "no requests were measured in this time";
      return trial_.add(std::move(judgement));
    }
    const double value = figure(*measured_);
    judgement.seen = format_as(claim, value) + " of " +
                     std::to_string(measured_->counts.ledger.scheduled) + " requests";
    if (!claim.holds(value)) {
      judgement.outcome = Outcome::kFail;
      judgement.around = background();
    }
    trial_.add(std::move(judgement));
  }

  std::vector<std::string> background() const {
    std::vector<std::string> lines = {summary(measured_->counts)};
    std::string latencies = "response time";
    for (const double p : {0.5, 0.9, 0.95, 0.99, 1.0}) {
      latencies +=
          ' ' + percentile_name(p) + ' ' + format_latency(measured_->counts.response.quantile(p));
    }
    lines.push_back(std::move(latencies));
    return lines;
  }

  Trial& trial_;
  const LoadExpectation& expectation_;
  std::optional<Measured> measured_;
};

}  // namespace

void judge_load(Trial& trial) {
  for (const LoadExpectation& claim : trial.scenario().expect.load) LoadJudge(trial, claim).run();
}

}  // namespace tocsin::assertions
