#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/base/error.h"
#include "harness/http/message.h"
#include "harness/http/url.h"
#include "harness/net/loop.h"
#include "harness/net/task.h"
#include "harness/net/tls.h"

namespace tocsin::stack {

/// Who is asked and how.
struct ApiOptions {
  std::string name;  ///< for messages: "Prometheus"
  http::Url url;     ///< its target is the prefix of all paths
  net::TlsContextPtr tls = nullptr;
  http::Headers headers = {};  ///< with each request; may hold secrets
  Nanos timeout = std::chrono::seconds(10);
};

struct ApiRequest {
  std::string method = "GET";
  std::string path;  ///< with its query, after the prefix
  std::string body;
  std::string content_type;
};

/// One kept connection to an HTTP API. One request at a time. Errors name the program, and say what
/// it says; an answer is one with a status below 300.
class HttpApi {
 public:
  HttpApi(net::Loop& loop, ApiOptions options);
  ~HttpApi();

  net::Task<Result<std::string>> text(ApiRequest request);
  net::Task<Result<nlohmann::json>> json(ApiRequest request);
  const ApiOptions& options() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// As a part of a query.
std::string url_encoded(std::string_view text);

}  // namespace tocsin::stack
