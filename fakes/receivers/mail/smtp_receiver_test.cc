#include <array>

#include <gmock/gmock.h>

#include "fakes/receivers/receiver_server.h"
#include "harness/http/url.h"
#include "harness/net/connect.h"
#include "harness/net/faulty_stream.h"
#include "harness/net/timer.h"

/// Mail over loopback.

namespace tocsin::receivers {
namespace {

using net::NetFailure;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Nanos in_time() {
  return net::deadline_in(seconds(10));
}

/// One client's connection, on a loop of the test's.
class Client {
 public:
  Client(net::Loop& loop, const std::string& address, net::FaultPlan* plan = nullptr)
      : loop_(loop) {
    const std::size_t colon = address.rfind(':');
    const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
    auto connected =
        loop_.run(net::connect(loop_, address.substr(0, colon), port, in_time(), nullptr));
    stream_ = std::move(connected).value();
    if (plan != nullptr) stream_ = std::make_unique<net::FaultyStream>(std::move(stream_), *plan);
  }

  /// What comes until a reply's last line has come, or the end.
  std::string hear() {
    std::string all;
    std::array<char, 1000> buffer;
    while (!is_whole_reply(all)) {
      const auto got = loop_.run(stream_->read_some(buffer, in_time()));
      if (!got) {
        end = got.error().kind;
        return all + "[" + std::string(to_string(got.error().kind)) + "]";
      }
      all.append(buffer.data(), *got);
    }
    return all;
  }
  std::string say(const std::string& line) {
    raw(line + "\r\n");
    return hear();
  }
  void raw(const std::string& bytes) { (void)loop_.run(stream_->write_all(bytes, in_time())); }
  bool start_tls(const std::string& authority) {
    net::TlsClientOptions options;
    options.ca_file = authority;
    stream_ = net::TlsContext::client(options).value()->wrap(std::move(stream_), "127.0.0.1");
    return loop_.run(stream_->handshake(in_time())).has_value();
  }
  /// MAIL to content; the last reply.
  std::string send(const std::string& to, const std::string& content) {
    std::string reply = say("MAIL FROM:<am@example.org>");
    if (reply.starts_with("250")) reply = say("RCPT TO:<" + to + ">");
    if (reply.starts_with("250")) reply = say("DATA");
    return reply.starts_with("354") ? say(content + "\r\n.") : reply;
  }
  void close() { stream_->close(); }

  NetFailure end = NetFailure::kSystem;

 private:
  static bool is_whole_reply(const std::string& text) {
    if (!text.ends_with("\r\n")) return false;
    const std::size_t before = text.rfind("\r\n", text.size() - 3);
    const std::size_t line = before == std::string::npos ? 0 : before + 2;
    return line + 3 < text.size() && text[line + 3] == ' ';
  }

  net::Loop& loop_;
  net::StreamPtr stream_;
};

class Mail : public ::testing::Test {
 protected:
  void open(ReceiverOptions options) {
    options.offset = [] { return Duration(0); };
    options.time_scale = 1000;
    auto opened = ReceiverServer::open(std::move(options));
    ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    server_ = std::move(*opened);
  }
  Client greeted(const std::string& address) {
    Client client(loop_, address);
    EXPECT_THAT(client.hear(), StartsWith("220 "));
    EXPECT_THAT(client.say("EHLO me"), StartsWith("250-"));
    return client;
  }
  static IntegrationSetup mailbox(const std::string& receiver, std::vector<Trouble> troubles = {}) {
    IntegrationSetup setup;
    setup.id = {receiver, "email", 0};
    setup.recipients = {receiver + "@example.org"};
    setup.troubles = std::move(troubles);
    return setup;
  }
  static Trouble at(SmtpStage stage, TroubleKind kind, std::size_t first = 0, int status = 451) {
    Trouble trouble;
    trouble.kind = kind;
    trouble.stage = stage;
    trouble.first = first;
    trouble.status = status;
    return trouble;
  }

