#include "harness/traffic/load_plan.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::traffic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

LoadOptions good() {
  LoadOptions options;
  options.url = "http://127.0.0.1:1";
  options.requests = {{.name = "read"}, {.name = "write", .method = "POST"}};
  Phase phase;
  phase.length = std::chrono::seconds(1);
  options.traffic.phases.push_back(phase);
  return options;
}

std::string problem(const std::function<void(LoadOptions&)>& spoil) {
  LoadOptions options = good();
  spoil(options);
  const auto plan = plan_load(options);
  return plan ? "" : to_string(plan.error());
}

TEST(LoadPlan, LooksUpTheMix) {
  LoadOptions options = good();
  options.traffic.phases.push_back(options.traffic.phases[0]);
  options.traffic.phases[1].mix = {{"write", 1}};
  options.time_scale = 4;
  const LoadPlan plan = plan_load(options).value();
  EXPECT_THAT(plan.request_of, ElementsAre(ElementsAre(0, 1), ElementsAre(1)));
  EXPECT_EQ(plan.options.traffic.phases[0].mix.size(), 2U) << "no mix: all requests alike";
  EXPECT_EQ(plan.length, std::chrono::milliseconds(500));
  EXPECT_FALSE(plan.unresolved);
  ASSERT_EQ(plan.peer.addresses.size(), 1U);
  EXPECT_EQ(plan.peer.addresses[0].port, 1);
}

TEST(LoadPlan, ADetourChangesTheAddressAndNotTheServersName) {
  LoadOptions options = good();
  options.url = "http://shop.example:81/base";
  options.connect_host = "127.0.0.1";
  options.connect_port = 7;
  const LoadPlan plan = plan_load(options).value();
  EXPECT_THAT(plan.peer.addresses, ElementsAre(net::Address{"127.0.0.1", 7}));
  EXPECT_EQ(plan.peer.host, "shop.example");
  Random random(1);
  std::string buffer;
  EXPECT_THAT(plan.requests[0].render(0, random, buffer), HasSubstr("Host: shop.example:81\r\n"));
}

TEST(LoadPlan, RefusesBadOptions) {
  EXPECT_EQ(problem([](LoadOptions&) {}), "");
  EXPECT_THAT(problem([](LoadOptions& o) { o.url = "ftp://x"; }), HasSubstr("URL"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.connections = 0; }), HasSubstr("one connection"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.connections = 4'000'000'000; }),
              HasSubstr("4000000000 connections need more open files"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.threads = 0; }), HasSubstr("one thread"));
  EXPECT_EQ(problem([](LoadOptions& o) { o.threads = 65; }),
            "65 threads cannot share 64 connections");
  EXPECT_THAT(problem([](LoadOptions& o) { o.threads = 257; }), HasSubstr("at most 256 threads"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.timeout = Duration(0); }), HasSubstr("timeout"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.slice = Duration(0); }), HasSubstr("slice"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.drain = Duration(-1); }), HasSubstr("drain"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.time_scale = 0; }), HasSubstr("time scale"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.traffic.phases.clear(); }), HasSubstr("no length"));
  EXPECT_THAT(problem([](LoadOptions& o) { o.requests.clear(); }), HasSubstr("nothing to request"));
  EXPECT_EQ(problem([](LoadOptions& o) { o.requests[1].name = "read"; }),
            "two requests are called \"read\"");
  EXPECT_EQ(problem([](LoadOptions& o) {
              o.traffic.phases[0].mix = {{"read", 0}};
            }),
            "the weight of \"read\" must be positive");
  EXPECT_THAT(problem([](LoadOptions& o) {
                o.url = "https://127.0.0.1:1";
                o.ca_file = "/nonexistent/ca.pem";
              }),
              HasSubstr("/nonexistent/ca.pem"));
}

TEST(LoadPlan, HintsAtTheNearestRequest) {
  LoadOptions options = good();
  options.traffic.phases[0].mix = {{"wirte", 1}};
  const auto plan = plan_load(options);
  ASSERT_TRUE(plan.has_error());
  EXPECT_EQ(plan.error().message, "the mix names \"wirte\", which is no request");
  EXPECT_THAT(plan.error().hints, ElementsAre(HasSubstr("write")));
}

}  // namespace
}  // namespace tocsin::traffic
