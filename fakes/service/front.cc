#include "fakes/service/front.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "fakes/service/exporter_manners.h"
#include "fakes/service/routes.h"
#include "harness/http/server.h"
#include "harness/metrics/exposition_writer.h"
#include "harness/metrics/gzip.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::fakes {
namespace {

using faults::TargetFaultKind;
using http::Reply;
using http::Request;
using http::Response;

/// What a proxy's error page might look like: no line of it is a sample.
constexpr std::string_view kNoExposition =
    "<!DOCTYPE html>\n<html><body><h1>It works!</h1></body></html>\n";

/// JSON of at least the drawn size, as far as its frame allows.
std::string body_of(const scenario::Endpoint& endpoint, int status, std::size_t bytes) {
  if (status >= 400) {
    return fmt::format(R"({{"error":"{}"}})", http::reason_phrase(status));
  }
  std::string body = fmt::format(R"({{"endpoint":"{}","data":")", endpoint.name);
  constexpr std::string_view kEnd = "\"}";
  if (bytes > body.size() + kEnd.size()) body.append(bytes - body.size() - kEnd.size(), 'x');
  return body.append(kEnd);
}

/// Takes a request out of the model's in-flight count if it is not finished otherwise: clients go
/// away, and servers stop.
class InFlight {
 public:
  InFlight(TargetModel& model, const RequestOutcome& outcome) : model_(&model), outcome_(outcome) {}
  InFlight(const InFlight&) = delete;
  InFlight& operator=(const InFlight&) = delete;
  ~InFlight() {
    if (!finished_) model_->abandon_request(outcome_);
  }
  RequestOutcome& outcome() { return outcome_; }
  void finish(Duration offset) {
    finished_ = true;
    model_->finish_request(outcome_, offset);
  }

 private:
  TargetModel* model_;
  RequestOutcome outcome_;
  bool finished_ = false;
};

}  // namespace

struct TargetFront::Impl {
  Impl(net::Loop& on, TargetModel& of, const faults::FaultTimeline& timeline, FrontOptions with)
      : loop(on),
        model(of),
        given(&timeline),
        faults(&timeline),
        options(std::move(with)),
        routes(of.target()),
        manners(manners_of(of.target().kind)),
        change(on) {}

  Duration offset() const { return options.offset(); }
  Nanos real(Duration scenario_time) const {
    return Nanos(
        std::llround(static_cast<double>(Nanos(scenario_time).count()) / options.time_scale));
  }
  std::optional<faults::TargetFault> fault() const {
    return faults->target_fault(model.target().name, offset());
  }
  bool down() const {
    const auto in_force = fault();
    return in_force && in_force->kind == TargetFaultKind::kDown;
  }

  Result<void> listen();
  Nanos next_change() const;
  net::Task<void> serve();
  net::Task<void> serve_while_up();
  net::Task<Reply> handle(Request request);
  net::Task<Reply> scrape(Request request, std::optional<faults::TargetFault> in_force);
  Response landing() const;
  net::Task<Reply> health(const scenario::HealthEndpoint& endpoint);
  net::Task<Reply> request(std::size_t endpoint, std::size_t body_bytes);
  net::Task<Reply> admin(const scenario::AdminEndpoint& endpoint);
  void begin_effect(const scenario::AdminEndpoint& endpoint);
  void combine_faults();

  net::Loop& loop;
  TargetModel& model;
  const faults::FaultTimeline* given;
  std::vector<faults::Fault> effects;  ///< of calls, one an endpoint
  std::shared_ptr<const faults::FaultTimeline> combined;
  const faults::FaultTimeline* faults;  ///< `given`, or with effects `combined`
  FrontOptions options;
  Routes routes;
  ExporterManners manners;
  net::Timer change;  ///< notified when faults are set, or to stop
  bool stopping = false;
  std::unique_ptr<http::Server> server;
  std::string url;
};

Result<void> TargetFront::Impl::listen() {
  http::ServerOptions server_options;
  server_options.listen.host = options.host;
  server_options.listen.port = options.port;
  TRY(server, http::Server::open(
                  loop, [this](Request received) { return handle(std::move(received)); },
                  std::move(server_options)));
  options.port = server->port();
  url = server->url();
  return {};
}

