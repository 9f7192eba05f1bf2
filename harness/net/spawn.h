#pragma once

#include <exception>
#include <functional>
#include <memory>

#include <boost/asio/cancellation_signal.hpp>

#include "harness/net/task.h"

/// Private to net: how Loop and TaskGroup start a coroutine and cancel it.

namespace boost::asio {
class io_context;
}

namespace tocsin::net {

/// The handle on a started coroutine.
struct Started {
  boost::asio::cancellation_signal signal;
  bool running = false;
  bool cancelled = false;
};

/// Starts `task` soon; `started` must be new. `on_end` is called when it has ended, with its
/// exception if it threw.
void spawn(boost::asio::io_context& context, std::shared_ptr<Started> started, Task<void> task,
           std::function<void(std::exception_ptr)> on_end);

/// Makes its present wait and all later ones answer "cancelled".
void cancel(Started& started);

/// Whether the calling coroutine has been cancelled.
Task<bool> cancelled();

}  // namespace tocsin::net
