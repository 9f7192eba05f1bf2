#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::http {

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};

/// Header fields in order of arrival; names compare without case. Small, so searched linearly.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  /// The first field of that name.
  const std::string* find(std::string_view name) const;
  /// Its value, or "".
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  /// Whether a comma-separated list field (Connection, Accept-Encoding, …) names `token`, in any of
  /// its occurrences, ignoring case and parameters after ';'.
  bool has_token(std::string_view name, std::string_view token) const;

  void add(std::string name, std::string value);
  /// Replaces every field of that name by one.
  void set(std::string name, std::string value);
  void erase(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  bool operator==(const Headers&) const = default;

 private:
  std::vector<Header> fields_;
};

/// Content-Length, Transfer-Encoding and chunk framing belong to the wire: serialize() adds what is
/// missing, the parsers hand over the body without its framing.
struct Request {
  std::string method = "GET";
  std::string target = "/";  ///< origin form: path and query
  Headers headers = {};
  std::string body = {};
  /// Of requests that a server hands to its handler: whether the client has gone away meanwhile.
  /// To be asked on the loop's thread until the answer is given.
  std::function<bool()> client_gone = {};

  /// The target without its query.
  std::string_view path() const;
  /// The query without its "?", or "".
  std::string_view query() const;
};

struct Response {
  int status = 200;
  std::string reason = {};  ///< empty: the usual one for the status
  Headers headers = {};
  std::string body = {};
};

/// "Not Found" for 404; "" for a status nobody has named.
std::string_view reason_phrase(int status);

/// A response with Content-Type.
Response text_response(int status, std::string body,
                       std::string content_type = "text/plain; charset=utf-8");

/// Whether the three parts can stand in a message at all: token characters in names and methods, no
/// control characters in values or targets. serialize() wants this to hold (TOCSIN_CHECK).
bool valid_method(std::string_view method);
bool valid_target(std::string_view target);
bool valid_header(std::string_view name, std::string_view value);

}  // namespace tocsin::http