  net::Loop loop_;
  std::unique_ptr<ReceiverServer> server_;
};

TEST_F(Mail, IsKnownByItsPortOrItsRecipients) {
  ReceiverOptions options;
  options.integrations = {mailbox("a"), mailbox("b")};
  open(std::move(options));
  EXPECT_NE(server_->smtp_address("a"), server_->smtp_address("b"));
  EXPECT_EQ(server_->smtp_address("c"), server_->smtp_address());
  Client own = greeted(server_->smtp_address("a"));
  EXPECT_THAT(own.send("anybody@example.org", "Subject: [FIRING:1] x\r\n\r\ntext"),
              StartsWith("250 "));
  Client common = greeted(server_->smtp_address());
  EXPECT_THAT(common.send("B@EXAMPLE.ORG", "Subject: y\r\n\r\n"), StartsWith("250 "));
  EXPECT_THAT(common.send("nobody@example.org", "Subject: z\r\n\r\n"), StartsWith("250 "));
  const std::vector<Received> all = server_->received();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].record.receiver, "a");
  EXPECT_EQ(all[0].record.integration, "email");
  EXPECT_EQ(all[0].record.title, "[FIRING:1] x");
  EXPECT_EQ(all[0].record.text, "text\n");
  EXPECT_EQ(all[0].target, "anybody@example.org");
  EXPECT_EQ(all[1].record.receiver, "b");
  EXPECT_EQ(all[2].record.receiver, "");
}

TEST_F(Mail, StartTlsAndImplicitTls) {
  IntegrationSetup implicit = mailbox("i");
  implicit.implicit_tls = true;
  ReceiverOptions options;
  options.smtp.needs_tls = true;
  options.smtp.needs_auth = true;
  options.smtp.users = {{"am", "word"}};
  options.integrations = {implicit};
  open(std::move(options));
  Client client = greeted(server_->smtp_address());
  // A command behind STARTTLS, in the clear: somebody else's.
  client.raw("STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x>\r\n");
  EXPECT_THAT(client.hear(), StartsWith("220 "));
  ASSERT_TRUE(client.start_tls(server_->certificate_file()));
  EXPECT_THAT(client.say("MAIL FROM:<a@x>"), StartsWith("503 "));
  EXPECT_THAT(client.say("EHLO me"), StartsWith("250-"));
  EXPECT_THAT(client.say("AUTH PLAIN AGFtAHdvcmQ="), StartsWith("235 "));
  EXPECT_THAT(client.send("b@x", "Subject: y\r\n\r\n"), StartsWith("250 "));
  EXPECT_THAT(client.say("QUIT"), StartsWith("221 "));
  for (const std::string& address : {server_->smtps_address(), server_->smtp_address("i")}) {
    Client wrapped(loop_, address);
    ASSERT_TRUE(wrapped.start_tls(server_->certificate_file()));
    EXPECT_THAT(wrapped.hear(), StartsWith("220 "));
    EXPECT_THAT(wrapped.say("EHLO me"), Not(HasSubstr("STARTTLS")));
  }
  const std::vector<Received> all = server_->received();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].details.at("tls"), "yes");
  EXPECT_EQ(all[0].details.at("auth"), "PLAIN");
  EXPECT_EQ(all[0].details.at("hello"), "me");
}

