#include "harness/net/tls.h"

#include <array>
#include <cstdlib>

#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"
#include "harness/net/connect.h"
#include "harness/net/faulty_stream.h"
#include "harness/net/listener.h"
#include "harness/net/task_group.h"

namespace tocsin::net {
namespace {

Nanos in_time() {
  return deadline_in(std::chrono::seconds(10));
}

/// A self-signed certificate for localhost and 127.0.0.1, made by the openssl command.
class Tls : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<ScratchFolder>();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost "
        "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout " +
        key() + " -out " + certificate() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  static void TearDownTestSuite() { folder_ = nullptr; }

  static std::string certificate() { return folder_->path("cert.pem"); }
  static std::string key() { return folder_->path("key.pem"); }

  static TlsContextPtr server() { return TlsContext::server({certificate(), key()}).value(); }
  static TlsContextPtr client(TlsClientOptions options) {
    return TlsContext::client(std::move(options)).value();
  }
  static TlsContextPtr trusting_client() {
    TlsClientOptions options;
    options.ca_file = certificate();
    return client(options);
  }

 private:
  static inline std::unique_ptr<ScratchFolder> folder_;
};

/// Echoes one message and closes in good order.
Task<void> echo(Listener& listener, FaultPlan& plan, TlsContextPtr tls) {
  Outcome<StreamPtr> accepted = co_await listener.accept();
  if (!accepted) co_return;
  StreamPtr stream = std::make_unique<FaultyStream>(std::move(*accepted), plan);
  if (tls != nullptr) stream = tls->wrap(std::move(stream), {});
  std::array<char, 64 * 1024> buffer;
  while (true) {
    const Outcome<std::size_t> got = co_await stream->read_some(buffer, in_time());
    if (!got) break;
    const std::string_view bytes(buffer.data(), *got);
    const Outcome<> written = co_await stream->write_all(bytes, in_time());
    if (!written) break;
  }
  co_await stream->shutdown(in_time());
}

Task<Outcome<std::string>> ask(Loop& loop, std::string host, std::uint16_t port, TlsContextPtr tls,
                               std::string message) {
  CO_TRY(const StreamPtr stream, co_await connect(loop, host, port, in_time(), tls));
  const Outcome<> written = co_await stream->write_all(message, in_time());
  if (!written) co_return written.error();
  std::string answer;
  std::array<char, 1000> buffer;
  while (answer.size() < message.size()) {
    CO_TRY(const std::size_t got, co_await stream->read_some(buffer, in_time()));
    answer.append(buffer.data(), got);
  }
  const Outcome<> ended = co_await stream->shutdown(in_time());
  if (!ended) co_return ended.error();
  const Outcome<std::size_t> end = co_await stream->read_some(buffer, in_time());
  if (end || end.error().kind != NetFailure::kClosed) {
    co_return end ? Failure{NetFailure::kProtocol} : end.error();
  }
  co_return answer;
}

/// One exchange with an echo server; what the client got.
Outcome<std::string> exchange(const std::string& host, const TlsContextPtr& client,
                              const TlsContextPtr& server, const std::string& message,
                              FaultPlan& plan) {
  Loop loop;
  const auto main = [&]() -> Task<Outcome<std::string>> {
    const ListenOptions options;
    Listener listener = Listener::open(loop, options).value();
    TaskGroup group(loop);
    group.spawn(echo(listener, plan, server));
    Outcome<std::string> answer = co_await ask(loop, host, listener.port(), client, message);
    co_await group.join();
    co_return answer;
  };
  return loop.run(main());
}

Outcome<std::string> exchange(const std::string& host, const TlsContextPtr& client,
                              const TlsContextPtr& server, const std::string& message = "hello") {
  FaultPlan plan;
  return exchange(host, client, server, message, plan);
}

TEST_F(Tls, CarriesBytesWithVerificationOn) {
  EXPECT_EQ(exchange("localhost", trusting_client(), server()).value(), "hello");
  EXPECT_EQ(exchange("127.0.0.1", trusting_client(), server()).value(), "hello");
  const std::string much(1'000'000, 'x');
  EXPECT_EQ(exchange("localhost", trusting_client(), server(), much).value(), much);
}

TEST_F(Tls, RefusesAnUnknownAuthority) {
  const auto answer = exchange("localhost", client({}), server());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(to_string(answer.error()), "tls: self-signed certificate");
}

TEST_F(Tls, RefusesAnotherName) {
  TlsClientOptions options;
  options.ca_file = certificate();
  options.server_name = "elsewhere.example";
  const auto answer = exchange("localhost", client(options), server());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(to_string(answer.error()), "tls: hostname mismatch");
}

TEST_F(Tls, VerifiesNothingOnlyWhenAsked) {
  TlsClientOptions options;
  options.verify = false;
  options.server_name = "elsewhere.example";
  EXPECT_EQ(exchange("localhost", client(options), server()).value(), "hello");
}

TEST_F(Tls, APlainServerIsATlsFailure) {
  const auto answer = exchange("localhost", trusting_client(), nullptr);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, NetFailure::kTls);
}

TEST_F(Tls, BadFilesAreNamed) {
  TlsClientOptions options;
  options.ca_file = "missing.pem";
  const auto no_authority = TlsContext::client(options);
  ASSERT_FALSE(no_authority.has_value());
  EXPECT_NE(no_authority.error().message.find("missing.pem"), std::string::npos);
  EXPECT_FALSE(TlsContext::server({"missing.pem", key()}).has_value());
  EXPECT_FALSE(TlsContext::server({certificate(), certificate()}).has_value());
}

TEST_F(Tls, EveryStepMayFail) {
  // The N-th step of the server's transport fails, for each N, until the script runs untouched.
  const TlsContextPtr with_server = server();
  const TlsContextPtr with_client = trusting_client();
  int n = 1;
  for (; n < 100; ++n) {
    FaultPlan plan;
    plan.fail_at = n;
    plan.failure.kind = NetFailure::kReset;
    plan.read_limit = 700;
    const auto answer = exchange("localhost", with_client, with_server, "hello", plan);
    if (!plan.struck()) {
      EXPECT_EQ(answer.value(), "hello");
      break;
    }
    if (!answer) {
      EXPECT_TRUE(answer.error().kind == NetFailure::kReset ||
                  answer.error().kind == NetFailure::kTls)
          << n << ": " << to_string(answer.error());
    }
  }
  EXPECT_GT(n, 4);
  EXPECT_LT(n, 100);
}

}  // namespace
}  // namespace tocsin::net
