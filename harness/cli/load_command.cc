#include <algorithm>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/file.h"
#include "harness/base/units.h"
#include "harness/cli/command.h"
#include "harness/cli/flags.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/terminal.h"
#include "harness/traffic/load.h"

/// `tocsin load`: the load engine alone, against any URL.

namespace tocsin::cli {
namespace {

constexpr Duration kLongest = std::chrono::days(366);
constexpr double kHighestRate = 1e9;

struct LoadCommandOptions {
  std::string url;
  std::string rate;
  std::string length = "10s";
  std::string warm_up;
  std::uint32_t users = 0;
  std::string think;
  std::optional<std::uint64_t> count;
  std::string arrivals = "paced";
  std::uint32_t connections = 64;
  std::uint32_t threads = 1;
  std::string timeout = "10s";
  std::string method = "GET";
  std::vector<std::string> headers;
  std::string body;
  bool no_keep_alive = false;
  bool insecure = false;
  std::string ca_file;
  std::uint64_t seed = 1;
  std::string json;
};

Result<Duration> duration_flag(const std::string& flag, const std::string& text) {
  auto duration = parse_duration(text);
  if (duration.has_error()) return flag_error(flag, duration.error());
  if (*duration > kLongest) {
    return input_error({}, flag + ": expected at most " + format_duration(kLongest));
  }
  return duration;
}

Result<double> rate_flag(const std::string& text) {
  auto rate = parse_quantity(text);
  if (rate.has_error()) return flag_error("--rate", rate.error());
  if (rate->dimension != Dimension::kRate || !(rate->value > 0)) {
    return input_error(
        {}, "--rate: expected a rate like 50/s, 3000/m or 10/s..200/s, got \"" + text + '"');
  }
  if (rate->value > kHighestRate) {
    return input_error({}, "--rate: more than 1,000,000,000 requests per second");
  }
  return rate->value;
}

Result<traffic::RateShape> shape_flag(const std::string& text) {
  const std::size_t dots = text.find("..");
  if (dots == std::string::npos) {
    TRY(const double rate, rate_flag(text));
    return traffic::RateShape(traffic::ConstantRate{rate});
  }
  TRY(const double from, rate_flag(text.substr(0, dots)));
  TRY(const double to, rate_flag(text.substr(dots + 2)));
  return traffic::RateShape(traffic::RampRate{from, to});
}

/// An open loop has a schedule, a closed one has users.
Result<void> check_loop(const LoadCommandOptions& options) {
  const char* open = !options.rate.empty() ? "--rate" : options.count ? "--count" : nullptr;
  const char* closed = options.users > 0 ? "--users" : !options.think.empty() ? "--think" : nullptr;
  if (open == nullptr || closed == nullptr) return {};
  return input_error(
      {}, fmt::format("{} is of an open loop and {} of a closed one: choose", open, closed));
}

Result<traffic::Traffic> traffic_of(const LoadCommandOptions& options) {
  TRY_VOID(check_loop(options));
  traffic::Phase phase;
  TRY(phase.length, duration_flag("--for", options.length));
  if (phase.length.count() <= 0) return input_error({}, "--for: must be longer than 0");
  phase.arrivals =
      options.arrivals == "poisson" ? traffic::Arrivals::kPoisson : traffic::Arrivals::kPaced;
  phase.count = options.count;
  if (!options.rate.empty()) {
    TRY(phase.shape, shape_flag(options.rate));
  } else if (!options.count) {
    // Without a rate: as fast as the server answers.
    traffic::Users users;
    users.count = options.users > 0 ? options.users : options.connections;
    const std::string think = options.think.empty() ? "0" : options.think;
    TRY(users.think, duration_flag("--think", think));
    phase.users = users;
  } else {
    phase.shape = traffic::ConstantRate{1};
  }
  traffic::Traffic traffic;
  if (!options.warm_up.empty()) {
    traffic::Phase warm_up = phase;
    TRY(warm_up.length, duration_flag("--warm-up", options.warm_up));
    warm_up.warm_up = true;
    warm_up.count.reset();
    traffic.phases.push_back(std::move(warm_up));
  }
  traffic.phases.push_back(std::move(phase));
  return traffic;
}

Result<traffic::LoadOptions> load_options(const LoadCommandOptions& options) {
  traffic::LoadOptions load;
  load.url = options.url;
  if (load.url.find("://") == std::string::npos) load.url = "http://" + load.url;
  TRY(load.traffic, traffic_of(options));
  TRY(load.timeout, duration_flag("--timeout", options.timeout));
  load.seed = options.seed;
  load.connections = options.connections;
  load.threads = options.threads;
  load.keep_alive = !options.no_keep_alive;
  load.verify_tls = !options.insecure;
  load.ca_file = options.ca_file;
  traffic::RequestTemplate request;
  request.name = "request";
  request.method = options.method;
  request.target = "";
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      return input_error({}, "--header: expected \"Name: value\", got \"" + header + '"');
    }
    std::size_t value = colon + 1;
    while (value < header.size() && header[value] == ' ') ++value;
    request.headers.emplace_back(header.substr(0, colon), header.substr(value));
  }
  if (!options.body.empty() && options.body.front() == '@') {
    TRY(request.body, read_file(options.body.substr(1), 64 << 20));
  } else {
    request.body = options.body;
  }
  load.requests.push_back(std::move(request));
  return load;
}