/// When the timeline changes next, in the loop's time.
Nanos TargetFront::Impl::next_change() const {
  const Duration now = offset();
  const std::vector<Duration> points = faults->change_points();
  const auto next = std::upper_bound(points.begin(), points.end(), now);
  if (next == points.end()) return net::kNoDeadline;
  // A millisecond late rather than a moment early.
  return net::deadline_in(real(*next - now) + std::chrono::milliseconds(1));
}

net::Task<void> TargetFront::Impl::serve() {
  while (!stopping) {
    if (down()) {
      const net::Wake wake = co_await change.wait_until(next_change());
      if (wake == net::Wake::kCancelled) co_return;
      continue;
    }
    if (!server && listen().has_error()) {
      // Somebody else has taken the port meanwhile; it may come back.
      const bool slept = co_await net::sleep_for(std::chrono::milliseconds(100));
      if (!slept) co_return;
      continue;
    }
    co_await serve_while_up();
    server.reset();
  }
}

net::Task<void> TargetFront::Impl::serve_while_up() {
  net::TaskGroup group(loop);
  group.spawn(server->serve());
  while (!stopping && !down()) {
    const net::Wake wake = co_await change.wait_until(next_change());
    if (wake == net::Wake::kCancelled) stopping = true;
  }
  server->stop();
  co_await group.join();
}

net::Task<Reply> TargetFront::Impl::handle(Request received) {
  const auto in_force = fault();
  if (in_force && in_force->kind == TargetFaultKind::kHang) co_return Reply::hang();
  if (manners.go) {
    auto redirect = redirect_to_clean_path(received);
    if (redirect) co_return std::move(*redirect);
    if (asks_for_metrics(manners, received, model.target().metrics_path)) {
      auto refused = refusal(manners, received, model.target().metrics_path);
      if (refused) co_return std::move(*refused);
      co_return co_await scrape(std::move(received), in_force);
    }
    if (manners.scrapes_targets && received.path() == "/health") {
      co_return http::text_response(200, "ok");
    }
  }
  const Routes::Match match = routes.find(received.method, received.path());
  switch (match.kind) {
    case Routes::Kind::kMetrics:
      co_return co_await scrape(std::move(received), in_force);
    case Routes::Kind::kHealth:
      co_return co_await health(model.target().health[match.index]);
    case Routes::Kind::kAdmin:
      co_return co_await admin(model.target().admin[match.index]);
    case Routes::Kind::kEndpoint:
      co_return co_await request(match.index, received.body.size());
    case Routes::Kind::kIndex:
      if (manners.title.empty()) co_return http::text_response(200, routes.index());
      co_return landing();
    case Routes::Kind::kWrongMethod: {
      Response refused = http::text_response(405, "this path has other methods\n");
      refused.headers.set("Allow", match.allow);
      co_return refused;
    }
    case Routes::Kind::kNone:
      break;
  }
  if (manners.go) co_return landing();
  if (manners.python && received.path() == "/health") {
    const bool fails = model.scrape_manner(offset()).fails;
    co_return http::text_response(
        fails ? 500 : 200, fails ? model.target().answer.failure : "Connected to the broker");
  }
  co_return http::text_response(404, "nothing here; see /\n");
}

net::Task<Reply> TargetFront::Impl::scrape(Request received,
                                           std::optional<faults::TargetFault> in_force) {
  if (offset() < Duration(0)) co_return http::text_response(200, "");
  const ScrapeManner manner = model.scrape_manner(offset());
  if (manner.hangs) co_return Reply::hang();
  Duration delay = manner.delay;
  if (in_force && in_force->kind == TargetFaultKind::kSlowScrape) delay += in_force->delay;
  if (delay > Duration(0)) co_await net::sleep_for(real(delay));
  if (manner.fails) co_return http::text_response(500, model.target().answer.failure, "text/html");
  if (in_force && in_force->kind == TargetFaultKind::kMalformedScrape) {
    co_return http::text_response(200, std::string(kNoExposition), "text/html; charset=utf-8");
  }
  auto format = metrics::format_for_accept(received.headers.get("Accept"));
  if (manners.go) format = metrics::ExpositionFormat::kText;
  const bool openmetrics = format == metrics::ExpositionFormat::kOpenMetrics;
  std::vector<metrics::FamilySamples> families = model.expose(offset());
  if (manners.go) cut_page(manners, received, model.target().metrics_path, families);
  if (openmetrics && manners.python) fold_created(families);
  std::string page = metrics::write_exposition(families, format);
  Response answer;
  answer.headers.set("Content-Type",
                     openmetrics && manners.python
                         ? "application/openmetrics-text; version=0.0.1; charset=utf-8"
                         : std::string(metrics::content_type(format)));
  // What stands for no exporter says on what its answer depends.
  if (!manners.go && !manners.python) answer.headers.set("Vary", "Accept, Accept-Encoding");
  if (wants_gzip(manners, received)) {
    answer.headers.set("Content-Encoding", "gzip");
    page = metrics::gzip_compress(page);
  }
  answer.body = std::move(page);
  co_return answer;
}

