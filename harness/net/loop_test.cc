#include "harness/net/loop.h"

#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::net {
namespace {

using std::chrono::milliseconds;

Task<int> seven() {
  co_return 7;
}

Task<void> fail(const char* why) {
  co_await sleep_for(milliseconds(1));
  throw std::runtime_error(why);
}

/// Waits for a word that never comes, and tells how it ended.
Task<void> wait_for_ever(Loop& loop, Wake& wake) {
  Timer timer(loop);
  wake = co_await timer.wait_until(kNoDeadline);
}

TEST(Loop, RunsATaskAndHandsOverItsValue) {
  Loop loop;
  EXPECT_EQ(loop.run(seven()), 7);
  EXPECT_EQ(loop.run(seven()), 7);
}

TEST(Loop, LetsTheExceptionOut) {
  Loop loop;
  EXPECT_THROW(loop.run(fail("x")), std::runtime_error);
  EXPECT_EQ(loop.run(seven()), 7);
}

TEST(Loop, StopCancelsMainFromAnyThread) {
  Loop loop;
  Wake wake = Wake::kElapsed;
  std::thread other([&] { loop.stop(); });
  loop.run(wait_for_ever(loop, wake));
  other.join();
  EXPECT_EQ(wake, Wake::kCancelled);
}

TEST(Loop, StopBetweenRunsCancelsTheNext) {
  Loop loop;
  loop.stop();
  Wake wake = Wake::kElapsed;
  loop.run(wait_for_ever(loop, wake));
  EXPECT_EQ(wake, Wake::kCancelled);
  EXPECT_EQ(loop.run(seven()), 7);
}

TEST(Loop, PostsInOrder) {
  Loop loop;
  std::vector<int> seen;
  Timer timer(loop);
  const auto main = [&]() -> Task<void> { co_await timer.wait_until(kNoDeadline); };
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&] { timer.notify(); });
  });
  loop.run(main());
  other.join();
  ASSERT_EQ(seen.size(), 100U);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST(Loop, DeadlinesSaturate) {
  EXPECT_EQ(deadline_in(kNoDeadline), kNoDeadline);
  EXPECT_GT(deadline_in(Nanos(0)), Nanos(0));
}

TEST(Timer, WaitsAtLeastSoLongAndIsFinerThanAMillisecond) {
  // A timer that counts milliseconds ends a wait of 300 us at least 700 us late, every time. The
  // kernel's is exact to microseconds: on a machine as busy as you like one wait of many is prompt.
  constexpr auto kPrompt = std::chrono::microseconds(500);
  Loop loop;
  Nanos least_late = std::chrono::hours(1);
  const auto main = [&]() -> Task<void> {
    for (int i = 0; i < 2000 && least_late >= kPrompt; ++i) {
      const Nanos when = loop.now() + std::chrono::microseconds(300);
      const bool slept = co_await sleep_until(when);
      EXPECT_TRUE(slept);
      const Nanos late = loop.now() - when;
      EXPECT_GE(late, Nanos(0));
      least_late = std::min(least_late, late);
    }
  };
  loop.run(main());
  EXPECT_LT(least_late, kPrompt);
}

TEST(Timer, ANotificationBeforeTheWaitIsKept) {
  Loop loop;
  Timer timer(loop);
  const auto main = [&]() -> Task<void> {
    timer.notify();
    timer.notify();
    Wake wake = co_await timer.wait_until(kNoDeadline);
    EXPECT_EQ(wake, Wake::kNotified);
    wake = co_await timer.wait_until(loop.now() + milliseconds(1));
    EXPECT_EQ(wake, Wake::kElapsed);
    wake = co_await timer.wait_until(loop.now() - milliseconds(1));
    EXPECT_EQ(wake, Wake::kElapsed);
  };
  loop.run(main());
}

