#pragma once

#include <exception>
#include <string>

namespace tocsin::promapi {

/// What a request is answered with instead of data, in the words of Prometheus' API. Thrown by
/// routes, caught in Api::handle.
struct ApiFailure final : std::exception {
  ApiFailure(int http_status, std::string error_type, std::string what_is_wrong)
      : status(http_status), type(std::move(error_type)), message(std::move(what_is_wrong)) {}
  const char* what() const noexcept override { return message.c_str(); }

  int status;
  std::string type;  ///< "bad_data", "execution", "timeout", …
  std::string message;
};

inline ApiFailure bad_data(std::string message) {
  return {400, "bad_data", std::move(message)};
}
inline ApiFailure bad_parameter(const std::string& name, const std::string& why) {
  return bad_data("invalid parameter \"" + name + "\": " + why);
}

}  // namespace tocsin::promapi