Response TargetFront::Impl::landing() const {
  return http::text_response(200, landing_page(manners, model.target().metrics_path),
                             "text/html; charset=utf-8");
}

net::Task<Reply> TargetFront::Impl::health(const scenario::HealthEndpoint& endpoint) {
  co_await net::sleep_for(endpoint.latency);
  HealthAnswer answer = model.health(endpoint, offset(), system_clock().now());
  co_return http::text_response(answer.status_code, std::move(answer.body), "application/json");
}

net::Task<Reply> TargetFront::Impl::request(std::size_t endpoint, std::size_t body_bytes) {
  const Nanos begun = loop.now();
  InFlight running(model, model.begin_request(endpoint, offset()));
  const bool waited = co_await net::sleep_until(begun + running.outcome().latency);
  if (!waited) co_return Reply::close();
  RequestOutcome& outcome = running.outcome();
  std::string body =
      body_of(model.target().endpoints[endpoint], outcome.status, outcome.response_bytes);
  // What really happened is what the metrics are to show.
  outcome.latency = loop.now() - begun;
  outcome.response_bytes = body.size();
  if (body_bytes > 0) outcome.request_bytes = body_bytes;
  running.finish(offset());
  co_return http::text_response(outcome.status, std::move(body), "application/json");
}

net::Task<Reply> TargetFront::Impl::admin(const scenario::AdminEndpoint& endpoint) {
  co_await net::sleep_for(endpoint.latency);
  std::string body = model.answer(endpoint, offset(), system_clock().now());
  begin_effect(endpoint);
  co_return http::text_response(endpoint.code, std::move(body), "application/json");
}

void TargetFront::Impl::begin_effect(const scenario::AdminEndpoint& endpoint) {
  const Duration now = offset();
  std::erase_if(effects, [&](const faults::Fault& effect) {
    return effect.call == endpoint.path || effect.end() < now;
  });
  faults::Fault effect;
  effect.name = endpoint.path;
  effect.call = endpoint.path;
  effect.target = model.target().name;
  effect.at = now;
  effect.length = endpoint.length;
  effect.changes = endpoint.changes;
  effect.target_faults = endpoint.target_faults;
  effects.push_back(std::move(effect));
  combine_faults();
}

/// What was given, and what calls have brought.
void TargetFront::Impl::combine_faults() {
  std::shared_ptr<const faults::FaultTimeline> before = std::move(combined);
  combined.reset();
  if (!effects.empty()) {
    std::vector<faults::Fault> all = given->faults();
    all.insert(all.end(), effects.begin(), effects.end());
    combined = std::make_shared<const faults::FaultTimeline>(std::move(all));
  }
  faults = combined ? combined.get() : given;
  model.advance(offset());
  model.set_faults(*faults);
  change.notify();
}

TargetFront::TargetFront(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TargetFront::~TargetFront() = default;

Result<std::unique_ptr<TargetFront>> TargetFront::open(net::Loop& loop, TargetModel& model,
                                                       const faults::FaultTimeline& faults,
                                                       FrontOptions options) {
  auto impl = std::make_unique<Impl>(loop, model, faults, std::move(options));
  // Even when it begins down, its port must be known, and free.
  const auto listening = impl->listen();
  if (listening.has_error()) return listening.error();
  if (impl->down()) impl->server.reset();
  return std::unique_ptr<TargetFront>(new TargetFront(std::move(impl)));
}

net::Task<void> TargetFront::serve() {
  co_await impl_->serve();
}

void TargetFront::stop() {
  impl_->stopping = true;
  impl_->change.notify();
}

std::uint16_t TargetFront::port() const {
  return impl_->options.port;
}

std::string TargetFront::url() const {
  return impl_->url;
}

void TargetFront::set_faults(const faults::FaultTimeline& faults) {
  impl_->given = &faults;
  impl_->combine_faults();
}

}  // namespace tocsin::fakes
