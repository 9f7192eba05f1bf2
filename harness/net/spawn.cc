#include "harness/net/spawn.h"

#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

namespace tocsin::net {
namespace asio = boost::asio;

namespace {

/// Asio would throw from the first wait after a cancellation; here cancelled is an ordinary answer.
/// A cancellation that came before the coroutine ran is delivered only now, for the same reason.
Task<void> run(std::shared_ptr<Started> started, Task<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  started->running = true;
  if (started->cancelled) started->signal.emit(asio::cancellation_type::terminal);
  co_await std::move(task);
}

}  // namespace

void spawn(asio::io_context& context, std::shared_ptr<Started> started, Task<void> task,
           std::function<void(std::exception_ptr)> on_end) {
  auto finish = [started, on_end = std::move(on_end)](std::exception_ptr error) {
    started->running = false;
    on_end(std::move(error));
  };
  const asio::cancellation_slot slot = started->signal.slot();
  asio::co_spawn(context, run(std::move(started), std::move(task)),
                 asio::bind_cancellation_slot(slot, std::move(finish)));
}

void cancel(Started& started) {
  if (std::exchange(started.cancelled, true)) return;
  if (started.running) started.signal.emit(asio::cancellation_type::terminal);
}

Task<bool> cancelled() {
  const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
  co_return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace tocsin::net
