#include "fakes/service/routes.h"

#include <gtest/gtest.h>

namespace tocsin::fakes {
namespace {

scenario::Target target() {
  scenario::Target made;
  made.name = "service";
  made.health.emplace_back().path = "/health";
  made.admin.emplace_back().path = "/admin/reset";
  const auto add = [&](std::string method, std::string path) {
    scenario::Endpoint endpoint;
    endpoint.name = endpoint.path = std::move(path);
    endpoint.method = std::move(method);
    made.endpoints.push_back(std::move(endpoint));
  };
  add("GET", "/users/{id}");
  add("POST", "/users/{id}");
  add("GET", "/users/:id/posts");
  add("POST", "/chat");
  return made;
}

TEST(Routes, FindsWhatAnswers) {
  const scenario::Target served = target();
  const Routes routes(served);
  using Kind = Routes::Kind;
  struct Case {
    const char* method;
    const char* path;
    Kind kind;
    std::size_t index;
  };
  const Case cases[] = {
      {"GET", "/metrics", Kind::kMetrics, 0},
      {"HEAD", "/metrics", Kind::kMetrics, 0},
      {"GET", "/health", Kind::kHealth, 0},
      {"POST", "/admin/reset", Kind::kAdmin, 0},
      {"GET", "/admin/reset", Kind::kWrongMethod, 0},
      {"POST", "/chat", Kind::kEndpoint, 3},
      {"GET", "/users/7", Kind::kEndpoint, 0},
      {"POST", "/users/7", Kind::kEndpoint, 1},
      {"GET", "/users/7/posts", Kind::kEndpoint, 2},
      {"GET", "/", Kind::kIndex, 0},
      {"GET", "/users/", Kind::kNone, 0},
      {"GET", "/users", Kind::kNone, 0},
      {"GET", "/users/7/posts/1", Kind::kNone, 0},
      {"GET", "", Kind::kNone, 0},
      {"POST", "/", Kind::kNone, 0},
  };
  for (const Case& c : cases) {
    const Routes::Match match = routes.find(c.method, c.path);
    EXPECT_EQ(match.kind, c.kind) << c.method << ' ' << c.path;
    EXPECT_EQ(match.index, c.index) << c.method << ' ' << c.path;
  }
}

TEST(Routes, TellsWhichMethodsAPathHas) {
  const scenario::Target served = target();
  const Routes routes(served);
  const Routes::Match match = routes.find("DELETE", "/users/7");
  EXPECT_EQ(match.kind, Routes::Kind::kWrongMethod);
  EXPECT_EQ(match.allow, "GET, POST");
  EXPECT_EQ(routes.find("POST", "/metrics").allow, "GET");
}

TEST(Routes, TheIndexNamesEverything) {
  const scenario::Target served = target();
  EXPECT_EQ(Routes(served).index(),
            "service, as a fake\n\nGET /metrics\nGET /health\nPOST /admin/reset\nGET "
            "/users/{id}\nPOST /users/{id}\n"
            "GET /users/:id/posts\nPOST /chat\n");
}

}  // namespace
}  // namespace tocsin::fakes
