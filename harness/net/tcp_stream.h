#pragma once

#include <memory>

#include <boost/asio/ip/tcp.hpp>

#include "harness/net/stream.h"

/// Private to net: the one place where socket operations are instantiated.

namespace tocsin::net {

Failure failure_of(const boost::system::error_code& error);
Address address_of(const boost::asio::ip::tcp::endpoint& endpoint);

class TcpStream final : public Stream {
 public:
  explicit TcpStream(boost::asio::ip::tcp::socket socket);
  ~TcpStream() override;

  static Task<Outcome<StreamPtr>> connect(Loop& loop, boost::asio::ip::tcp::endpoint endpoint,
                                          Nanos deadline);

  Task<Outcome<std::size_t>> read_some(std::span<char> into, Nanos deadline) override;
  Task<Outcome<>> write_all(std::string_view bytes, Nanos deadline) override;
  Task<Outcome<>> shutdown(Nanos deadline) override;
  void close() noexcept override;
  void reset() noexcept override;
  bool is_open() const override;
  bool is_stale() const override;
  bool peer_gone() const override;
  Address peer() const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace tocsin::net
