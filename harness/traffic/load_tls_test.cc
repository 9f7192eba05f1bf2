#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/scratch_folder.h"
#include "harness/traffic/load.h"
#include "harness/traffic/test_server.h"

namespace tocsin::traffic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// A server with a self-signed certificate for 127.0.0.1, made by the openssl command.
class LoadTls : public testing::Test {
 protected:
  void SetUp() override {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout " +
        key() + " -out " + certificate() + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
    http::ServerOptions options;
    options.listen.tls = net::TlsContext::server({certificate(), key()}).value();
    server_ = std::make_unique<TestServer>(TestServer::says("hello"), options);
  }

  std::string certificate() const { return folder_.path("cert.pem"); }
  std::string key() const { return folder_.path("key.pem"); }

  LoadOptions twenty_requests() const {
    LoadOptions options;
    options.url = server_->url();
    options.requests = {{.name = "root"}};
    Phase phase;
    phase.length = std::chrono::milliseconds(200);
    phase.count = 20;
    options.traffic.phases.push_back(phase);
    return options;
  }
  LoadCounts run(const LoadOptions& options) {
    LoadStop stop;
    LoadCounts total = run_load(options, stop, {}).value().result.total;
    EXPECT_TRUE(total.ledger.balanced());
    EXPECT_TRUE(server_->becomes_empty());
    return total;
  }

 private:
  ScratchFolder folder_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(LoadTls, IsVerifiedByDefault) {
  const LoadCounts total = run(twenty_requests());
  EXPECT_EQ(total.ledger.failed, 20U);
  EXPECT_THAT(total.by_error, ElementsAre(Pair(HasSubstr("tls"), 20)));
}

TEST_F(LoadTls, TrustsTheGivenAuthority) {
  LoadOptions options = twenty_requests();
  options.ca_file = certificate();
  EXPECT_THAT(run(options).by_status, ElementsAre(Pair(200, 20)));
}

TEST_F(LoadTls, VerificationCanBeSwitchedOff) {
  LoadOptions options = twenty_requests();
  options.verify_tls = false;
  EXPECT_THAT(run(options).by_status, ElementsAre(Pair(200, 20)));
}

TEST_F(LoadTls, PlainRequestsToATlsPortFail) {
  LoadOptions options = twenty_requests();
  options.url.replace(0, 5, "http");
  EXPECT_EQ(run(options).ledger.failed, 20U);
}

}  // namespace
}  // namespace tocsin::traffic
