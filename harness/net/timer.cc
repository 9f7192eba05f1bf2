#include "harness/net/timer.h"

#include <csignal>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/base/check.h"
#include "harness/net/spawn.h"

namespace tocsin::net {
namespace asio = boost::asio;

using SteadyTime = asio::steady_timer::time_point;

struct Timer::Impl {
  explicit Impl(asio::io_context& context) : timer(context) {}

  asio::steady_timer timer;
  bool waiting = false;
  bool notified = false;
};

Timer::Timer(Loop& loop) : impl_(std::make_unique<Impl>(loop.context())) {}

Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&&) noexcept = default;

Task<Wake> Timer::wait_until(Nanos when) {
  Impl& impl = *impl_;
  TOCSIN_CHECK(!impl.waiting, "a timer has one waiter at a time");
  if (co_await cancelled()) co_return Wake::kCancelled;
  if (std::exchange(impl.notified, false)) co_return Wake::kNotified;
  if (when <= system_clock().monotonic()) co_return Wake::kElapsed;
  boost::system::error_code error;
  impl.waiting = true;
  impl.timer.expires_at(SteadyTime(when));
  co_await impl.timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  impl.waiting = false;
  if (std::exchange(impl.notified, false)) co_return Wake::kNotified;
  co_return error ? Wake::kCancelled : Wake::kElapsed;
}

void Timer::notify() {
  impl_->notified = true;
  if (impl_->waiting) impl_->timer.cancel();
}

Task<bool> sleep_until(Nanos when) {
  if (co_await cancelled()) co_return false;
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, SteadyTime(when));
  boost::system::error_code error;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

Task<bool> sleep_for(Nanos wait) {
  return sleep_until(deadline_in(wait));
}

struct SignalWatch::Impl : std::enable_shared_from_this<SignalWatch::Impl> {
  Impl(asio::io_context& context, std::function<void(int)> call)
      : signals(context, SIGINT, SIGTERM), on_signal(std::move(call)) {}

  void wait() {
    signals.async_wait([self = shared_from_this()](boost::system::error_code error, int signal) {
      if (error) return;
      self->on_signal(signal);
      self->wait();
    });
  }

  asio::signal_set signals;
  std::function<void(int)> on_signal;
};

SignalWatch::SignalWatch(Loop& loop, std::function<void(int signal)> on_signal)
    : impl_(std::make_shared<Impl>(loop.context(), std::move(on_signal))) {
  impl_->wait();
}

SignalWatch::~SignalWatch() {
  boost::system::error_code ignored;
  impl_->signals.clear(ignored);
  impl_->signals.cancel(ignored);
}

}  // namespace tocsin::net