TEST_F(Mail, AttemptsAreCountedOverStages) {
  ReceiverOptions options;
  options.integrations = {mailbox("a", {at(SmtpStage::kConnect, TroubleKind::kAnswer, 1, 421),
                                        at(SmtpStage::kRecipient, TroubleKind::kAnswer, 1, 550),
                                        at(SmtpStage::kContent, TroubleKind::kDrop, 1),
                                        at(SmtpStage::kEnd, TroubleKind::kAnswer, 1)})};
  open(std::move(options));
  const std::string address = server_->smtp_address("a");
  Client refused(loop_, address);
  EXPECT_EQ(refused.hear(), "421 4.3.2 Service not available, closing the connection\r\n");
  EXPECT_EQ(refused.hear(), "[closed by peer]");
  const std::string mail = "Subject: y\r\n\r\nthe same each time";
  Client client = greeted(address);
  EXPECT_THAT(client.send("b@x", mail), StartsWith("550 "));
  EXPECT_THAT(client.say("RSET"), StartsWith("250 "));
  EXPECT_EQ(client.send("b@x", mail), "[connection reset]");
  Client again = greeted(address);
  EXPECT_THAT(again.send("b@x", mail), StartsWith("451 "));
  EXPECT_THAT(again.send("b@x", mail), StartsWith("250 "));
  EXPECT_THAT(again.send("b@x", mail), StartsWith("250 "));
  std::vector<int> attempts;
  for (const Received& one : server_->received()) attempts.push_back(one.record.attempt);
  EXPECT_THAT(attempts, testing::ElementsAre(1, 2, 3, 4, 5, 1));
  const std::vector<Received> all = server_->received();
  EXPECT_EQ(all[0].record.status, 421);
  EXPECT_EQ(all[0].record.receiver, "a");
  EXPECT_FALSE(all[0].record.delivered);
  EXPECT_EQ(all[1].record.error, "550 5.1.1 Mailbox unavailable");
  EXPECT_EQ(all[2].record.error, "connection dropped in the content");
  EXPECT_EQ(all[3].scripted, "end of content: answer 451");
}

TEST_F(Mail, SlowDeadAndHalfOpenClients) {
  ReceiverOptions options;
  options.limits.silence = milliseconds(40);
  options.limits.request = milliseconds(60);
  open(std::move(options));
  Client silent(loop_, server_->smtp_address());
  EXPECT_THAT(silent.hear(), StartsWith("220 "));
  EXPECT_EQ(silent.hear(), "421 4.4.2 Too slow\r\n");
  // A byte now and then does not put the end off.
  Client slow(loop_, server_->smtp_address());
  EXPECT_THAT(slow.hear(), StartsWith("220 "));
  const Nanos begun = loop_.now();
  for (int i = 0; i < 40; ++i) {
    slow.raw("N");
    loop_.run(net::sleep_for(milliseconds(5)));
  }
  EXPECT_THAT(slow.hear(), StartsWith("421 4.4.2"));
  EXPECT_LT(loop_.now() - begun, seconds(5));
  Client midway = greeted(server_->smtp_address());
  EXPECT_THAT(midway.say("MAIL FROM:<a@x>"), StartsWith("250"));
  EXPECT_THAT(midway.say("RCPT TO:<b@x>"), StartsWith("250"));
  EXPECT_THAT(midway.say("DATA"), StartsWith("354"));
  midway.raw("Subject: half\r\n");
  EXPECT_THAT(midway.hear(), StartsWith("421 4.4.2"));
  ASSERT_EQ(server_->received().size(), 1U);
  EXPECT_EQ(server_->received()[0].record.error, "the sender was too slow");
  EXPECT_EQ(server_->received()[0].record.title, "half");
}

TEST_F(Mail, TooManyConnections) {
  ReceiverOptions options;
  options.limits.connections = 2;
  open(std::move(options));
  Client one = greeted(server_->smtp_address());
  Client two = greeted(server_->smtp_address());
  Client three(loop_, server_->smtp_address());
  EXPECT_EQ(three.hear(), "421 4.7.0 Too many connections\r\n");
  EXPECT_THAT(one.say("QUIT"), StartsWith("221"));
  EXPECT_EQ(one.hear(), "[closed by peer]");
  one.close();
  std::string greeting;
  while (!greeting.starts_with("220")) greeting = Client(loop_, server_->smtp_address()).hear();
}

