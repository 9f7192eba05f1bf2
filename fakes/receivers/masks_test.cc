#include "fakes/receivers/masks.h"

#include <gtest/gtest.h>

#include "fakes/receivers/paths.h"

namespace tocsin::receivers {
namespace {

TEST(Masks, TargetsKeepTheirShape) {
  struct Case {
    const char* target;
    const char* masked;
  };
  const Case cases[] = {
      {"/r/0/slack", "/r/0/slack"},
      {"/r/0/slack/services/T0AB/B0CD/xYz12", "/r/0/slack/services/<secret>/<secret>/<secret>"},
      {"/r/0/slack/services/abc/def/ghi", "/r/0/slack/services/<secret>/<secret>/<secret>"},
      {"/r/0/slack/api/chat.postMessage", "/r/0/slack/api/chat.postMessage"},
      {"/r/0/slack/bot123:ABC/sendMessage", "/r/0/slack/<secret>/sendMessage"},
      {"/r/0/slack/", "/r/0/slack/"},
      {"/r/0/slack?token=abc&x", "/r/0/slack?token=<secret>&x"},
      {"/r/0/slack?a=b&identifierType=alias", "/r/0/slack?a=<secret>&identifierType=alias"},
      {"/r/0/slack?", "/r/0/slack?"},
  };
  const std::size_t own = std::string_view("/r/0/slack").size();
  for (const Case& c : cases) {
    std::string masked = masked_target(c.target, own, "slack");
    if (std::string_view(c.target).ends_with("?")) masked += "?";
    EXPECT_EQ(masked, c.masked);
  }
  const std::string alias(64, 'a');
  EXPECT_EQ(masked_target("/x/v2/alerts/" + alias + "/close", 2, "opsgenie"),
            "/x/v2/alerts/" + alias + "/close");
  EXPECT_EQ(masked_target("/x/v2/alerts/" + alias, 2, "slack"), "/x/v2/alerts/<secret>");
  EXPECT_EQ(masked_target("short", 100, "slack"), "short");
}

TEST(Masks, WhereKindsHaveTheirKeys) {
  EXPECT_EQ(masked_target("/x/botabc/sendMessage", 2, "telegram"), "/x/<secret>/sendMessage");
  EXPECT_EQ(masked_target("/x/alert/key/team-7", 2, "victorops"), "/x/<secret>/<secret>/team-7");
  EXPECT_EQ(masked_target("/x/rest/api/2/issue/OPS-7/transitions", 2, "jira"),
            "/x/rest/api/2/issue/OPS-7/transitions");
  EXPECT_EQ(masked_target("/x?token=t&user=u&message=m", 2, "pushover"),
            "/x?token=<secret>&user=<secret>&message=<secret>");
}

TEST(Masks, Forms) {
  EXPECT_EQ(masked_form("token=a&user=b&message=x&c&=&routing_key="),
            "token=<secret>&user=<secret>&message=x&c&=&routing_key=<secret>");
  EXPECT_EQ(masked_form(""), "");
}

TEST(Masks, HeadersKeepSchemes) {
  const http::Headers headers = {{"Authorization", "GenieKey abc"},
                                 {"Proxy-Authorization", "Basic dTpw"},
                                 {"X-Routing-Key", "k"},
                                 {"authorization", "abc"},
                                 {"Content-Type", "application/json"},
                                 {"Cookie", "session=1"}};
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"Authorization", "GenieKey <secret>"}, {"Proxy-Authorization", "Basic <secret>"},
      {"X-Routing-Key", "<secret>"},          {"authorization", "<secret>"},
      {"Content-Type", "application/json"},   {"Cookie", "<secret>"}};
  EXPECT_EQ(masked_headers(headers), expected);
}

TEST(Masks, HeadersAreBounded) {
  http::Headers headers;
  for (int i = 0; i < 10'000; ++i) headers.add("x", std::string(2000, 'y'));
  const auto masked = masked_headers(headers);
  EXPECT_EQ(masked.size(), 64U);
  EXPECT_EQ(masked[0].second.size(), 1024U);
}

TEST(Masks, JsonMembersThatHoldKeys) {
  struct Case {
    const char* text;
    const char* masked;
  };
  const Case cases[] = {
      {R"({"routing_key":"R0UT","a":"b"})", R"({"routing_key":"<secret>","a":"b"})"},
      {R"({"a" : {"token" : "x\"y"}, "b": 1})", R"({"a" : {"token" : "<secret>"}, "b": 1})"},
      {R"({"service_key":""})", R"({"service_key":"<secret>"})"},
      {R"({"token":["kept"],"keys":"kept"})", R"({"token":["kept"],"keys":"kept"})"},
      {R"({"a":"token","b":"\"token\":\"x\""})", R"({"a":"token","b":"\"token\":\"x\""})"},
      {R"({"token":"cut off)", R"({"token":"<secret>)"},
      {R"({"token":)", R"({"token":)"},
      {R"({"token)", R"({"token)"},
      {R"(")", R"(")"},
      {R"("\)", R"("\)"},
      {"", ""},
      {"no JSON at all", "no JSON at all"},
  };
  for (const Case& c : cases) EXPECT_EQ(masked_json(c.text), c.masked);
}

TEST(Paths, BackAndForth) {
  const IntegrationId ids[] = {
      {"pager", "slack", 0}, {"on call/ä%", "webhook", 12}, {"", "msteams", 0}};
  for (const IntegrationId& id : ids) {
    const auto target = parse_path(path_of(id));
    ASSERT_TRUE(target) << path_of(id);
    EXPECT_EQ(target->id, id);
    EXPECT_TRUE(target->rest.empty());
  }
  EXPECT_EQ(path_of(ids[1]), "/on%20call%2F%C3%A4%25/12/webhook");
  const auto longer = parse_path("/og/0/opsgenie/v2//alerts/a%2Fb/close");
  ASSERT_TRUE(longer);
  EXPECT_EQ(longer->rest, (std::vector<std::string>{"v2", "alerts", "a/b", "close"}));
  for (const char* path :
       {"", "/", "x", "/a/0", "/a/x/slack", "/a/-1/slack", "/a//slack", "/a/0/fax", "/a/0/email",
        "/a/99999999999999999999/slack", "a/0/slack"}) {
    EXPECT_FALSE(parse_path(path)) << path;
  }
}

}  // namespace
}  // namespace tocsin::receivers
