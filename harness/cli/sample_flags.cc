#include "harness/cli/sample_flags.h"

#include <algorithm>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/metrics/openmetrics_file.h"

namespace tocsin::cli {
namespace {

/// More than zero.
Result<Duration> positive_flag(const std::string& flag, const std::string& text) {
  const Result<Duration> duration = parse_duration(text);
  if (duration.has_error()) return flag_error(flag, duration.error());
  if (*duration <= Duration(0)) {
    return input_error({}, flag + ": expected a duration above zero, got \"" + text + '"');
  }
  return duration;
}

}  // namespace

void add_sample_flags(CLI::App& command, SampleFlags& flags) {
  command
      .add_option("--samples", flags.files,
                  "OpenMetrics file with timestamps, plain or gzip; may be given several times")
      ->type_name("FILE");
  add_promql_option(command, flags.version);
  command.add_option("--lookback", flags.lookback, "How old a selector's sample may be")
      ->capture_default_str()
      ->type_name("DURATION");
  command.add_option("--timeout", flags.timeout, "How long a query may take")
      ->capture_default_str()
      ->type_name("DURATION");
  expect_whole_number(
      *command.add_option("--max-samples", flags.max_samples, "How many samples a query may hold")
           ->capture_default_str());
}

std::optional<promql::QueryOptions> query_options(const SampleFlags& flags) {
  Diagnostics diagnostics;
  const Result<Duration> lookback = positive_flag("--lookback", flags.lookback);
  if (!lookback) diagnostics.add(lookback.error());
  const Result<Duration> timeout = positive_flag("--timeout", flags.timeout);
  if (!timeout) diagnostics.add(timeout.error());
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return std::nullopt;
  }
  promql::QueryOptions options;
  options.lookback = *lookback;
  options.timeout = *timeout;
  options.max_samples = flags.max_samples;
  options.version_2 = flags.version == "2";
  options.cancelled = &interrupted();
  return options;
}

std::unique_ptr<metrics::Store> load_samples(const std::vector<std::string>& files) {
  auto store = std::make_unique<metrics::Store>();
  Diagnostics diagnostics;
  std::string warnings;
  metrics::ImportOptions how;
  how.threads = std::max(1U, std::thread::hardware_concurrency());
  for (const std::string& file : files) {
    const Result<metrics::ImportStats> read = metrics::import_openmetrics(file, *store, how);
    if (!read) {
      diagnostics.add(read.error());
    } else if (read->refused > 0) {
      warnings += fmt::format(
          "warning: {}: {} samples were left out: their series have another value at that time\n",
          printable(file), read->refused);
    }
  }
  if (!diagnostics.ok()) {
    complain(diagnostics.render());
    return nullptr;
  }
  complain(warnings);
  store->shrink_to_fit();
  return store;
}

}  // namespace tocsin::cli