TEST(TaskGroup, JoinsAllAndThoseSpawnedMeanwhile) {
  Loop loop;
  int ended = 0;
  const auto main = [&]() -> Task<void> {
    TaskGroup group(loop);
    const auto leaf = [&]() -> Task<void> {
      co_await sleep_for(milliseconds(1));
      ++ended;
    };
    const auto parent = [&]() -> Task<void> {
      co_await sleep_for(milliseconds(1));
      group.spawn(leaf());
      ++ended;
    };
    for (int i = 0; i < 5; ++i) group.spawn(parent());
    EXPECT_EQ(group.size(), 5U);
    EXPECT_EQ(ended, 0);
    co_await group.join();
    EXPECT_EQ(group.size(), 0U);
    co_await group.join();
  };
  loop.run(main());
  EXPECT_EQ(ended, 10);
}

TEST(TaskGroup, CancelIsAnOrdinaryAnswerNowAndLater) {
  Loop loop;
  std::vector<Wake> wakes(3, Wake::kElapsed);
  bool second_sleep = true;
  const auto main = [&]() -> Task<void> {
    TaskGroup group(loop);
    const auto stubborn = [&]() -> Task<void> {
      co_await wait_for_ever(loop, wakes[0]);
      second_sleep = co_await sleep_for(std::chrono::hours(1));
    };
    group.spawn(stubborn());
    co_await sleep_for(milliseconds(1));
    group.spawn(wait_for_ever(loop, wakes[1]));  // has not begun when the cancellation comes
    group.cancel_all();
    group.spawn(wait_for_ever(loop, wakes[2]));  // comes too late
    co_await group.join();
  };
  loop.run(main());
  EXPECT_EQ(wakes, std::vector<Wake>(3, Wake::kCancelled));
  EXPECT_FALSE(second_sleep);
}

TEST(TaskGroup, CancellingTheJoinerCancelsTheGroupAndStillWaits) {
  Loop loop;
  Wake wake = Wake::kElapsed;
  bool cleaned_up = false;
  const auto main = [&]() -> Task<void> {
    TaskGroup group(loop);
    const auto member = [&]() -> Task<void> {
      co_await wait_for_ever(loop, wake);
      TaskGroup inner(loop);  // cleaning up takes more than one step
      Wake ignored = Wake::kElapsed;
      inner.spawn(wait_for_ever(loop, ignored));
      co_await inner.join();
      cleaned_up = true;
    };
    group.spawn(member());
    loop.stop();
    co_await group.join();
  };
  loop.run(main());
  EXPECT_EQ(wake, Wake::kCancelled);
  EXPECT_TRUE(cleaned_up);
}

TEST(TaskGroup, AnExceptionCancelsTheOthersAndComesOutOfJoin) {
  Loop loop;
  Wake wake = Wake::kElapsed;
  std::string message;
  const auto main = [&]() -> Task<void> {
    TaskGroup group(loop);
    group.spawn(wait_for_ever(loop, wake));
    group.spawn(fail("first"));
    try {
      co_await group.join();
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
  };
  loop.run(main());
  EXPECT_EQ(message, "first");
  EXPECT_EQ(wake, Wake::kCancelled);
}

TEST(SignalWatch, CallsForEachSignalWhileItLives) {
  Loop loop;
  std::vector<int> signals;
  const auto main = [&]() -> Task<void> {
    Timer heard(loop);
    SignalWatch watch(loop, [&](int signal) {
      signals.push_back(signal);
      heard.notify();
    });
    for (const int signal : {SIGINT, SIGTERM, SIGINT}) {
      std::raise(signal);
      const Wake wake = co_await heard.wait_until(deadline_in(std::chrono::seconds(10)));
      EXPECT_EQ(wake, Wake::kNotified);
    }
  };
  loop.run(main());
  EXPECT_EQ(signals, (std::vector<int>{SIGINT, SIGTERM, SIGINT}));
}

}  // namespace
}  // namespace tocsin::net
