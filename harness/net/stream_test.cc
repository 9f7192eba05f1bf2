#include "harness/net/stream.h"

#include <array>
#include <utility>

#include <gtest/gtest.h>

#include "harness/net/connect.h"
#include "harness/net/listener.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::net {
namespace {

using std::chrono::milliseconds;

Nanos soon() {
  return deadline_in(std::chrono::seconds(10));
}

struct Pair {
  StreamPtr client;
  StreamPtr server;
};

/// Two connected ends. The kernel completes the connection before anybody accepts it.
Task<Pair> connected_pair(Loop& loop) {
  const ListenOptions options;
  Listener listener = Listener::open(loop, options).value();
  Pair pair;
  Outcome<StreamPtr> client = co_await connect(loop, "127.0.0.1", listener.port(), soon());
  pair.client = std::move(client).value();
  Outcome<StreamPtr> server = co_await listener.accept();
  pair.server = std::move(server).value();
  co_return pair;
}

Task<std::string> read_all(Stream& stream) {
  std::string all;
  std::array<char, 4096> buffer;
  while (true) {
    const Outcome<std::size_t> got = co_await stream.read_some(buffer, soon());
    if (!got) {
      EXPECT_EQ(got.error().kind, NetFailure::kClosed);
      co_return all;
    }
    all.append(buffer.data(), *got);
  }
}

template <class T>
NetFailure failure_kind(const Outcome<T>& outcome) {
  EXPECT_FALSE(outcome.has_value());
  return outcome ? NetFailure::kSystem : outcome.error().kind;
}

Task<NetFailure> read_failure(Stream& stream, Nanos deadline) {
  std::array<char, 16> buffer;
  const Outcome<std::size_t> got = co_await stream.read_some(buffer, deadline);
  co_return failure_kind(got);
}

/// Runs `script` on a fresh pair of streams.
template <class Script>
void with_pair(Script script) {
  Loop loop;
  const auto main = [&]() -> Task<void> {
    Pair pair = co_await connected_pair(loop);
    co_await script(loop, pair);
  };
  loop.run(main());
}

TEST(Stream, CarriesBytesBothWaysAndEndsInGoodOrder) {
  with_pair([](Loop&, Pair& pair) -> Task<void> {
    EXPECT_EQ(pair.server->peer().ip, "127.0.0.1");
    const Outcome<> written = co_await pair.client->write_all("hello", soon());
    EXPECT_TRUE(written.has_value());
    co_await pair.client->shutdown(soon());
    const std::string heard = co_await read_all(*pair.server);
    EXPECT_EQ(heard, "hello");
    co_await pair.server->write_all("and back", soon());
    pair.server->close();
    const std::string answer = co_await read_all(*pair.client);
    EXPECT_EQ(answer, "and back");
    EXPECT_FALSE(pair.server->is_open());
  });
}

TEST(Stream, WritesMoreThanTheKernelHolds) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    const std::string much(8'000'000, 'x');
    TaskGroup group(loop);
    const auto writer = [&]() -> Task<void> {
      const Outcome<> written = co_await pair.client->write_all(much, soon());
      EXPECT_TRUE(written.has_value());
      pair.client->close();
    };
    group.spawn(writer());
    const std::string heard = co_await read_all(*pair.server);
    EXPECT_TRUE(heard == much);
    co_await group.join();
  });
}

TEST(Stream, ReadTimesOutAndTheLazyTimerServesLaterDeadlines) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    // The first deadline is met, so its timer is still armed when the next read begins.
    co_await pair.server->write_all("x", soon());
    std::array<char, 16> buffer;
    const Nanos first = loop.now() + milliseconds(5);
    const Outcome<std::size_t> got = co_await pair.client->read_some(buffer, first);
    EXPECT_TRUE(got.has_value());
    const Nanos second = loop.now() + milliseconds(20);
    const NetFailure failure = co_await read_failure(*pair.client, second);
    EXPECT_EQ(failure, NetFailure::kTimeout);
    EXPECT_GE(loop.now(), second);
  });
}

TEST(Stream, AnEarlierDeadlineReplacesALaterOne) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    co_await pair.server->write_all("x", soon());
    std::array<char, 16> buffer;
    const Outcome<std::size_t> got =
        co_await pair.client->read_some(buffer, deadline_in(std::chrono::hours(1)));
    EXPECT_TRUE(got.has_value());
    const NetFailure failure = co_await read_failure(*pair.client, loop.now() + milliseconds(5));
    EXPECT_EQ(failure, NetFailure::kTimeout);
  });
}

TEST(Stream, WriteTimesOutWhenNobodyReads) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    const std::string much(32'000'000, 'x');
    const Outcome<> written = co_await pair.client->write_all(much, loop.now() + milliseconds(10));
    EXPECT_EQ(failure_kind(written), NetFailure::kTimeout);
  });
}

