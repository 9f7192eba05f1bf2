#pragma once

#include <boost/asio/awaitable.hpp>

namespace tocsin::net {

/// A coroutine of this program. It runs on the Loop that started it and does nothing until awaited
/// or given to a TaskGroup. Parameters are values unless the caller awaits on the spot, and a
/// lambda with captures must outlive its coroutine. See STYLE, GCC 12: in an expression with
/// co_await no by-value captures of non-trivial types, no aggregate built in place, no braced list.
template <class T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace tocsin::net
