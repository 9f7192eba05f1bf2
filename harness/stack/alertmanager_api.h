#pragma once

#include <string>
#include <vector>

#include "harness/base/time.h"
#include "harness/model/labels.h"
#include "harness/stack/http_api.h"

namespace tocsin::stack {

/// An alert that Alertmanager has and that has not ended.
struct RoutedAlert {
  Labels labels;
  std::string fingerprint;
  std::vector<std::string> receivers;
  std::vector<std::string> inhibited_by;  ///< fingerprints
  std::vector<std::string> silenced_by;   ///< silences' ids
  std::vector<std::string> muted_by;      ///< time intervals; since 0.28
};

struct SilenceMatcher {
  std::string name;
  std::string value;
  bool regex = false;
  bool equal = true;
};

struct NewSilence {
  std::vector<SilenceMatcher> matchers;
  Timestamp starts_at = {};
  Timestamp ends_at = {};
  std::string created_by = "tocsin";
  std::string comment;
};

/// The parts of Alertmanager's API, version 2, that a run needs. One request at a time.
class AlertmanagerApi {
 public:
  AlertmanagerApi(net::Loop& loop, ApiOptions options) : api_(loop, std::move(options)) {}

  net::Task<Result<void>> ready();
  net::Task<Result<std::string>> version();
  /// The configuration that is in force, as YAML, without its secrets.
  net::Task<Result<std::string>> configuration();
  net::Task<Result<std::vector<RoutedAlert>>> alerts();
  /// Its id.
  net::Task<Result<std::string>> add_silence(NewSilence silence);
  net::Task<Result<void>> expire_silence(std::string id);
  /// The comment of a silence.
  net::Task<Result<std::string>> silence_comment(std::string id);

 private:
  net::Task<Result<nlohmann::json>> status();

  HttpApi api_;
};

Result<std::vector<RoutedAlert>> alerts_of_answer(const nlohmann::json& answer);

}  // namespace tocsin::stack
