#pragma once

#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "harness/alerting/alert.h"
#include "harness/alerting/config.h"
#include "harness/alerting/templates.h"
#include "harness/base/error.h"

/// Notifications as Alertmanager sends them, byte for byte.

namespace tocsin::alerting {

struct HttpRequest {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

/// Whom a mail is handed in to over TLS.
struct MailTls {
  bool verify = true;
  std::string ca_file;      ///< empty: the system's authorities
  std::string server_name;  ///< empty: the smarthost's
};

/// A mail and how it is handed in.
struct Mail {
  std::string smarthost;  ///< host:port
  std::string hello;
  bool require_tls = true;    ///< STARTTLS, or nothing is handed in
  bool implicit_tls = false;  ///< TLS from the first byte on
  MailTls tls;
  std::string username;  ///< empty: no AUTH
  std::string password;
  std::string secret;  ///< of CRAM-MD5
  std::string identity;
  std::string from;  ///< the bare address
  std::vector<std::string> to;
  std::string message;  ///< headers and body, with CRLF; dots are not doubled
};

/// Requests are made one after another; the first that fails ends the attempt.
struct HttpExchange {
  /// What follows, by the body of the last answer. An error is final for this attempt.
  using Next = std::function<Result<HttpExchange>(const std::string& answer)>;

  HttpExchange() = default;
  HttpExchange(HttpRequest one) : requests(1, std::move(one)) {}            // NOLINT: is one
  HttpExchange(std::vector<HttpRequest> all) : requests(std::move(all)) {}  // NOLINT: are one

  std::vector<HttpRequest> requests;
  Next next = {};  ///< empty: that was all
};

using Payload = std::variant<HttpExchange, Mail>;

/// What a file of a secret that cannot be read here stands for.
enum class MissingSecret { kFailure, kMadeUp };

struct PayloadContext {
  Templates templates;
  std::string external_url = "http://localhost:9093";
  std::string version = "0.34.0";
  std::string hostname = "localhost";
  MissingSecret missing_secret = MissingSecret::kFailure;
};

/// Whether this kind of integration can be rendered here.
bool has_payload(std::string_view kind);

/// What is sent for a notification. An error is final for this attempt, as in Alertmanager: a
/// template that fails, an unreadable secret, a bad address. Errors hold no secrets.
Result<Payload> render_payload(const Notification& notification, const Integration& integration,
                               const PayloadContext& context, Timestamp now);

}  // namespace tocsin::alerting
