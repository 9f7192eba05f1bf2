#include "harness/run/target_silence.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace tocsin::run {
namespace {

constexpr int kFewAttempts = 2;

/// What is known of the target's answers, in the order of time or not.
class Silence {
 public:
  explicit Silence(const Evidence& evidence) {
    for (const ScrapeRecord& scrape : evidence.scrapes) {
      if (scrape.target == "service") take(scrape.at, scrape.ok, scrape.error);
    }
    for (const ProbeResult& probe : evidence.probes) {
      if (probe.target == "service") take(probe.at, probe.status_code != 0, probe.error);
    }
    if (!evidence.load) return;
    for (const LoadSlice& slice : evidence.load->slices) {
      const LoadCounts& counts = slice.counts;
      if (counts.ledger.completed > 0) take(slice.from + slice.length, true, {});
      if (counts.ledger.completed > 0 || counts.by_error.empty()) continue;
      take(slice.from, false, counts.by_error.begin()->first);
    }
  }

  std::optional<Timestamp> last_answer() const { return answered_; }
  /// Attempts after the last answer, and what the last of them got.
  int failures() const {
    return static_cast<int>(std::count_if(failed_.begin(), failed_.end(), [&](const auto& failure) {
      return !answered_ || failure.at > *answered_;
    }));
  }
  std::string last_error() const {
    const auto by_time = [](const Failed& a, const Failed& b) { return a.at < b.at; };
    const auto last = std::max_element(failed_.begin(), failed_.end(), by_time);
    return last == failed_.end() ? "" : last->error;
  }

 private:
  struct Failed {
    Timestamp at;
    std::string error;
  };

  /// A page that can't be read is an answer, too. Words of this program's and of Prometheus'.
  static bool is_answer(const std::string& error) {
    static constexpr std::string_view kNone[] = {
        "timeout",           "connection refused", "connection reset",
        "closed by peer",    "name not found",     "unreachable",
        "deadline exceeded", "no such host",       "EOF"};
    return std::none_of(std::begin(kNone), std::end(kNone), [&](std::string_view none) {
      return error.find(none) != std::string::npos;
    });
  }

  void take(Timestamp at, bool ok, const std::string& error) {
    if (ok || is_answer(error)) {
      answered_ = std::max(at, answered_.value_or(at));
    } else {
      failed_.push_back({at, error});
    }
  }

  std::optional<Timestamp> answered_;
  std::vector<Failed> failed_;
};

/// A fault of the service, of the network to it or made on the outside, that was in force at or
/// after that offset.
bool is_explained(const scenario::Scenario& scenario, Duration since) {
  // The last answer may have come a little after the fault's start, and been counted later still.
  const Duration slack = 2 * scenario.system->service.scrape_interval;
  return std::any_of(scenario.faults.begin(), scenario.faults.end(), [&](const auto& fault) {
    const bool concerns =
        fault.target == "service" || !fault.network_faults.empty() || fault.action.has_value();
    return concerns && fault.end() + slack >= since;
  });
}

}  // namespace

std::string target_silence(const Evidence& evidence, const scenario::Scenario& scenario,
                           const std::string& url) {
  const Silence silence(evidence);
  if (silence.failures() < kFewAttempts) return {};
  if (!silence.last_answer()) {
    if (is_explained(scenario, Duration(0))) return {};
    return fmt::format("the target at {} has never answered ({})", url, silence.last_error());
  }
  const Duration since = evidence.offset_of(*silence.last_answer());
  if (is_explained(scenario, since)) return {};
  return fmt::format("the target at {} has not answered since {} ({}), and no fault explains that",
                     url, format_duration(std::chrono::floor<std::chrono::seconds>(since)),
                     silence.last_error());
}

}  // namespace tocsin::run
