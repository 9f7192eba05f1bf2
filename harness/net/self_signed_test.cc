#include "harness/net/self_signed.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "harness/net/connect.h"
#include "harness/net/listener.h"
#include "harness/net/task_group.h"

namespace tocsin::net {
namespace {

Task<void> shake_hands(Listener& listener) {
  const Outcome<StreamPtr> accepted = co_await listener.accept();
  if (accepted) co_await (*accepted)->handshake(deadline_in(std::chrono::seconds(10)));
}

/// What a client that trusts only `authority` says to a server with `own`.
std::string tried(const SelfSigned& own, const std::string& authority) {
  Loop loop;
  ListenOptions options;
  options.tls = own.server();
  Listener listener = Listener::open(loop, options).value();
  TlsClientOptions client;
  client.ca_file = authority;
  const TlsContextPtr tls = TlsContext::client(client).value();
  std::string said = "fine";
  const auto main = [&]() -> Task<void> {
    TaskGroup group(loop);
    group.spawn(shake_hands(listener));
    const Nanos deadline = deadline_in(std::chrono::seconds(10));
    const auto stream = co_await connect(loop, "127.0.0.1", listener.port(), deadline, tls);
    if (!stream) said = to_string(stream.error());
    co_await group.join();
  };
  loop.run(main());
  return said;
}

TEST(SelfSigned, IsTrustedByThoseWhoKnowIt) {
  const auto own = SelfSigned::make({"localhost", "127.0.0.1", "::1"}).value();
  const auto other = SelfSigned::make({"localhost", "127.0.0.1"}).value();
  EXPECT_EQ(tried(*own, own->certificate_file()), "fine");
  EXPECT_NE(tried(*own, other->certificate_file()), "fine");
  const auto elsewhere = SelfSigned::make({"example.org"}).value();
  EXPECT_EQ(tried(*elsewhere, elsewhere->certificate_file()), "tls: IP address mismatch");
}

TEST(SelfSigned, LeavesTheCertificateOnlyAndThenNothing) {
  auto own = SelfSigned::make({"localhost"}).value();
  const std::filesystem::path folder = std::filesystem::path(own->certificate_file()).parent_path();
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++files;
  EXPECT_EQ(files, 1U);
  own.reset();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace tocsin::net
