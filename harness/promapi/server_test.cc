#include "harness/promapi/server.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "harness/http/client.h"

namespace tocsin::promapi {
namespace {

/// A store on which a query takes for ever: many windows of many samples.
void fill(metrics::Store& store) {
  for (int i = 0; i < 20'000; ++i) {
    store.append(Labels{{"__name__", "x"}}, from_ms(i * 1000), static_cast<double>(i % 7));
  }
}
constexpr const char* kHeavy =
    "/api/v1/query_range?start=0&end=20000&step=2&query=double_exponential_smoothing("
    "double_exponential_smoothing(x[5h:1s],0.5,0.5)[5h:100ms],0.5,0.5)";

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    fill(store_);
    options_.query.cancelled = &cancelled_;
    options_.query.max_samples = 0;
  }
  void start(ApiServerOptions server_options) {
    api_ = std::make_unique<Api>(store_, nullptr, options_);
    auto opened = ApiServer::open(*api_, server_options);
    ASSERT_TRUE(opened) << to_string(opened.error());
    server_ = std::move(*opened);
  }
  net::Task<http::Response> ask(net::Loop& loop, std::string target) {
    http::Url url = http::parse_url(server_->url()).value();
    url.target = std::move(target);
    http::FetchOptions fetch_options;
    fetch_options.timeout = std::chrono::seconds(60);
    auto answer = co_await http::fetch(loop, url, fetch_options);
    EXPECT_TRUE(answer.has_value());
    co_return answer.has_value() ? std::move(*answer) : http::Response();
  }
  int status_of(const std::string& target) {
    net::Loop loop;
    return loop.run(ask(loop, target)).status;
  }

  std::atomic<bool> cancelled_{false};
  metrics::Store store_;
  ApiOptions options_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(ServerTest, AnswersAndStops) {
  start({});
  EXPECT_EQ(status_of("/-/healthy"), 200);
  EXPECT_EQ(status_of("/api/v1/query?query=x"), 200);
  EXPECT_EQ(status_of("/api/v1/query?query=x%7B"), 400);
  server_->stop();
}

TEST_F(ServerTest, AHeavyQueryAnswersToItsTimeout) {
  start({});
  EXPECT_EQ(status_of(std::string(kHeavy) + "&timeout=200ms"), 503);
}

/// With one worker busy, what is quick is still answered, and a query that waits is told so in
/// time.
TEST_F(ServerTest, WaitingRequestsHaveTheirTimeToo) {
  start({.workers = 1});
  net::Loop loop;
  net::Loop other;
  std::thread busy([&] { other.run(ask(other, std::string(kHeavy) + "&timeout=1h")); });
  while (status_of("/api/v1/query?query=x&timeout=50ms") != 503) {
  }
  EXPECT_EQ(status_of("/-/healthy"), 200);
  EXPECT_EQ(status_of("/api/v1/status/buildinfo"), 200);
  cancelled_ = true;  // ends the heavy one
  busy.join();
  server_->stop();
}

/// Its worker is soon free for others.
TEST_F(ServerTest, AClientThatGoesAwayEndsItsQuery) {
  start({.workers = 1});
  net::Loop loop;
  http::Url url = http::parse_url(server_->url()).value();
  url.target = std::string(kHeavy) + "&timeout=1h";
  http::FetchOptions impatient;
  impatient.timeout = std::chrono::milliseconds(300);
  EXPECT_FALSE(loop.run(http::fetch(loop, url, impatient)).has_value());
  EXPECT_EQ(status_of("/api/v1/query?query=x&timeout=50s"), 200);
}

TEST_F(ServerTest, StopsInTheMiddleOfAQuery) {
  start({.workers = 1});
  net::Loop loop;
  std::thread busy([&] {
    http::Url url = http::parse_url(server_->url()).value();
    url.target = kHeavy;
    http::FetchOptions fetch_options;
    loop.run(http::fetch(loop, url, fetch_options));
  });
  while (status_of("/api/v1/query?query=x&timeout=50ms") != 503) {
  }
  cancelled_ = true;
  server_->stop();
  busy.join();
}

}  // namespace
}  // namespace tocsin::promapi
