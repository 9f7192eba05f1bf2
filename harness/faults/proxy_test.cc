#include "harness/faults/proxy.h"

#include <array>

#include <gtest/gtest.h>

#include "harness/net/connect.h"
#include "harness/net/listener.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::faults {
namespace {

using net::NetFailure;
using net::Task;
using std::chrono::hours;
using std::chrono::milliseconds;
using Kind = NetworkFault::Kind;

Nanos soon() {
  return net::deadline_in(std::chrono::seconds(10));
}

/// In force for the first hour.
FaultTimeline timeline_of(NetworkFault fault) {
  Fault made;
  made.name = "fault";
  made.target = "network";
  made.length = hours(1);
  made.network_faults.push_back(fault);
  return FaultTimeline({made});
}

/// A service that answers every message with its bytes and closes after "bye".
class Proxy : public ::testing::Test {
 protected:
  template <class Script>
  void run(const FaultTimeline& timeline, Script script) {
    net::Listener service = net::Listener::open(loop_, {}).value();
    ProxyOptions options;
    options.upstream.push_back(service.address());
    options.offset = [this] { return offset_; };
    const auto proxy = NetworkProxy::open(loop_, timeline, options).value();
    const auto main = [&]() -> Task<void> {
      net::TaskGroup group(loop_);
      group.spawn(serve(service, group));
      group.spawn(proxy->serve());
      co_await script(*proxy);
      proxy->stop();
      service.close();
      group.cancel_all();
      co_await group.join();
    };
    loop_.run(main());
  }

  Task<void> serve(net::Listener& service, net::TaskGroup& group) {
    while (true) {
      net::Outcome<net::StreamPtr> stream = co_await service.accept();
      if (!stream) co_return;
      group.spawn(echo(std::move(*stream)));
    }
  }

  Task<void> echo(net::StreamPtr stream) {
    std::array<char, 65536> buffer;
    while (true) {
      const net::Outcome<std::size_t> got = co_await stream->read_some(buffer, net::kNoDeadline);
      if (!got) co_return;
      heard_ += *got;
      const std::string_view bytes(buffer.data(), *got);
      const net::Outcome<> sent = co_await stream->write_all(bytes, soon());
      if (!sent || bytes == "bye") co_return;
    }
  }

  Task<net::Outcome<net::StreamPtr>> connect(const NetworkProxy& proxy) {
    const net::Address address{"127.0.0.1", proxy.port()};
    std::vector<net::Address> addresses(1, address);
    co_return co_await net::connect(loop_, std::move(addresses), soon());
  }

  /// Sends `message` and reads as many bytes back; what went wrong if anything did.
  Task<net::Outcome<std::string>> exchange(net::Stream& stream, std::string message) {
    std::string answer;
    const net::Outcome<> sent = co_await stream.write_all(message, soon());
    if (!sent) co_return sent.error();
    std::array<char, 65536> buffer;
    while (answer.size() < message.size()) {
      const net::Outcome<std::size_t> got = co_await stream.read_some(buffer, soon());
      if (!got) co_return got.error();
      answer.append(buffer.data(), *got);
      ++reads_;
    }
    co_return answer;
  }

