#include "harness/net/loop.h"

#include <exception>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "harness/base/check.h"
#include "harness/net/spawn.h"

namespace tocsin::net {
namespace asio = boost::asio;

Nanos deadline_in(Nanos wait) {
  const Nanos now = system_clock().monotonic();
  return wait > kNoDeadline - now ? kNoDeadline : now + wait;
}

struct Loop::Impl {
  // One thread runs the loop, so its descriptors need no locks; the queue that post() uses does.
  asio::io_context context{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  std::shared_ptr<Started> main;
  bool stop_wanted = false;
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}

Loop::~Loop() = default;

void Loop::run(Task<void> main) {
  TOCSIN_CHECK(impl_->main == nullptr, "a loop runs one main at a time");
  bool ended = false;
  std::exception_ptr error;
  const auto on_end = [&](std::exception_ptr thrown) {
    ended = true;
    error = std::move(thrown);
    impl_->context.stop();
  };
  impl_->context.restart();
  impl_->main = std::make_shared<Started>();
  spawn(impl_->context, impl_->main, std::move(main), on_end);
  if (std::exchange(impl_->stop_wanted, false)) cancel(*impl_->main);
  impl_->context.run();
  TOCSIN_CHECK(ended, "the main coroutine waits for something that cannot come");
  impl_->main = nullptr;
  if (error) std::rethrow_exception(error);
}

void Loop::stop() {
  post([impl = impl_.get()] {
    if (impl->main != nullptr) {
      cancel(*impl->main);
    } else {
      impl->stop_wanted = true;
    }
  });
}

void Loop::post(std::function<void()> work) {
  asio::post(impl_->context, std::move(work));
}

asio::io_context& Loop::context() {
  return impl_->context;
}

}  // namespace tocsin::net
