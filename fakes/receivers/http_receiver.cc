#include "fakes/receivers/http_receiver.h"

#include <functional>
#include <utility>

#include <fmt/format.h>

#include "fakes/receivers/masks.h"
#include "fakes/receivers/paths.h"
#include "fakes/receivers/reading.h"
#include "harness/http/server.h"

namespace tocsin::receivers {
namespace {

using http::Reply;
using http::Request;
using http::Response;

constexpr std::string_view kNoHttp = "\x01\x02 this is no HTTP\r\n\r\n";
constexpr std::size_t kHeaderBytes = 32 << 10;

/// What one request gets, and whether its sender takes that for success.
struct Treatment {
  Reply reply;
  Nanos delay{0};
  int status = 0;  ///< 0: no answer that could be understood
  std::string error;
  std::string scripted;
};

std::string error_of(const Response& answer, const std::string& problem) {
  const std::string reason(http::reason_phrase(answer.status));
  std::string error = fmt::format("{} {}", answer.status, reason);
  if (!problem.empty()) error.append(": ").append(problem);
  return error;
}

Response scripted_answer(const Trouble& trouble, const Site& site) {
  Response answer = http::text_response(trouble.status, trouble.text);
  if (trouble.text.empty()) answer.body = std::string(http::reason_phrase(trouble.status)) + '\n';
  if (trouble.retry_after) {
    const auto wait = std::chrono::ceil<std::chrono::seconds>(site.real(*trouble.retry_after));
    answer.headers.set("Retry-After", std::to_string(wait.count()));
  }
  return answer;
}

std::string masked_body(const Request& request) {
  const bool form = request.headers.get("Content-Type").starts_with("application/x-www-form");
  return form ? masked_form(request.body) : masked_json(request.body);
}

Response not_ok(const Trouble& trouble, std::string_view kind) {
  std::string body = trouble.text;
  if (body.empty()) body = R"({"ok":false,"error":"channel_not_found"})";
  if (trouble.text.empty() && kind == "telegram") {
    body = R"({"ok":false,"error_code":400,"description":"Bad Request: chat not found"})";
  } else if (trouble.text.empty() && kind == "rocketchat") {
    body = R"({"success":false,"error":"[invalid-channel]"})";
  } else if (trouble.text.empty() && kind == "wechat") {
    body = R"({"errcode":81013,"errmsg":"user & party & tag all invalid"})";
  }
  return http::text_response(200, body, "application/json; charset=utf-8");
}

void answer_with(Treatment& treatment, Response answer, const std::string& problem) {
  treatment.status = answer.status;
  if (answer.status < 200 || answer.status > 299 || !problem.empty()) {
    treatment.error = error_of(answer, problem);
  }
  treatment.reply = Reply(std::move(answer));
}

/// `reading` without trouble, or what the trouble makes of it.
Treatment treat(std::string_view kind, const Reading& reading,
                const std::optional<Trouble>& trouble, const Site& site) {
  Treatment treatment;
  if (trouble) {
    treatment.scripted = describe(*trouble);
    treatment.delay = site.real(trouble->delay);
  }
  switch (trouble ? trouble->kind : TroubleKind::kSlow) {
    case TroubleKind::kAnswer:
      answer_with(treatment, scripted_answer(*trouble, site), {});
      break;
    case TroubleKind::kNotOk:
      answer_with(treatment, not_ok(*trouble, kind), "not ok");
      break;
    case TroubleKind::kHang:
      treatment.reply = Reply::hang();
      treatment.error = "no answer";
      break;
    case TroubleKind::kDrop:
      treatment.reply = Reply::reset();
      treatment.error = "connection dropped without an answer";
      break;
    case TroubleKind::kMalformed:
      treatment.reply =
          Reply::malformed(trouble->text.empty() ? std::string(kNoHttp) : trouble->text);
      treatment.error = "malformed answer";
      break;
    case TroubleKind::kSlow:
    case TroubleKind::kDropAtAccept:
    case TroubleKind::kRefuse:
      answer_with(treatment, reading.answer, reading.problem);
      break;
  }
  return treatment;
}

class HttpService final : public Service {
 public:
  explicit HttpService(Site& site) : site_(site) {}