TEST_F(Mail, ASenderThatLeavesInTheMiddle) {
  open({});
  for (const char* content : {"", "Subject: x\r\n", "Subject: x\r\n\r\nmore\r\n."}) {
    Client client = greeted(server_->smtp_address());
    EXPECT_THAT(client.say("MAIL FROM:<a@x>"), StartsWith("250"));
    EXPECT_THAT(client.say("RCPT TO:<b@x>"), StartsWith("250"));
    EXPECT_THAT(client.say("DATA"), StartsWith("354"));
    client.raw(content);
    client.close();
  }
  EXPECT_TRUE(server_->wait_for(3, seconds(10)));
  for (const Received& one : server_->received()) EXPECT_FALSE(one.record.delivered);
}

/// The client's N-th step fails, N = 1, 2, …, until the whole dialogue goes through.
TEST_F(Mail, AnyStepOfAClientMayFail) {
  open({});
  for (const NetFailure kind : {NetFailure::kReset, NetFailure::kClosed}) {
    bool through = false;
    for (int step = 1; !through; ++step) {
      ASSERT_LT(step, 100);
      net::FaultPlan plan;
      plan.fail_at = step;
      plan.failure = {kind};
      Client client(loop_, server_->smtp_address(), &plan);
      (void)client.hear();
      (void)client.say("EHLO me");
      (void)client.send("b@x", "Subject: y\r\n\r\n");
      (void)client.say("QUIT");
      through = !plan.struck();
    }
  }
  Client good = greeted(server_->smtp_address());
  EXPECT_THAT(good.say("NOOP"), StartsWith("250"));
  int delivered = 0;
  for (const Received& one : server_->received()) {
    EXPECT_EQ(one.record.delivered, one.record.error.empty());
    if (one.record.delivered) ++delivered;
  }
  // Two went through; some had been taken when their clients lost the reply.
  EXPECT_GE(delivered, 2);
}

TEST_F(Mail, NoiseInsteadOfAHandshake) {
  open({});
  Client client = greeted(server_->smtp_address());
  EXPECT_THAT(client.say("STARTTLS"), StartsWith("220"));
  client.raw("EHLO me\r\n");
  EXPECT_THAT(client.hear(), EndsWith("]"));
  Client plain(loop_, server_->smtps_address());
  plain.raw("EHLO me\r\n");
  EXPECT_THAT(plain.hear(), EndsWith("]"));
  Client good = greeted(server_->smtp_address());
  EXPECT_THAT(good.say("NOOP"), StartsWith("250"));
}

TEST_F(Mail, StopsWhileClientsAreThere) {
  ReceiverOptions options;
  options.integrations = {mailbox("a", {at(SmtpStage::kSender, TroubleKind::kHang)})};
  open(std::move(options));
  Client idle = greeted(server_->smtp_address());
  Client hung = greeted(server_->smtp_address("a"));
  hung.raw("MAIL FROM:<a@x>\r\n");
  EXPECT_TRUE(server_->wait_for(1, seconds(10)));
  server_->stop();
  EXPECT_THAT(idle.hear(), EndsWith("]"));
  EXPECT_THAT(hung.hear(), EndsWith("]"));
}

TEST_F(Mail, DoorsOfMailAreRefusedToo) {
  ReceiverOptions options;
  Trouble refuse;
  refuse.kind = TroubleKind::kRefuse;
  options.integrations = {mailbox("a", {refuse}), mailbox("b")};
  open(std::move(options));
  const http::Url url = http::parse_url("http://" + server_->smtp_address("a")).value();
  const auto refused = loop_.run(net::connect(loop_, url.host, url.port, in_time(), nullptr));
  EXPECT_EQ(refused.error().kind, NetFailure::kRefused);
  Client open_one = greeted(server_->smtp_address("b"));
}

TEST_F(Mail, ACertificateThatIsNotThere) {
  ReceiverOptions options;
  options.smtp.certificate_file = "/nowhere/cert.pem";
  options.smtp.key_file = "/nowhere/key.pem";
  const auto opened = ReceiverServer::open(std::move(options));
  ASSERT_TRUE(opened.has_error());
  EXPECT_THAT(opened.error().message, HasSubstr("/nowhere/cert.pem"));
}

}  // namespace
}  // namespace tocsin::receivers
