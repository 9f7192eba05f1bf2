#include "harness/net/task_group.h"

#include <exception>
#include <unordered_set>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/base/check.h"
#include "harness/net/spawn.h"

namespace tocsin::net {
namespace asio = boost::asio;

using Member = std::shared_ptr<Started>;

struct TaskGroup::Impl {
  explicit Impl(Loop& on) : loop(on), emptied(on.context()) {}

  void cancel_all() {
    is_cancelled = true;
    // A member may end, and so leave the set, while it is being cancelled.
    const std::vector<Member> present(members.begin(), members.end());
    for (const Member& member : present) cancel(*member);
  }

  void on_end(const Member& member, std::exception_ptr thrown) {
    members.erase(member);
    if (thrown && !error) {
      error = std::move(thrown);
      cancel_all();
    }
    if (members.empty()) emptied.cancel();
  }

  Loop& loop;
  asio::steady_timer emptied;  ///< never elapses; cancelled when the last member has ended
  std::unordered_set<Member> members;
  std::exception_ptr error;
  bool is_cancelled = false;
};

TaskGroup::TaskGroup(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}

TaskGroup::~TaskGroup() {
  TOCSIN_CHECK(impl_->members.empty(), "a task group dies with members; join it first");
}

void TaskGroup::spawn(Task<void> task) {
  const auto member = std::make_shared<Started>();
  impl_->members.insert(member);
  auto on_end = [impl = impl_, weak = std::weak_ptr<Started>(member)](std::exception_ptr error) {
    impl->on_end(weak.lock(), std::move(error));
  };
  net::spawn(impl_->loop.context(), member, std::move(task), std::move(on_end));
  if (impl_->is_cancelled) cancel(*member);
}

void TaskGroup::cancel_all() {
  impl_->cancel_all();
}

Task<void> TaskGroup::join() {
  const std::shared_ptr<Impl> impl = impl_;
  while (!impl->members.empty()) {
    if (co_await cancelled()) impl->cancel_all();
    // A cancellation interrupts this wait once; the next round then waits for the members' ends.
    boost::system::error_code ignored;
    impl->emptied.expires_at(asio::steady_timer::time_point::max());
    co_await impl->emptied.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (std::exception_ptr error = std::exchange(impl->error, nullptr)) {
    std::rethrow_exception(error);
  }
}

std::size_t TaskGroup::size() const {
  return impl_->members.size();
}

}  // namespace tocsin::net
