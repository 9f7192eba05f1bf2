#include "harness/net/failure.h"

namespace tocsin::net {

std::string_view to_string(NetFailure failure) {
  switch (failure) {
    case NetFailure::kNameNotFound:
      return "name not found";
    case NetFailure::kRefused:
      return "connection refused";
    case NetFailure::kUnreachable:
      return "unreachable";
    case NetFailure::kTimeout:
      return "timeout";
    case NetFailure::kReset:
      return "connection reset";
    case NetFailure::kClosed:
      return "closed by peer";
    case NetFailure::kTls:
      return "tls";
    case NetFailure::kProtocol:
      return "malformed response";
    case NetFailure::kTooLarge:
      return "response too large";
    case NetFailure::kCancelled:
      return "cancelled";
    case NetFailure::kSystem:
      break;
  }
  return "network error";
}

std::string to_string(const Failure& failure) {
  std::string text(to_string(failure.kind));
  if (!failure.detail.empty()) text += ": " + failure.detail;
  return text;
}

Failure::operator Error() const {
  Error error = io_error(net::to_string(*this));
  if (kind == NetFailure::kTimeout) error.kind = ErrorKind::kTimeout;
  if (kind == NetFailure::kCancelled) error.kind = ErrorKind::kCancelled;
  if (kind == NetFailure::kTooLarge) error.kind = ErrorKind::kLimit;
  return error;
}

void throw_exception_from_error(const Failure& failure, const boost::source_location&) {
  throw TocsinError(failure);
}

}  // namespace tocsin::net
