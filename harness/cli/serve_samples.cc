#include "harness/cli/serve_samples.h"

#include <charconv>
#include <thread>

#include <fmt/format.h>

#include "harness/base/file.h"
#include "harness/base/utf8.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/promapi/server.h"

namespace tocsin::cli {
namespace {

Result<net::ListenOptions> parse_listen(const std::string& text) {
  net::ListenOptions options;
  const std::size_t colon = text.rfind(':');
  const std::string_view port =
      colon == std::string::npos ? std::string_view() : std::string_view(text).substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) {
    Error bad = input_error({}, "--listen: expected ADDRESS:PORT, got \"" + text + '"');
    bad.hints.emplace_back("write it like 127.0.0.1:9090; port 0 is one that the kernel chooses");
    return bad;
  }
  options.host = text.substr(0, colon);
  if (options.host.starts_with('[') && options.host.ends_with(']')) {
    options.host = options.host.substr(1, options.host.size() - 2);
  }
  if (options.host.empty()) options.host = "0.0.0.0";
  return options;
}

/// Nullopt after complaints.
std::optional<std::vector<rules::RuleFile>> load_rules(const ServeSamplesFlags& flags) {
  Diagnostics diagnostics;
  std::vector<rules::RuleFile> files;
  for (const std::string& path : flags.rule_files) {
    const rules::RuleFile& file = files.emplace_back(
        rules::load_rule_file(path, diagnostics, {.version_2 = flags.samples.version == "2"}));
    for (const Error& warning : file.warnings) {
      complain("warning: " + printable(to_string(warning)) + '\n');
    }
  }
  if (diagnostics.ok()) return files;
  complain(diagnostics.render());
  return std::nullopt;
}

std::string describe(const metrics::Store& store, const std::string& url) {
  std::string text = fmt::format("{} series with {} samples", store.series_count(), store.size());
  if (const auto range = store.time_range()) {
    text += fmt::format(", {} to {}", format_rfc3339(range->from), format_rfc3339(range->to));
  }
  return text + fmt::format("\nPrometheus' HTTP API is at {}; stop it with Ctrl-C\n", url);
}

bool write_port_file(const std::string& path, const std::string& url) {
  if (path.empty()) return true;
  const auto written = write_file_atomically(path, "api " + url + '\n');
  if (written.has_error()) complain(render(written.error()));
  return !written.has_error();
}

}  // namespace

ExitCode serve_samples(const ServeSamplesFlags& flags) {
  const std::optional<promql::QueryOptions> query = query_options(flags.samples);
  const Result<net::ListenOptions> listen = parse_listen(flags.listen);
  Result<Duration> interval = parse_duration(flags.interval);
  if (!listen) complain(render(listen.error()));
  if (interval && *interval <= Duration(0)) interval = input_error({}, "expected more than 0");
  if (!interval) complain(render(flag_error("--interval", interval.error())));
  if (!query || !listen || !interval) return ExitCode::kBadInput;
  auto files = load_rules(flags);
  if (!files) return ExitCode::kBadInput;
  const std::unique_ptr<metrics::Store> store = load_samples(flags.samples.files);
  if (!store) return ExitCode::kBadInput;
  const auto range = store->time_range();
  const promapi::RuleState rules =
      promapi::evaluate_rules(std::move(*files), *store, *query, *interval);
  promapi::ApiOptions options;
  options.query = *query;
  if (query->version_2) options.version = "2.42.0";
  if (range) options.default_time = range->to;
  const promapi::Api api(*store, &rules, std::move(options));
  watch_interrupts();
  auto server = promapi::ApiServer::open(api, {.listen = *listen});
  if (server.has_error()) {
    complain(render(server.error()));
    return ExitCode::kInconclusive;
  }
  print(describe(*store, (*server)->url()));
  if (!write_port_file(flags.port_file, (*server)->url())) return ExitCode::kInconclusive;
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return ExitCode::kPassed;
}

}  // namespace tocsin::cli
