#include "harness/net/stream.h"

namespace tocsin::net {

std::string to_string(const Address& address) {
  const bool is_ip6 = address.ip.find(':') != std::string::npos;
  const std::string ip = is_ip6 ? '[' + address.ip + ']' : address.ip;
  return ip + ':' + std::to_string(address.port);
}

Task<Outcome<>> Stream::handshake(Nanos) {
  co_return Outcome<>();
}

}  // namespace tocsin::net
