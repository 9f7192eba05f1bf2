#include "harness/run/live_delivery.h"

#include "harness/http/client.h"
#include "harness/run/mail_client.h"

namespace tocsin::run {
namespace {

using alerting::Answer;

constexpr std::size_t kLongestAnswer = 1 << 20;

http::FetchOptions options_for(const alerting::HttpRequest& request, Nanos timeout) {
  http::FetchOptions options;
  options.method = request.method;
  options.body = request.body;
  for (const auto& [name, value] : request.headers) options.headers.add(name, value);
  options.timeout = timeout;
  options.limits.body_bytes = kLongestAnswer;
  return options;
}

Answer answer_from(const net::Outcome<http::Response>& outcome) {
  Answer answer;
  if (outcome.has_value()) {
    answer.status = outcome->status;
    answer.body = outcome->body;
    return answer;
  }
  const net::Failure& failure = outcome.error();
  answer.kind =
      failure.kind == net::NetFailure::kTimeout ? Answer::Kind::kTimeout : Answer::Kind::kLost;
  answer.error = net::to_string(failure);
  return answer;
}

bool is_good(const Answer& answer) {
  return answer.kind == Answer::Kind::kStatus && answer.status / 100 == 2;
}

/// nullopt: cancelled.
net::Task<std::optional<Answer>> make_request(net::Loop& loop, alerting::HttpRequest request,
                                              Nanos deadline) {
  Answer impossible;
  impossible.kind = Answer::Kind::kImpossible;
  Result<http::Url> url = http::parse_url(request.url);
  if (url.has_error()) {
    impossible.error = url.error().message;
    co_return impossible;
  }
  const Nanos left = std::max(Nanos(1), deadline - loop.now());
  http::FetchOptions options = options_for(request, left);
  const net::Outcome<http::Response> outcome =
      co_await http::fetch(loop, std::move(*url), std::move(options));
  if (outcome.has_error() && outcome.error().kind == net::NetFailure::kCancelled) {
    co_return std::nullopt;
  }
  co_return answer_from(outcome);
}

net::Task<std::optional<Answer>> exchange_all(net::Loop& loop, alerting::HttpExchange exchange,
                                              Nanos deadline) {
  Answer last;
  while (true) {
    for (alerting::HttpRequest& request : exchange.requests) {
      const std::optional<Answer> answer =
          co_await make_request(loop, std::move(request), deadline);
      if (!answer || !is_good(*answer)) co_return answer;
      last = *answer;
    }
    if (!exchange.next) co_return last;
    Result<alerting::HttpExchange> more = exchange.next(last.body);
    if (more.has_error()) {
      last.kind = Answer::Kind::kImpossible;
      last.error = more.error().message;
      co_return last;
    }
    exchange = std::move(*more);
  }
}

}  // namespace

net::Task<std::optional<Answer>> deliver(net::Loop& loop, alerting::Payload payload,
                                         Nanos deadline) {
  if (auto* mail = std::get_if<alerting::Mail>(&payload)) {
    const Answer answer = co_await hand_in(loop, std::move(*mail), deadline);
    const bool cancelled = answer.kind == Answer::Kind::kLost &&
                           answer.error == net::to_string(net::NetFailure::kCancelled);
    if (cancelled) co_return std::nullopt;
    co_return answer;
  }
  auto& exchange = std::get<alerting::HttpExchange>(payload);
  std::optional<Answer> answer = co_await exchange_all(loop, std::move(exchange), deadline);
  co_return answer;
}

}  // namespace tocsin::run