/// Why the outcome says nothing of the target; empty when it does.
std::string nothing_proved(const traffic::LoadOutcome& outcome) {
  if (outcome.stopped && outcome.invalid_reason.empty()) return "stopped before its end";
  if (outcome.result.total.ledger.completed == 0) return "no request was answered";
  return outcome.invalid_reason;
}

std::string latency_row(const char* name, const LatencyHistogram& histogram) {
  std::string row = fmt::format("  {:<22}", name);
  for (const double q : {0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    row += fmt::format("{:>10}", histogram.empty() ? "-" : format_latency(histogram.quantile(q)));
  }
  return row + '\n';
}

std::string render(const traffic::LoadOutcome& outcome) {
  const LoadCounts& total = outcome.result.total;
  const LoadLedger& ledger = total.ledger;
  const double seconds = to_seconds(outcome.result.to - outcome.result.from);
  const double rate = seconds > 0 ? static_cast<double>(ledger.completed) / seconds : 0;
  std::string text = fmt::format(
      "{} scheduled = {} completed + {} failed + {} dropped + {} unfinished in {:.3f} s\n"
      "{:.1f} answers a second, {:.1f} KB/s in\n\n",
      ledger.scheduled, ledger.completed, ledger.failed, ledger.dropped, ledger.unfinished, seconds,
      rate, seconds > 0 ? static_cast<double>(total.bytes_in) / seconds / 1e3 : 0);
  text += fmt::format("  {:<22}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "", "p50", "p90", "p95",
                      "p99", "p99.9", "max");
  text += latency_row("from intended send", total.response);
  text += latency_row("from actual send", total.service);
  text += latency_row("generator's lateness", total.send_lag);
  text += '\n';
  for (const auto& [status, count] : total.by_status) {
    text += fmt::format("  {:<22}{:>10}\n", status, count);
  }
  for (const auto& [reason, count] : total.by_error) {
    text += fmt::format("  {:<22}{:>10}\n", reason, count);
  }
  const std::string reason = nothing_proved(outcome);
  if (!reason.empty()) text += "\nINVALID: " + reason + '\n';
  return text;
}

nlohmann::ordered_json percentiles(const LatencyHistogram& histogram) {
  const auto ms = [&](double q) { return to_seconds(histogram.quantile(q)) * 1e3; };
  return {{"p50", ms(0.5)},  {"p90", ms(0.9)},     {"p95", ms(0.95)},
          {"p99", ms(0.99)}, {"p99.9", ms(0.999)}, {"max", ms(1)}};
}

std::string render_json(const traffic::LoadOutcome& outcome) {
  const LoadCounts& total = outcome.result.total;
  nlohmann::ordered_json json;
  json["schema"] = "tocsin-load/1";
  const std::string reason = nothing_proved(outcome);
  json["valid"] = reason.empty();
  if (!reason.empty()) json["invalid_reason"] = reason;
  json["stopped"] = outcome.stopped;
  json["seconds"] = to_seconds(outcome.result.to - outcome.result.from);
  json["scheduled"] = total.ledger.scheduled;
  json["completed"] = total.ledger.completed;
  json["failed"] = total.ledger.failed;
  json["dropped"] = total.ledger.dropped;
  json["unfinished"] = total.ledger.unfinished;
  json["bytes_in"] = total.bytes_in;
  json["bytes_out"] = total.bytes_out;
  json["response_ms"] = percentiles(total.response);
  json["service_ms"] = percentiles(total.service);
  json["send_lag_ms"] = percentiles(total.send_lag);
  json["by_status"] = nlohmann::ordered_json::object();
  for (const auto& [status, count] : total.by_status) {
    json["by_status"][std::to_string(status)] = count;
  }
  json["by_error"] = total.by_error;
  return json.dump(2) + '\n';
}

ExitCode load(const LoadCommandOptions& options) {
  auto prepared = load_options(options);
  if (prepared.has_error()) {
    complain(tocsin::render(prepared.error()));
    return ExitCode::kBadInput;
  }
  watch_interrupts();
  traffic::LoadStop stop;
  ProgressBar bar;
  LoadLedger last;
  const auto progress = [&](const traffic::LoadProgress& now) {
    if (interrupted()) stop.request();
    bar.show("load", now.elapsed, now.planned,
             fmt::format("{} completed, {} failed, {} dropped", now.ledger.completed,
                         now.ledger.failed, now.ledger.dropped));
  };
  auto outcome = traffic::run_load(*prepared, stop, progress);
  bar.clear();
  if (outcome.has_error()) {
    complain(tocsin::render(outcome.error()));
    return ExitCode::kBadInput;
  }
  print(render(*outcome));
  if (!options.json.empty()) {
    const auto written = write_file_atomically(options.json, render_json(*outcome));
    if (written.has_error()) {
      complain(tocsin::render(written.error()));
      return ExitCode::kInconclusive;
    }
  }
  return nothing_proved(*outcome).empty() ? ExitCode::kPassed : ExitCode::kInconclusive;
}

}  // namespace