  net::Loop loop_;
  Duration offset_{0};
  std::size_t heard_ = 0;
  int reads_ = 0;
};

TEST_F(Proxy, WithoutFaultsBytesPassUnchanged) {
  const FaultTimeline none;
  run(none, [&](NetworkProxy& proxy) -> Task<void> {
    const auto stream = co_await connect(proxy);
    const auto echoed = co_await exchange(**stream, "hello");
    EXPECT_EQ(echoed.value(), "hello");
    const auto bye = co_await exchange(**stream, "bye");
    EXPECT_EQ(bye.value(), "bye");
    std::array<char, 16> buffer;
    const auto end = co_await (*stream)->read_some(buffer, soon());
    EXPECT_EQ(end.error().kind, NetFailure::kClosed);
  });
}

TEST_F(Proxy, LatencyDelaysAnswers) {
  run(timeline_of({.kind = Kind::kLatency, .delay = milliseconds(40)}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const Nanos begun = loop_.now();
        const auto echoed = co_await exchange(**stream, "hello");
        EXPECT_EQ(echoed.value(), "hello");
        EXPECT_GE(loop_.now() - begun, milliseconds(40));
      });
}

TEST_F(Proxy, BandwidthIsKept) {
  run(timeline_of({.kind = Kind::kBandwidth, .bytes_per_second = 20'000}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const Nanos begun = loop_.now();
        const auto echoed = co_await exchange(**stream, std::string(2000, 'x'));
        EXPECT_EQ(echoed.value().size(), 2000u);
        EXPECT_GE(loop_.now() - begun, milliseconds(100));
        EXPECT_LT(loop_.now() - begun, std::chrono::seconds(5));  // a busy machine
      });
}

TEST_F(Proxy, SlicesAreWrittenOneByOne) {
  run(timeline_of({.kind = Kind::kSlice, .slice_bytes = 3}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto echoed = co_await exchange(**stream, "hello world");
        EXPECT_EQ(echoed.value(), "hello world");
        EXPECT_GE(reads_, 1);  // the kernel may join segments again
      });
}

TEST_F(Proxy, ResetTearsDownWhatTheServiceHasAnswered) {
  run(timeline_of({.kind = Kind::kReset}), [&](NetworkProxy& proxy) -> Task<void> {
    const auto stream = co_await connect(proxy);
    const auto echoed = co_await exchange(**stream, "hello");
    EXPECT_EQ(echoed.error().kind, NetFailure::kReset);
    EXPECT_EQ(heard_, 5u);
  });
}

TEST_F(Proxy, TimeoutHoldsBackThenCloses) {
  run(timeline_of({.kind = Kind::kTimeout, .delay = milliseconds(30)}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const Nanos begun = loop_.now();
        const auto echoed = co_await exchange(**stream, "hello");
        EXPECT_EQ(echoed.error().kind, NetFailure::kClosed);
        EXPECT_GE(loop_.now() - begun, milliseconds(30));
      });
}

TEST_F(Proxy, SlowCloseComesLate) {
  run(timeline_of({.kind = Kind::kSlowClose, .delay = milliseconds(30)}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto bye = co_await exchange(**stream, "bye");
        EXPECT_EQ(bye.value(), "bye");
        const Nanos answered = loop_.now();
        std::array<char, 16> buffer;
        const auto end = co_await (*stream)->read_some(buffer, soon());
        EXPECT_EQ(end.error().kind, NetFailure::kClosed);
        EXPECT_GE(loop_.now() - answered, milliseconds(25));
      });
}

TEST_F(Proxy, RefuseClosesTheListenerUntilTheFaultEnds) {
  Fault fault;
  fault.target = "network";
  fault.at = milliseconds(1);
  fault.length = milliseconds(30);
  fault.network_faults.push_back({.kind = Kind::kRefuse});
  const FaultTimeline timeline({fault});
  const Nanos begun = loop_.now();
  offset_ = milliseconds(0);
  net::Listener service = net::Listener::open(loop_, {}).value();
  ProxyOptions options;
  options.upstream.push_back(service.address());
  options.offset = [&] { return std::chrono::floor<Duration>(loop_.now() - begun); };
  const auto proxy = NetworkProxy::open(loop_, timeline, options).value();
  const auto main = [&]() -> Task<void> {
    net::TaskGroup group(loop_);
    group.spawn(proxy->serve());
    bool refused = false;
    while (options.offset() < milliseconds(25)) {
      const auto stream = co_await connect(*proxy);
      refused = refused || (!stream && stream.error().kind == NetFailure::kRefused);
      co_await net::sleep_for(milliseconds(1));
    }
    EXPECT_TRUE(refused);
    auto stream = co_await connect(*proxy);
    while (!stream) stream = co_await connect(*proxy);
    EXPECT_GE(options.offset(), milliseconds(31));
    proxy->stop();
    co_await group.join();
  };
  loop_.run(main());
}

TEST_F(Proxy, LatencyUpstreamDelaysRequestsAlone) {
  run(timeline_of({.kind = Kind::kLatency,
                   .delay = milliseconds(40),
                   .direction = NetworkFault::Direction::kUpstream}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const net::Outcome<> sent = co_await (*stream)->write_all("hello", soon());
        EXPECT_TRUE(sent);
        const Nanos begun = loop_.now();
        while (heard_ == 0) co_await net::sleep_for(milliseconds(1));
        EXPECT_GE(loop_.now() - begun, milliseconds(35));
        const Nanos heard = loop_.now();
        std::array<char, 16> buffer;
        const auto got = co_await (*stream)->read_some(buffer, soon());
        EXPECT_EQ(got.value(), 5u);
        EXPECT_LT(loop_.now() - heard, milliseconds(35));
      });
}

TEST_F(Proxy, ResetUpstreamKeepsRequestsFromTheService) {
  run(timeline_of({.kind = Kind::kReset, .direction = NetworkFault::Direction::kUpstream}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto echoed = co_await exchange(**stream, "hello");
        EXPECT_EQ(echoed.error().kind, NetFailure::kReset);
        EXPECT_EQ(heard_, 0u);
      });
}

TEST_F(Proxy, TimeoutUpstreamKeepsRequestsFromTheService) {
  run(timeline_of({.kind = Kind::kTimeout,
                   .delay = milliseconds(30),
                   .direction = NetworkFault::Direction::kUpstream}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto echoed = co_await exchange(**stream, "hello");
        EXPECT_EQ(echoed.error().kind, NetFailure::kClosed);
        EXPECT_EQ(heard_, 0u);
      });
}

TEST_F(Proxy, CutAfterClosesWhenItsBytesHavePassed) {
  run(timeline_of({.kind = Kind::kCutAfter, .limit_bytes = 8}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto first = co_await exchange(**stream, "hello");
        EXPECT_EQ(first.value(), "hello");
        const net::Outcome<> sent = co_await (*stream)->write_all("world", soon());
        EXPECT_TRUE(sent);
        std::array<char, 16> buffer;
        std::string rest;
        auto got = co_await (*stream)->read_some(buffer, soon());
        while (got) {
          rest.append(buffer.data(), *got);
          got = co_await (*stream)->read_some(buffer, soon());
        }
        EXPECT_EQ(rest, "wor");
        EXPECT_EQ(got.error().kind, NetFailure::kClosed);
        // A connection of its own starts anew.
        const auto other = co_await connect(proxy);
        const auto again = co_await exchange(**other, "hello");
        EXPECT_EQ(again.value(), "hello");
      });
}

TEST_F(Proxy, CutAfterUpstreamCountsRequests) {
  run(timeline_of({.kind = Kind::kCutAfter,
                   .limit_bytes = 3,
                   .direction = NetworkFault::Direction::kUpstream}),
      [&](NetworkProxy& proxy) -> Task<void> {
        const auto stream = co_await connect(proxy);
        const auto echoed = co_await exchange(**stream, "hello");
        EXPECT_FALSE(echoed);
        while (heard_ < 3) co_await net::sleep_for(milliseconds(1));
        EXPECT_EQ(heard_, 3u);
      });
}

TEST_F(Proxy, CutResetsWhatStandsAndNothingElse) {
  Fault fault;
  fault.target = "network";
  fault.at = milliseconds(30);
  fault.network_faults.push_back({.kind = Kind::kCut});
  const FaultTimeline timeline({fault});
  const Nanos begun = loop_.now();
  offset_ = milliseconds(0);
  net::Listener service = net::Listener::open(loop_, {}).value();
  ProxyOptions options;
  options.upstream.push_back(service.address());
  options.offset = [&] { return std::chrono::floor<Duration>(loop_.now() - begun); };
  const auto proxy = NetworkProxy::open(loop_, timeline, options).value();
  const auto main = [&]() -> Task<void> {
    net::TaskGroup group(loop_);
    group.spawn(serve(service, group));
    group.spawn(proxy->serve());
    const auto before = co_await connect(*proxy);
    const auto echoed = co_await exchange(**before, "hello");
    EXPECT_EQ(echoed.value(), "hello");
    std::array<char, 16> buffer;
    const auto end = co_await (*before)->read_some(buffer, soon());
    EXPECT_EQ(end.error().kind, NetFailure::kReset);
    EXPECT_GE(options.offset(), milliseconds(30));
    const auto after = co_await connect(*proxy);
    const auto again = co_await exchange(**after, "hello");
    EXPECT_EQ(again.value(), "hello");
    proxy->stop();
    service.close();
    group.cancel_all();
    co_await group.join();
  };
  loop_.run(main());
}

}  // namespace
}  // namespace tocsin::faults
