#pragma once

#include <string>
#include <string_view>

#include "harness/base/error.h"

namespace tocsin::net {

/// How an exchange with the outside went wrong: data of a load or probe result, and at the same
/// time convertible to an Error for callers to whom it is one.
enum class NetFailure {
  kNameNotFound,  ///< the host's name has no address
  kRefused,       ///< nobody listens
  kUnreachable,   ///< no route to the host or network
  kTimeout,       ///< the deadline passed
  kReset,         ///< the peer tore the connection down
  kClosed,        ///< the peer closed in good order, or this end did
  kTls,           ///< handshake or certificate trouble; the detail says which
  kProtocol,      ///< the peer's bytes are not what the protocol allows
  kTooLarge,      ///< the peer sent more than the given bound
  kCancelled,     ///< this program asked to stop
  kSystem,        ///< anything else the operating system reports
};

/// "connection refused", "timeout", "connection reset", "closed by peer", "name not found", …
std::string_view to_string(NetFailure failure);

struct Failure {
  NetFailure kind = NetFailure::kSystem;
  std::string detail = {};  ///< empty, or what is known beyond the kind

  /// So that CO_TRY carries it out of a function that returns Result.
  operator Error() const;  // NOLINT(google-explicit-constructor)
  bool operator==(const Failure&) const = default;
};

/// The kind, then ": " and the detail if there is one: "tls: certificate has expired".
std::string to_string(const Failure& failure);

/// Found by argument-dependent lookup from Outcome<T>::value(); throws TocsinError.
[[noreturn]] void throw_exception_from_error(const Failure& failure,
                                             const boost::source_location& where);

/// What a network operation came to.
template <class T = void>
using Outcome = boost::system::result<T, Failure>;

}  // namespace tocsin::net