TEST(Stream, ResetIsToldFromClosed) {
  with_pair([](Loop&, Pair& pair) -> Task<void> {
    pair.server->reset();
    const NetFailure failure = co_await read_failure(*pair.client, soon());
    EXPECT_EQ(failure, NetFailure::kReset);
  });
  with_pair([](Loop&, Pair& pair) -> Task<void> {
    pair.server->close();
    const NetFailure failure = co_await read_failure(*pair.client, soon());
    EXPECT_EQ(failure, NetFailure::kClosed);
    pair.client->close();
    const NetFailure after = co_await read_failure(*pair.client, soon());
    EXPECT_EQ(after, NetFailure::kClosed);
  });
}

TEST(Stream, CloseEndsAPendingRead) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    loop.post([&] { pair.client->close(); });
    const NetFailure failure = co_await read_failure(*pair.client, kNoDeadline);
    EXPECT_EQ(failure, NetFailure::kClosed);
  });
}

TEST(Stream, CancellationIsItsOwnAnswer) {
  with_pair([](Loop& loop, Pair& pair) -> Task<void> {
    TaskGroup group(loop);
    NetFailure first = NetFailure::kSystem;
    NetFailure second = NetFailure::kSystem;
    const auto reader = [&]() -> Task<void> {
      first = co_await read_failure(*pair.client, kNoDeadline);
      second = co_await read_failure(*pair.client, kNoDeadline);
    };
    group.spawn(reader());
    co_await sleep_for(milliseconds(1));
    group.cancel_all();
    co_await group.join();
    EXPECT_EQ(first, NetFailure::kCancelled);
    EXPECT_EQ(second, NetFailure::kCancelled);
  });
}

TEST(Stream, StaleWhenClosedOrSpokenToUnasked) {
  with_pair([](Loop&, Pair& pair) -> Task<void> {
    EXPECT_FALSE(pair.client->is_stale());
    co_await pair.server->write_all("x", soon());
    EXPECT_TRUE(pair.client->is_stale());
    pair.client->close();
    EXPECT_TRUE(pair.client->is_stale());
  });
}

TEST(Connect, TellsWhyNot) {
  Loop loop;
  const auto main = [&]() -> Task<void> {
    std::uint16_t unused = 0;
    {
      const ListenOptions options;
      unused = Listener::open(loop, options).value().port();
    }
    const auto refused = co_await connect(loop, "127.0.0.1", unused, soon());
    EXPECT_EQ(refused.error().kind, NetFailure::kRefused);
    EXPECT_EQ(to_string(refused.error()), "connection refused");
    const auto nameless = co_await connect(loop, "", 80, soon());
    EXPECT_EQ(nameless.error().kind, NetFailure::kNameNotFound);
    const auto late = co_await connect(loop, "127.0.0.1", unused, loop.now() - milliseconds(1));
    EXPECT_FALSE(late.has_value());
  };
  loop.run(main());
}

TEST(Connect, TriesTheNextAddress) {
  Loop loop;
  const auto main = [&]() -> Task<void> {
    const ListenOptions options;
    Listener listener = Listener::open(loop, options).value();
    Listener gone = Listener::open(loop, options).value();
    std::vector<Address> addresses;
    addresses.push_back(gone.address());
    addresses.push_back(listener.address());
    gone.close();
    const Outcome<StreamPtr> stream = co_await connect(loop, addresses, soon());
    EXPECT_TRUE(stream.has_value());
  };
  loop.run(main());
}

TEST(Connect, ResolvesNamesAndAddresses) {
  Loop loop;
  const auto main = [&]() -> Task<void> {
    const auto name = co_await resolve(loop, "localhost", 80, soon());
    EXPECT_TRUE(name.has_value() && !name->empty());
    const auto six = co_await resolve(loop, "::1", 80, soon());
    EXPECT_EQ(to_string(six.value().front()), "[::1]:80");
    // RFC 6761 promises that this name never exists.
    const auto never = co_await resolve(loop, "tocsin.invalid", 80, soon());
    EXPECT_FALSE(never.has_value());
  };
  loop.run(main());
}

TEST(Listener, SaysWhyItCannot) {
  Loop loop;
  ListenOptions options;
  const Listener first = Listener::open(loop, options).value();
  options.port = first.port();
  const auto second = Listener::open(loop, options);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().message, "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                                        ": Address already in use");
  options.host = "localhost";
  EXPECT_FALSE(Listener::open(loop, options).has_value());
}

TEST(Listener, CloseEndsAPendingAccept) {
  Loop loop;
  const auto main = [&]() -> Task<void> {
    const ListenOptions options;
    Listener listener = Listener::open(loop, options).value();
    loop.post([&] { listener.close(); });
    const Outcome<StreamPtr> stream = co_await listener.accept();
    EXPECT_EQ(stream.error().kind, NetFailure::kClosed);
  };
  loop.run(main());
}

TEST(Failure, IsAnErrorToThoseWhoWantOne) {
  const Failure failure{NetFailure::kTls, "certificate has expired"};
  EXPECT_EQ(to_string(failure), "tls: certificate has expired");
  const Outcome<int> outcome = failure;
  EXPECT_THROW(outcome.value(), TocsinError);
  const Error error = Failure{NetFailure::kTimeout};
  EXPECT_EQ(error.kind, ErrorKind::kTimeout);
}

}  // namespace
}  // namespace tocsin::net
