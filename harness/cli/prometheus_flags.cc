#include "harness/cli/prometheus_flags.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/net/tls.h"

namespace tocsin::cli {
namespace {

void read_headers(const PrometheusFlags& flags, http::Headers& headers, Diagnostics& diagnostics) {
  read_header_flags(flags.headers, headers, diagnostics);
  if (flags.bearer_token_file.empty()) return;
  const auto bearer = bearer_of("--bearer-token-file", flags.bearer_token_file);
  if (bearer.has_error()) {
    diagnostics.add(bearer.error());
  } else {
    headers.set("Authorization", *bearer);
  }
}

void read_duration(const std::string& flag, const std::string& text, Nanos& into,
                   Diagnostics& diagnostics) {
  if (text.empty()) return;
  const auto duration = parse_duration(text);
  if (duration.has_error()) {
    diagnostics.add(flag_error(flag, duration.error()));
  } else if (*duration <= Duration(0)) {
    diagnostics.add(input_error({}, flag + ": expected a duration above 0"));
  } else {
    into = *duration;
  }
}

}  // namespace

void add_prometheus_options(CLI::App& command, PrometheusFlags& flags) {
  command
      .add_option("--prometheus", flags.url,
                  "Fetch what the rules look at from this Prometheus; needs --from")
      ->type_name("URL");
  command
      .add_option("--cache", flags.cache,
                  "Keep what is fetched in this file, and fetch only what it does not have")
      ->type_name("FILE");
  command
      .add_option("--header", flags.headers,
                  "Send \"Name: value\" with each request; may be repeated")
      ->allow_extra_args(false)
      ->type_name("HEADER");
  command.add_option("--bearer-token-file", flags.bearer_token_file, "Send the token in this file")
      ->type_name("FILE");
  command.add_option("--ca-file", flags.ca_file, "PEM file of trusted authorities")
      ->type_name("FILE");
  command.add_flag("-k,--insecure", flags.insecure, "Accept any TLS certificate");
  command.add_option("--timeout", flags.timeout, "For one request; default: 2m")
      ->type_name("DURATION");
  command.add_option("--deadline", flags.deadline, "For all of the fetching; default: 1h")
      ->type_name("DURATION");
  command
      .add_option("--retry-pause", flags.retry_pause,
                  "Before the first retry; doubles each time. Default: 500ms")
      ->type_name("DURATION");
}

const char* needless_prometheus_flag(const PrometheusFlags& flags) {
  if (!flags.cache.empty()) return "--cache";
  if (!flags.headers.empty()) return "--header";
  if (!flags.bearer_token_file.empty()) return "--bearer-token-file";
  if (!flags.ca_file.empty()) return "--ca-file";
  if (flags.insecure) return "--insecure";
  if (!flags.timeout.empty()) return "--timeout";
  if (!flags.deadline.empty()) return "--deadline";
  if (!flags.retry_pause.empty()) return "--retry-pause";
  return nullptr;
}

backtest::PrometheusOptions prometheus_options(const PrometheusFlags& flags,
                                               Diagnostics& diagnostics) {
  backtest::PrometheusOptions options;
  auto url = http::parse_url(flags.url);
  if (url.has_error()) {
    diagnostics.add(flag_error("--prometheus", url.error()));
  } else {
    options.url = std::move(*url);
  }
  read_headers(flags, options.headers, diagnostics);
  read_duration("--timeout", flags.timeout, options.request_timeout, diagnostics);
  read_duration("--deadline", flags.deadline, options.deadline, diagnostics);
  read_duration("--retry-pause", flags.retry_pause, options.first_pause, diagnostics);
  options.cache = flags.cache;
  options.stop = &interrupted();
  if (options.url.tls) {
    net::TlsClientOptions tls;
    tls.verify = !flags.insecure;
    tls.ca_file = flags.ca_file;
    auto context = net::TlsContext::client(std::move(tls));
    if (context.has_error()) {
      diagnostics.add(flag_error("--ca-file", context.error()));
    } else {
      options.tls = std::move(*context);
    }
  }
  return options;
}

Result<backtest::FetchStats> fetch_with_progress(const backtest::FetchPlan& plan,
                                                 const backtest::PrometheusOptions& options,
                                                 metrics::Store& store) {
  ProgressBar bar;
  const auto show = [&](const backtest::FetchProgress& progress) {
    std::string details =
        fmt::format("{} samples, {} requests", progress.samples, progress.requests);
    if (progress.retries > 0) details += fmt::format(", {} retries", progress.retries);
    bar.show("Fetching", progress.done, progress.planned, details);
  };
  watch_interrupts();
  auto fetched = backtest::fetch_samples(plan, options, store, show);
  exit_on_interrupts();
  return fetched;
}

}  // namespace tocsin::cli