  Result<void> listen(std::uint16_t port) {
    http::ServerOptions options;
    options.listen.host = site_.options.host;
    options.listen.port = port;
    options.limits.header_bytes = kHeaderBytes;
    options.limits.body_bytes = site_.options.limits.body_bytes;
    options.max_connections = site_.options.limits.connections;
    options.idle_timeout = site_.options.limits.silence;
    options.request_timeout = site_.options.limits.request;
    TRY(server_, http::Server::open(
                     site_.loop, [this](Request request) { return handle(std::move(request)); },
                     std::move(options)));
    return {};
  }

  net::Task<void> serve() override { return server_->serve(); }
  void stop() override { server_->stop(); }
  std::uint16_t port() const override { return server_->port(); }

 private:
  net::Task<Reply> handle(Request request);
  Reply stray(const Request& request);
  Received received_of(const IntegrationId& id, const Request& request, const Reading& reading,
                       const Treatment& treatment) const;

  Site& site_;
  std::unique_ptr<http::Server> server_;
};

/// To nobody: a wrong URL shows in the evidence.
Reply HttpService::stray(const Request& request) {
  Received received = empty_attempt({}, "", "404 Not Found: no receiver has this path");
  received.record.status = 404;
  received.identity = "stray";
  received.method = request.method;
  received.target = masked_target(request.target, 0, "");
  received.headers = masked_headers(request.headers);
  received.body = masked_body(request);
  received.body_bytes = request.body.size();
  site_.store.count_stray();
  site_.store.add(std::move(received));
  return http::text_response(404, "no receiver has this path\n");
}

Received HttpService::received_of(const IntegrationId& id, const Request& request,
                                  const Reading& reading, const Treatment& treatment) const {
  Received received = empty_attempt(id, treatment.scripted, treatment.error);
  const Timestamp at = received.record.at;
  received.record = reading.record;
  received.record.at = at;
  received.record.receiver = id.receiver;
  received.record.integration = id.kind;
  received.record.integration_index = id.index;
  received.record.status = treatment.status;
  received.record.delivered = treatment.error.empty();
  received.record.error = treatment.error;
  received.identity = reading.identity;
  if (received.identity.empty()) {
    received.identity = fmt::format("body {:016x}", std::hash<std::string>()(request.body));
  }
  received.problem = reading.problem;
  received.details = reading.details;
  received.method = request.method;
  received.target = masked_target(request.target, path_of(id).size(), id.kind);
  received.headers = masked_headers(request.headers);
  received.body = masked_body(request);
  received.body_bytes = request.body.size();
  received.answer = treatment.reply.response.body;
  return received;
}

net::Task<Reply> HttpService::handle(Request request) {
  const std::optional<PathTarget> target = parse_path(request.path());
  if (!target) co_return stray(request);
  const Incoming incoming{target->id.kind, target->rest, request, site_.memory_of(target->id)};
  const Reading reading = read_request(incoming);
  // Troubles are kept for what tells something.
  if (reading.is_question) co_return reading.answer;
  if (request.method != "POST" && request.method != "PUT") {
    Response refused = http::text_response(405, "notifications are posted\n");
    refused.headers.set("Allow", "POST, PUT");
    co_return refused;
  }
  const auto trouble = site_.schedule.strike(target->id, site_.offset());
  Treatment treatment = treat(target->id.kind, reading, trouble, site_);
  if (treatment.error.empty() && reading.takes_effect) reading.takes_effect();
  // Those that were thrown out at the door may have been this one.
  const std::vector<std::string> earlier(1, kConnectionIdentity);
  const std::uint64_t number =
      site_.store.add(received_of(target->id, request, reading, treatment), earlier);
  if (treatment.delay > Nanos(0)) {
    const bool slept = co_await net::sleep_for(treatment.delay);
    if (!slept) {
      site_.store.mark_undelivered(number, "stopped before the answer");
    } else if (request.client_gone && request.client_gone()) {
      site_.store.mark_undelivered(number, "the sender had gone before the answer");
    }
  }
  co_return std::move(treatment.reply);
}

}  // namespace

Result<std::unique_ptr<Service>> open_http_service(Site& site, std::uint16_t port) {
  auto service = std::make_unique<HttpService>(site);
  TRY_VOID(service->listen(port));
  return std::unique_ptr<Service>(std::move(service));
}

}  // namespace tocsin::receivers
