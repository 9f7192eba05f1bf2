#include "harness/stack/http_api.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/http/client.h"

namespace tocsin::stack {
namespace {

constexpr std::size_t kLargestAnswer = 512 << 20;
constexpr std::size_t kLongestQuote = 500;

/// What an error page says: its "error" or "message" where it is JSON.
std::string said_in(const std::string& body) {
  const nlohmann::json parsed = nlohmann::json::parse(body, nullptr, false);
  if (parsed.is_string()) return parsed.get<std::string>();
  if (parsed.is_object()) {
    for (const char* key : {"error", "message"}) {
      if (parsed.contains(key) && parsed[key].is_string()) return parsed[key].get<std::string>();
    }
  }
  std::string text = body.substr(0, kLongestQuote);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

struct HttpApi::Impl {
  Impl(net::Loop& loop, ApiOptions with) : options(std::move(with)), client(make(loop)) {
    prefix = options.url.target.substr(0, options.url.target.find('?'));
    while (prefix.ends_with('/')) prefix.pop_back();
  }

  http::Client make(net::Loop& loop) const {
    http::ClientOptions settings;
    settings.tls = options.tls;
    settings.limits.body_bytes = kLargestAnswer;
    return {loop, options.url, std::move(settings)};
  }

  ApiOptions options;
  std::string prefix;
  http::Client client;
};

HttpApi::HttpApi(net::Loop& loop, ApiOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
HttpApi::~HttpApi() = default;

const ApiOptions& HttpApi::options() const {
  return impl_->options;
}

net::Task<Result<std::string>> HttpApi::text(ApiRequest asked) {
  http::Request request;
  request.method = asked.method;
  request.target = impl_->prefix + asked.path;
  request.headers = impl_->options.headers;
  request.headers.set("User-Agent", "tocsin");
  if (!asked.content_type.empty()) request.headers.set("Content-Type", asked.content_type);
  request.body = std::move(asked.body);
  const Nanos deadline = net::deadline_in(impl_->options.timeout);
  net::Outcome<http::Response> response = co_await impl_->client.send(std::move(request), deadline);
  const std::string& name = impl_->options.name;
  if (response.has_error()) {
    Error error = response.error();
    error.message = fmt::format("{} at {} does not answer: {}", name, impl_->options.url.origin(),
                                net::to_string(response.error()));
    co_return error;
  }
  if (response->status >= 300) {
    co_return io_error(fmt::format("{} answers {} to {}: {}", name, response->status, asked.path,
                                   said_in(response->body)));
  }
  co_return std::move(response->body);
}

net::Task<Result<nlohmann::json>> HttpApi::json(ApiRequest asked) {
  const std::string path = asked.path;
  Result<std::string> body = co_await text(std::move(asked));
  if (body.has_error()) co_return body.error();
  nlohmann::json parsed = nlohmann::json::parse(*body, nullptr, false);
  if (parsed.is_discarded()) {
    co_return io_error(fmt::format("{} answers {} with what is no JSON: {}", impl_->options.name,
                                   path, body->substr(0, kLongestQuote)));
  }
  co_return Result<nlohmann::json>(boost::system::in_place_value, std::move(parsed));
}

std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '_' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace tocsin::stack
