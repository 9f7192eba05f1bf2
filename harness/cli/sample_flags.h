#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/store.h"
#include "harness/promql/evaluator.h"

namespace CLI {
class App;
}

namespace tocsin::cli {

/// The flags of commands that evaluate PromQL over sample files.
struct SampleFlags {
  std::vector<std::string> files;
  std::string version = "3";
  std::string lookback = "5m";
  std::string timeout = "2m";
  std::uint64_t max_samples = promql::QueryOptions().max_samples;
};

void add_sample_flags(CLI::App& command, SampleFlags& flags);

/// Nullopt after complaints.
std::optional<promql::QueryOptions> query_options(const SampleFlags& flags);

/// All files in one store; null after complaints about each that is wrong. Refused samples are a
/// warning.
std::unique_ptr<metrics::Store> load_samples(const std::vector<std::string>& files);

}  // namespace tocsin::cli
