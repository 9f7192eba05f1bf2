#include "harness/run/mail_client.h"

#include <charconv>
#include <map>

#include <fmt/format.h>

#include "fakes/receivers/mail/encodings.h"
#include "harness/alerting/schema.h"
#include "harness/net/connect.h"
#include "harness/net/stream.h"
#include "harness/net/tls.h"
#include "harness/run/mail_auth.h"

namespace tocsin::run {
namespace {

using alerting::Answer;

constexpr std::size_t kLongestReply = 64 << 10;

// What replies have to begin with.
constexpr int kDone = 200;
constexpr int kAuthenticated = 235;
constexpr int kChallenge = 334;
constexpr int kGoOn = 354;

Answer lost(const net::Failure& failure, const std::string& step) {
  Answer answer;
  answer.kind =
      failure.kind == net::NetFailure::kTimeout ? Answer::Kind::kTimeout : Answer::Kind::kLost;
  answer.error = net::to_string(failure);
  // Who is cancelled looks at the words.
  if (!step.empty() && failure.kind != net::NetFailure::kCancelled) {
    answer.error = step + ": " + answer.error;
  }
  return answer;
}

Answer lost_for(std::string why) {
  Answer answer;
  answer.kind = Answer::Kind::kLost;
  answer.error = std::move(why);
  return answer;
}

Answer impossible(std::string why) {
  Answer answer;
  answer.kind = Answer::Kind::kImpossible;
  answer.error = std::move(why);
  return answer;
}

bool is_local(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
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

/// A reply's code, and its lines without it.
struct SmtpReply {
  int code = 0;
  std::string text = {};

  bool is(int expected) const {
    return code == expected || (expected % 100 == 0 && code / 100 == expected / 100);
  }
};

/// The client's side of one dialogue.
class MailClient {
 public:
  MailClient(const alerting::Mail& mail, std::string host, net::TlsContextPtr tls, Nanos deadline)
      : mail_(mail), host_(std::move(host)), tls_(std::move(tls)), deadline_(deadline) {}

  net::Task<Answer> hand_in(net::StreamPtr stream) {
    stream_ = std::move(stream);
    const bool ready = co_await open();
    if (!ready) co_return answer_;
    const bool taken = co_await send();
    if (!taken) co_return answer_;
    (void)co_await stream_->write_all("QUIT\r\n", deadline_);
    stream_->close();
    co_return answer_;
  }

 private:
  /// Until mail may be handed in.
  net::Task<bool> open() {
    if (mail_.implicit_tls) {
      const bool safe = co_await shake_hands("establish TLS connection to server");
      if (!safe) co_return false;
    }
    const bool greeted = co_await expect(kDone, "create SMTP client");
    if (!greeted) co_return false;
    const bool known = co_await hello();
    if (!known) co_return false;
    if (mail_.require_tls && !mail_.implicit_tls) {
      const bool safe = co_await start_tls();
      if (!safe) co_return false;
    }
    if (extensions_.count("AUTH") == 0) co_return true;
    const bool allowed = co_await authenticate();
    co_return allowed;
  }

  net::Task<bool> send() {
    std::string parameters;
    if (extensions_.count("8BITMIME") > 0) parameters += " BODY=8BITMIME";
    if (extensions_.count("SMTPUTF8") > 0) parameters += " SMTPUTF8";
    bool good = co_await say(fmt::format("MAIL FROM:<{}>{}", mail_.from, parameters), kDone,
                             "send MAIL command");
    for (std::size_t i = 0; good && i < mail_.to.size(); ++i) {
      good = co_await say(fmt::format("RCPT TO:<{}>", mail_.to[i]), kDone, "send RCPT command");
    }
    if (!good) co_return false;
    const bool ready = co_await say("DATA", kGoOn, "send DATA command");
    if (!ready) co_return false;
    const std::string content = as_content(mail_.message);
    const bool taken = co_await write(content, kDone, "delivery failure");
    co_return taken;
  }

  // --- steps of the opening ---

  /// EHLO, or HELO to a server that does not know it; keeps what the server offers.
  net::Task<bool> hello() {
    extensions_.clear();
    const std::string step = "send EHLO command";
    const bool known = co_await say("EHLO " + mail_.hello, kDone, step);
    if (known) {
      keep_extensions();
      co_return true;
    }
    if (answer_.kind != Answer::Kind::kStatus) co_return false;
    const bool old = co_await say("HELO " + mail_.hello, kDone, step);
    co_return old;
  }

  void keep_extensions() {
    std::string_view lines = last_.text;
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(std::min(line.size() + 1, lines.size()));
      const std::size_t blank = std::min(line.find(' '), line.size());
      extensions_.emplace(line.substr(0, blank), line.substr(std::min(blank + 1, line.size())));
    }
  }

  net::Task<bool> start_tls() {
    const std::string step = "send STARTTLS command";
    if (extensions_.count("STARTTLS") == 0) {
      answer_ = lost_for(fmt::format(
          "'require_tls' is true (default) but \"{}\" does not advertise the STARTTLS extension",
          mail_.smarthost));
      co_return false;
    }
    const bool may = co_await say("STARTTLS", kDone, step);
    if (!may) co_return false;
    if (!unread_.empty()) {
      answer_ = lost_for(step + ": the server spoke before TLS was set up");
      co_return false;
    }
    const bool safe = co_await shake_hands(step);
    if (!safe) co_return false;
    const bool known = co_await hello();
    co_return known;
  }

  net::Task<bool> shake_hands(const std::string& step) {
    stream_ = tls_->wrap(std::move(stream_), host_);
    const net::Outcome<> done = co_await stream_->handshake(deadline_);
    if (done.has_error()) {
      answer_ = lost(done.error(), step);
      co_return false;
    }
    is_safe_ = true;
    co_return true;
  }

  net::Task<bool> authenticate() {
    const Result<std::optional<MailAuth>> chosen = MailAuth::choose(mail_, extensions_["AUTH"]);
    if (chosen.has_error()) {
      answer_ = lost_for(chosen.error().message);
      co_return false;
    }
    if (!*chosen) co_return true;
    const MailAuth& auth = **chosen;
    const std::string step = std::string(auth.shown()) + " auth";
    const Result<std::string> first = auth.first(is_safe_ || is_local(host_));
    if (first.has_error()) {
      answer_ = lost_for(step + ": " + first.error().message);
      co_return false;
    }
    std::string line = "AUTH " + auth.mechanism();
    if (!first->empty()) line += ' ' + receivers::base64_encode(*first);
    bool good = co_await say(line, 0, step);
    while (good && last_.code == kChallenge) {
      const auto challenge = receivers::base64_decode_strictly(last_.text);
      const Result<std::string> reply = auth.answer(challenge.value_or(""));
      if (reply.has_error()) {
        answer_ = lost_for(step + ": " + reply.error().message);
        co_return false;
      }
      good = co_await say(receivers::base64_encode(*reply), 0, step);
    }
    if (!good) co_return false;
    const bool allowed = judge(kAuthenticated, step);
    co_return allowed;
  }

  // --- lines ---

  net::Task<bool> say(const std::string& line, int expected, const std::string& step) {
    const bool good = co_await write(line + "\r\n", expected, step);
    co_return good;
  }

  net::Task<bool> write(const std::string& bytes, int expected, const std::string& step) {
    const net::Outcome<> written = co_await stream_->write_all(bytes, deadline_);
    if (written.has_error()) {
      answer_ = lost(written.error(), step);
      co_return false;
    }
    const bool good = co_await expect(expected, step);
    co_return good;
  }

  /// Whether the next reply is `expected`, or of that hundred, or anything when it is 0; else it is
  /// the answer.
  net::Task<bool> expect(int expected, const std::string& step) {
    last_ = {};
    std::string line;
    while (line.size() < 4 || line[3] == '-') {
      const bool read = co_await next_line(line, step);
      if (!read) co_return false;
      if (!last_.text.empty()) last_.text += '\n';
      if (line.size() > 4) last_.text += line.substr(4);
    }
    std::from_chars(line.data(), line.data() + 3, last_.code);
    const bool good = expected == 0 || judge(expected, step);
    co_return good;
  }

  bool judge(int expected, const std::string& step) {
    if (last_.is(expected)) {
      answer_ = Answer();
      return true;
    }
    answer_ = Answer();
    answer_.status = last_.code;
    answer_.error = fmt::format("{}: {} {}", step, last_.code, last_.text);
    return false;
  }

  net::Task<bool> next_line(std::string& into, const std::string& step) {
    std::size_t end = unread_.find("\r\n");
    while (end == std::string::npos) {
      char bytes[1024];
      const net::Outcome<std::size_t> count = co_await stream_->read_some(bytes, deadline_);
      if (count.has_error() || unread_.size() > kLongestReply) {
        const net::Failure too_large{net::NetFailure::kTooLarge};
        answer_ = lost(count.has_error() ? count.error() : too_large, step);
        co_return false;
      }
      unread_.append(bytes, *count);
      end = unread_.find("\r\n");
    }
    into = unread_.substr(0, end);
    unread_.erase(0, end + 2);
    co_return true;
  }

  const alerting::Mail& mail_;
  const std::string host_;
  const net::TlsContextPtr tls_;
  const Nanos deadline_;
  net::StreamPtr stream_;
  bool is_safe_ = false;  ///< over TLS
  std::map<std::string, std::string> extensions_;
  SmtpReply last_;
  std::string unread_;
  Answer answer_;
};

}  // namespace

net::Task<Answer> hand_in(net::Loop& loop, alerting::Mail mail, Nanos deadline) {
  const auto address = alerting::parse_host_port(mail.smarthost);
  if (address.has_error()) {
    co_return impossible("no address of a mail server: " + mail.smarthost);
  }
  std::uint16_t port = 0;
  const std::string& digits = address->port;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  net::TlsContextPtr tls;
  if (mail.require_tls || mail.implicit_tls) {
    net::TlsClientOptions options;
    options.verify = mail.tls.verify;
    options.ca_file = mail.tls.ca_file;
    options.server_name = mail.tls.server_name;
    const auto made = net::TlsContext::client(std::move(options));
    if (made.has_error()) co_return impossible("parse TLS configuration: " + made.error().message);
    tls = *made;
  }
  net::Outcome<net::StreamPtr> stream =
      co_await net::connect(loop, address->host, port, deadline, nullptr);
  if (stream.has_error()) co_return lost(stream.error(), "establish connection to server");
  MailClient client(mail, address->host, std::move(tls), deadline);
  const Answer answer = co_await client.hand_in(std::move(*stream));
  co_return answer;
}

}  // namespace tocsin::run
