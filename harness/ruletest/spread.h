#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace tocsin::ruletest {

/// Calls work(i) for each i below `count`, on up to `jobs` threads, this one included. `make` makes
/// each thread's work.
template <class Make>
void spread(std::size_t count, unsigned jobs, const Make& make) {
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    auto work = make();
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::jthread> others;
  for (std::size_t i = 1; i < std::min<std::size_t>(jobs, count); ++i) others.emplace_back(loop);
  loop();
}

}  // namespace tocsin::ruletest
