#include "harness/run/mail_client.h"

#include <charconv>

#include <fmt/format.h>

#include "harness/alerting/schema.h"
#include "harness/net/connect.h"
#include "harness/net/stream.h"

namespace tocsin::run {
namespace {

using alerting::Answer;

constexpr std::size_t kLongestReply = 64 << 10;
constexpr int kGoOn = 354;

/// What a reply has to begin with.
constexpr int kDone = 2;

Answer lost(const net::Failure& failure) {
  Answer answer;
  answer.kind =
      failure.kind == net::NetFailure::kTimeout ? Answer::Kind::kTimeout : Answer::Kind::kLost;
  answer.error = net::to_string(failure);
  return answer;
}

/// Dots at the beginning of lines are doubled, and one ends it all (RFC 5321, 4.5.2).
std::string as_content(const std::string& message) {
  std::string content;
  bool line_begins = true;
  for (const char c : message) {
    if (line_begins && c == '.') content += '.';
    content += c;
    line_begins = c == '\n';
  }
  if (!content.ends_with("\r\n")) content += "\r\n";
  return content + ".\r\n";
}

/// The client's side of one dialogue.
class MailClient {
 public:
  MailClient(net::StreamPtr stream, Nanos deadline)
      : stream_(std::move(stream)), deadline_(deadline) {}

  net::Task<Answer> hand_in(const alerting::Mail& mail) {
    std::vector<std::string> commands;
    commands.push_back("EHLO " + mail.hello);
    commands.push_back(fmt::format("MAIL FROM:<{}>", mail.from));
    for (const std::string& to : mail.to) commands.push_back(fmt::format("RCPT TO:<{}>", to));
    const bool greeted = co_await reply(kDone * 100);
    if (!greeted) co_return answer_;
    for (const std::string& command : commands) {
      const bool taken = co_await say(command + "\r\n", kDone * 100);
      if (!taken) co_return answer_;
    }
    const bool ready = co_await say("DATA\r\n", kGoOn);
    if (!ready) co_return answer_;
    const std::string content = as_content(mail.message);
    const bool taken = co_await say(content, kDone * 100);
    if (!taken) co_return answer_;
    (void)co_await stream_->write_all("QUIT\r\n", deadline_);
    stream_->close();
    co_return answer_;
  }

 private:
  net::Task<bool> say(std::string text, int expected) {
    const net::Outcome<> written = co_await stream_->write_all(text, deadline_);
    if (written.has_error()) {
      answer_ = lost(written.error());
      co_return false;
    }
    const bool good = co_await reply(expected);
    co_return good;
  }

  /// Whether the next reply is `expected`, or of that hundred; else it is the answer.
  net::Task<bool> reply(int expected) {
    std::string last;
    while (last.size() < 4 || last[3] == '-') {
      const bool read = co_await line(last);
      if (!read) co_return false;
    }
    int code = 0;
    std::from_chars(last.data(), last.data() + 3, code);
    if (code == expected || (expected % 100 == 0 && code / 100 == expected / 100)) co_return true;
    answer_.status = code;
    answer_.error = "SMTP reply " + last;
    co_return false;
  }

  net::Task<bool> line(std::string& into) {
    std::size_t end = unread_.find("\r\n");
    while (end == std::string::npos) {
      char bytes[1024];
      const net::Outcome<std::size_t> count = co_await stream_->read_some(bytes, deadline_);
      if (count.has_error() || unread_.size() > kLongestReply) {
        answer_ =
            lost(count.has_error() ? count.error() : net::Failure{net::NetFailure::kTooLarge});
        co_return false;
      }
      unread_.append(bytes, *count);
      end = unread_.find("\r\n");
    }
    into = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    co_return true;
  }

  net::StreamPtr stream_;
  Nanos deadline_;
  std::string unread_;
  Answer answer_;
};

}  // namespace

net::Task<Answer> hand_in(net::Loop& loop, alerting::Mail mail, Nanos deadline) {
  const auto address = alerting::parse_host_port(mail.smarthost);
  Answer impossible;
  impossible.kind = Answer::Kind::kImpossible;
  impossible.error = "no address of a mail server: " + mail.smarthost;
  std::uint16_t port = 0;
  if (address.has_error()) co_return impossible;
  const std::string& digits = address->port;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  net::Outcome<net::StreamPtr> stream =
      co_await net::connect(loop, address->host, port, deadline, nullptr);
  if (stream.has_error()) co_return lost(stream.error());
  MailClient client(std::move(*stream), deadline);
  const Answer answer = co_await client.hand_in(mail);
  co_return answer;
}

}  // namespace tocsin::run
