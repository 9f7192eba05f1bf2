#include "harness/alerting/http_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include "harness/alerting/schema.h"

namespace tocsin::alerting {
namespace {

class HttpRules {
 public:
  explicit HttpRules(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  void http(const yaml::Node& node) {
    const bool bearer = has(node, "bearer_token") || has(node, "bearer_token_file");
    const yaml::Node* basic = map(node, "basic_auth");
    const yaml::Node* oauth = map(node, "oauth2");
    const yaml::Node* authorization = map(node, "authorization");
    if (has(node, "bearer_token") && has(node, "bearer_token_file")) {
      fail(node, "at most one of bearer_token & bearer_token_file must be configured");
    }
    if ((basic != nullptr || oauth != nullptr) && bearer) {
      fail(
          node,
          "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
    }
    if (authorization != nullptr) check_authorization(node, *authorization, bearer);
    const int ways = (basic != nullptr) + (oauth != nullptr) + (authorization != nullptr);
    if (ways > 1)
      fail(node, "at most one of basic_auth, oauth2 & authorization must be configured");
    if (basic != nullptr) {
      one_of(*basic, {"username", "username_file", "username_ref"}, "the basic_auth username");
      one_of(*basic, {"password", "password_file", "password_ref"}, "the basic_auth password");
    }
    if (oauth != nullptr) check_oauth(*oauth);
    check_proxy(node);
    check_headers(node);
    if (const yaml::Node* tls_config = map(node, "tls_config")) tls(*tls_config);
  }

  void tls(const yaml::Node& node) {
    one_of(node, {"ca", "ca_file", "ca_ref"}, "ca");
    one_of(node, {"cert", "cert_file", "cert_ref"}, "cert");
    one_of(node, {"key", "key_file", "key_ref"}, "key");
    const bool certificate = any(node, {"cert", "cert_file", "cert_ref"});
    const bool key = any(node, {"key", "key_file", "key_ref"});
    if (certificate && !key) {
      fail(node,
           "exactly one of key or key_file must be configured when a client certificate is "
           "configured");
    }
    if (key && !certificate) {
      fail(node,
           "exactly one of cert or cert_file must be configured when a client key is configured");
    }
    check_version(node, "min_version");
    check_version(node, "max_version");
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  static bool has(const yaml::Node& node, std::string_view name) {
    return !text_of(node, name).empty();
  }
  static bool any(const yaml::Node& node, Names names) {
    return std::any_of(names.begin(), names.end(), [&](auto name) { return has(node, name); });
  }
  static const yaml::Node* map(const yaml::Node& node, std::string_view name) {
    const yaml::Node* found = find_value(node, name);
    return found != nullptr && found->is_map() ? found : nullptr;
  }

  void one_of(const yaml::Node& node, Names names, std::string_view what) {
    const auto count =
        std::count_if(names.begin(), names.end(), [&](auto name) { return has(node, name); });
    if (count <= 1) return;
    const auto* it = names.begin();
    fail(node,
         fmt::format("at most one of {}, {} & {} must be configured", what, *(it + 1), *(it + 2)));
  }

  void check_authorization(const yaml::Node& http, const yaml::Node& node, bool bearer) {
    if (bearer) {
      fail(http, "authorization is not compatible with bearer_token & bearer_token_file");
    }
    if (has(node, "credentials") && has(node, "credentials_file")) {
      fail(node, "at most one of authorization credentials & credentials_file must be configured");
    }
    std::string type;
    for (const char c : text_of(node, "type")) {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isspace(byte) == 0) type += static_cast<char>(std::tolower(byte));
    }
    if (type == "basic") {
      fail(node, "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
    }
  }

  void check_oauth(const yaml::Node& node) {
    if (!has(node, "client_id")) fail(node, "oauth2 client_id must be configured");
    if (!has(node, "token_url")) fail(node, "oauth2 token_url must be configured");
    if (has(node, "client_secret") && has(node, "client_secret_file")) {
      fail(node, "at most one of oauth2 client_secret & client_secret_file must be configured");
    }
    check_proxy(node);
    if (const yaml::Node* tls_config = map(node, "tls_config")) tls(*tls_config);
  }

  void check_proxy(const yaml::Node& node) {
    const bool environment = flag_of(node, "proxy_from_environment").value_or(false);
    const bool url = has(node, "proxy_url");
    if (environment && url) {
      fail(node, "if proxy_from_environment is configured, proxy_url must not be configured");
    }
    if (environment && has(node, "no_proxy")) {
      fail(node, "if proxy_from_environment is configured, no_proxy must not be configured");
    }
    if (!environment && !url && has(node, "no_proxy")) {
      fail(node, "if no_proxy is configured, proxy_url must also be configured");
    }
    const yaml::Node* headers = map(node, "proxy_connect_header");
    if (headers != nullptr && !headers->entries.empty() && !environment && !url) {
      fail(node,
           "if proxy_connect_header is configured, proxy_url or proxy_from_environment must "
           "also be configured");
    }
  }

  void check_headers(const yaml::Node& node) {
    constexpr std::array<std::string_view, 13> kReserved = {"accept-encoding",
                                                            "authorization",
                                                            "connection",
                                                            "content-encoding",
                                                            "content-length",
                                                            "content-type",
                                                            "host",
                                                            "proxy-authorization",
                                                            "transfer-encoding",
                                                            "user-agent",
                                                            "x-prometheus-remote-write-version",
                                                            "www-authenticate",
                                                            "x-prometheus-scrape-timeout-seconds"};
    const yaml::Node* headers = map(node, "http_headers");
    if (headers == nullptr) return;
    for (const yaml::Node::Entry& entry : headers->entries) {
      std::string name = entry.key->text;
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end()) {
        fail(*entry.key, fmt::format("setting header \"{}\" is not allowed", entry.key->text));
      }
    }
  }

  void check_version(const yaml::Node& node, std::string_view name) {
    constexpr std::array<std::string_view, 4> kVersions = {"TLS10", "TLS11", "TLS12", "TLS13"};
    const yaml::Node* version = find_value(node, name);
    if (version == nullptr || !version->is_scalar()) return;
    if (std::count(kVersions.begin(), kVersions.end(), version->text) > 0) return;
    fail(*version, "unknown TLS version: " + version->text);
  }

  void fail(const yaml::Node& node, std::string message) {
    diagnostics_.add(node.error(std::move(message)));
  }

  Diagnostics& diagnostics_;
};

}  // namespace

void check_http_config(const yaml::Node& http, Diagnostics& diagnostics) {
  if (http.is_map()) HttpRules(diagnostics).http(http);
}

void check_tls_config(const yaml::Node& tls, Diagnostics& diagnostics) {
  if (tls.is_map()) HttpRules(diagnostics).tls(tls);
}

}  // namespace tocsin::alerting