void add_load_command(CLI::App& app, Action& chosen) {
  auto options = std::make_shared<LoadCommandOptions>();
  CLI::App* command = app.add_subcommand(
      "load", "Load a URL, open loop at a rate or closed loop with users, and measure");
  command->add_option("url", options->url, "http:// or https:// URL")->required()->type_name("");
  command->add_option("-r,--rate", options->rate, "Open loop: 500/s, 3000/m, or a ramp 10/s..200/s")
      ->type_name("RATE");
  command->add_option("-d,--for", options->length, "How long")
      ->capture_default_str()
      ->type_name("TIME");
  command
      ->add_option("-u,--users", options->users,
                   "Closed loop: each waits for its answer; without --rate, as --connections")
      ->check(CLI::Range(1u, 1'000'000u).description(""))
      ->type_name("N");
  command->add_option("--think", options->think, "Closed loop: a user's pause between requests")
      ->type_name("TIME");
  command->add_option("-n,--count", options->count, "Exactly so many requests, spread over --for")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
      ->type_name("N");
  command->add_option("--warm-up", options->warm_up, "The same load before, not measured")
      ->type_name("TIME");
  command->add_option("--arrivals", options->arrivals, "paced or poisson")
      ->check(CLI::IsMember({"paced", "poisson"}).description(""))
      ->capture_default_str()
      ->type_name("WORD");
  command->add_option("-c,--connections", options->connections, "Connections in all")
      ->check(CLI::Range(1u, 100'000u).description(""))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("-t,--threads", options->threads, "Threads")
      ->check(CLI::Range(1u, 256u).description(""))
      ->capture_default_str()
      ->type_name("N");
  command->add_option("--timeout", options->timeout, "Of one request, from its send")
      ->capture_default_str()
      ->type_name("TIME");
  command->add_option("-X,--method", options->method, "HTTP method")
      ->capture_default_str()
      ->type_name("METHOD");
  command->add_option("-H,--header", options->headers, "May be repeated")
      ->take_all()
      ->expected(1)
      ->type_name("\"NAME: VALUE\"");
  command
      ->add_option("--body", options->body,
                   "{seq}, {random} and {uuid} are replaced in each request")
      ->type_name("TEXT|@FILE");
  command->add_flag("--no-keep-alive", options->no_keep_alive, "A new connection for each request");
  command->add_flag("-k,--insecure", options->insecure, "Accept any TLS certificate");
  command->add_option("--ca-file", options->ca_file, "PEM file of trusted authorities")
      ->type_name("FILE");
  expect_whole_number(
      *command->add_option("--seed", options->seed, "Seed of arrivals and templates")
           ->capture_default_str());
  command->add_option("--json", options->json, "Write the result as JSON")->type_name("FILE");
  command->callback([&chosen, options] { chosen = [options] { return load(*options); }; });
}

}  // namespace tocsin::cli
