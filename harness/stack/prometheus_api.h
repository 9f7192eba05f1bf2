#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/backtest/query_answer.h"
#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/model/series.h"
#include "harness/stack/http_api.h"

namespace tocsin::stack {

/// A scraped target, as /api/v1/targets shows it.
struct TargetStatus {
  std::string pool;  ///< the scrape job's name
  Labels labels;
  std::string url;
  std::string health;  ///< "up", "down", "unknown"
  std::string error;   ///< of the last scrape
  std::optional<Timestamp> last_scrape;
};

struct ActiveAlert {
  Labels labels;
  std::map<std::string, std::string> annotations;
  bool firing = false;
  Timestamp active_at = {};  ///< since when it is pending
  double value = 0;
};

struct RuleStatus {
  std::string name;
  bool alerting = true;
  std::string query;
  Duration hold{0};
  Duration keep_firing_for{0};
  std::map<std::string, std::string> labels;
  std::string health;  ///< "ok", "err", "unknown"
  std::string error;
  std::vector<ActiveAlert> alerts;
};

struct GroupStatus {
  std::string name;
  std::string file;
  Duration interval{0};
  std::optional<Timestamp> last_evaluation;
  Nanos evaluation_time{0};
  std::vector<RuleStatus> rules;
};

/// The parts of Prometheus' HTTP API that a run needs. One request at a time.
class PrometheusApi {
 public:
  PrometheusApi(net::Loop& loop, ApiOptions options) : api_(loop, std::move(options)) {}

  /// An error unless it says that it is ready.
  net::Task<Result<void>> ready();
  net::Task<Result<std::string>> version();
  /// Reads its configuration anew; only where that is allowed.
  net::Task<Result<void>> reload();
  /// Forgets all samples up to `until`; likewise.
  net::Task<Result<void>> forget(Timestamp until);
  net::Task<Result<std::vector<TargetStatus>>> targets();
  net::Task<Result<std::vector<GroupStatus>>> rules();
  /// How many Alertmanagers it knows and sends to.
  net::Task<Result<std::size_t>> alertmanagers();
  /// The samples of a selector in (from, to], as they are stored but for stale markers.
  net::Task<Result<std::vector<backtest::AnswerSeries>>> samples(std::string selector,
                                                                 Timestamp from, Timestamp to);
  /// What is known of metric families, by name.
  net::Task<Result<std::map<std::string, FamilyInfo>>> metadata();

 private:
  HttpApi api_;
};

/// The same from the API's answers.
Result<std::vector<TargetStatus>> targets_of_answer(const nlohmann::json& answer);
Result<std::vector<GroupStatus>> rules_of_answer(const nlohmann::json& answer);

}  // namespace tocsin::stack
