#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/net/stream.h"
#include "harness/net/tls.h"

namespace tocsin::net {

/// The addresses of `host`: a numeric address (no look-up), or a name for the system's resolver, in
/// its order. The look-up itself cannot be interrupted; past the deadline its answer is thrown
/// away, and the loop's destructor waits for it.
Task<Outcome<std::vector<Address>>> resolve(Loop& loop, std::string host, std::uint16_t port,
                                            Nanos deadline);

/// Connects to the first address that answers, with TCP_NODELAY; the failure is the last address's.
Task<Outcome<StreamPtr>> connect(Loop& loop, std::vector<Address> addresses, Nanos deadline);

/// Resolves, connects and, given `tls`, shakes hands, all before the deadline.
Task<Outcome<StreamPtr>> connect(Loop& loop, std::string host, std::uint16_t port, Nanos deadline,
                                 TlsContextPtr tls = nullptr);

/// Another way to open a stream, for those who take one: a test's fake, a detour.
using Dial = std::function<Task<Outcome<StreamPtr>>(Nanos deadline)>;

}  // namespace tocsin::net
