#pragma once

#include <array>
#include <string>
#include <string_view>

#include "harness/http/server.h"

namespace tocsin::http {

/// Private to the server: one connection's life, request after request.
class Session {
 public:
  /// What sessions share. The referents outlive them; `counters` is written to.
  struct Shared {
    net::Loop& loop;
    const Handler& handler;
    const ServerOptions& options;
    ServerCounters& counters;
    bool stopping = false;  ///< no further request on any connection
  };

  Session(Shared& shared, net::StreamPtr stream);

  /// Serves until either side has had enough. The stream is closed on return.
  net::Task<void> run();

  /// Ends a session that waits for its next request, or answers with Reply::hang.
  void interrupt_if_idle();

  /// Turns the client away with 503.
  net::Task<void> refuse();

 private:
  enum class Next { kGoOn, kEnd };

  net::Task<Next> serve_one();
  net::Task<Next> receive(RequestParser& parser);
  net::Task<Next> take_bytes(RequestParser& parser, Nanos deadline);
  net::Task<Next> reject_bad(const RequestParser& parser);
  net::Task<void> reject(int status, std::string why);
  net::Task<Reply> call_handler(Request request);
  net::Task<Next> answer(Reply reply, const RequestParser& parser, BodyUse body);
  net::Task<Next> respond(Response response, bool client_keeps, BodyUse body, std::size_t speed);
  net::Task<bool> write(std::string_view bytes, std::size_t bytes_per_second);
  net::Task<void> hang();
  net::Task<void> close_in_good_order();

  Shared& shared_;
  net::StreamPtr stream_;
  bool is_idle_ = false;
  std::string unread_;  ///< bytes of the next request that came with the last one
  std::array<char, 16 * 1024> buffer_;
};

}  // namespace tocsin::http
