#include "fakes/receivers/mail/smtp_receiver.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fakes/receivers/mail/mail_reading.h"
#include "fakes/receivers/mail/smtp_address.h"
#include "harness/net/task_group.h"

namespace tocsin::receivers {
namespace {

/// How long a client that is turned away may take to read why.
constexpr Nanos kFarewell = std::chrono::seconds(1);
constexpr Nanos kWriting = std::chrono::seconds(30);

/// Whose mail it is by its recipients: the first integration that one of them belongs to.
IntegrationId owner_of(const ReceiverOptions& options, const std::vector<std::string>& recipients) {
  for (const std::string& recipient : recipients) {
    for (const IntegrationSetup& setup : options.integrations) {
      const auto& theirs = setup.recipients;
      const bool one = std::any_of(theirs.begin(), theirs.end(), [&](const std::string& address) {
        return same_word(address, recipient);
      });
      if (one) return setup.id;
    }
  }
  return {"", "email", 0};
}

/// One connection's life.
class SmtpSession {
 public:
  SmtpSession(Site& site, const SmtpPort& how, net::StreamPtr stream)
      : site_(site),
        how_(how),
        stream_(std::move(stream)),
        dialogue_(how.settings, hooks(), how.implicit_tls) {}

  net::Task<void> run() {
    bool goes_on = true;
    while (goes_on) {
      const SmtpAction action = dialogue_.next();
      goes_on = co_await act(action);
    }
    stream_->close();
  }

 private:
  IntegrationId owner(const SmtpEnvelope& envelope) const {
    return how_.whose ? *how_.whose : owner_of(site_.options, envelope.recipients);
  }

  SmtpHooks hooks() {
    SmtpHooks hooks;
    hooks.trouble = [this](SmtpStage stage, const SmtpEnvelope& envelope,
                           std::string_view recipient) {
      return site_.schedule.strike(owner(envelope), site_.offset(), stage, recipient);
    };
    hooks.attempt = [this](SmtpAttempt attempt) {
      const std::vector<std::string> earlier = earlier_identities(attempt);
      const IntegrationId id = owner(attempt.envelope);
      site_.store.add(read_attempt(id, std::move(attempt)), earlier);
    };
    return hooks;
  }

  net::Task<bool> act(const SmtpAction& action);
  net::Task<bool> read();
  net::Task<bool> write(std::string_view text);
  net::Task<bool> start_tls();
  net::Task<void> hang();
  net::Task<void> say_goodbye();

  Site& site_;
  const SmtpPort& how_;
  net::StreamPtr stream_;
  SmtpDialogue dialogue_;
  bool midway_ = false;
  Nanos deadline_{0};  ///< of what is midway
  std::array<char, 16 * 1024> buffer_;
};

net::Task<bool> SmtpSession::act(const SmtpAction& action) {
  if (action.delay > Duration(0)) {
    const bool slept = co_await net::sleep_for(site_.real(action.delay));
    if (!slept) co_return false;
  }
  switch (action.kind) {
    case SmtpAction::Kind::kNeedBytes:
      co_return co_await read();
    case SmtpAction::Kind::kReply:
      co_return co_await write(action.text);
    case SmtpAction::Kind::kStartTls: {
      const bool written = co_await write(action.text);
      if (!written) co_return false;
      co_return co_await start_tls();
    }
    case SmtpAction::Kind::kHang:
      co_await hang();
      break;
    case SmtpAction::Kind::kClose: {
      const bool written = co_await write(action.text);
      if (written) co_await say_goodbye();
      break;
    }
    case SmtpAction::Kind::kReset:
      stream_->reset();
      break;
  }
  co_return false;
}

/// What has begun must end in time, however many bytes come meanwhile.
net::Task<bool> SmtpSession::read() {
  const bool was_midway = std::exchange(midway_, dialogue_.is_midway());
  const Limits& limits = site_.options.limits;
  if (!midway_) {
    deadline_ = net::deadline_in(limits.silence);
  } else if (!was_midway) {
    deadline_ = net::deadline_in(limits.request);
  }
  const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, deadline_);
  if (got) {
    dialogue_.feed(std::string_view(buffer_.data(), *got));
    co_return true;
  }
  const bool too_slow = got.error().kind == net::NetFailure::kTimeout;
  dialogue_.give_up(too_slow ? "the sender was too slow" : to_string(got.error()));
  if (too_slow) {
    const bool written = co_await write("421 4.4.2 Too slow\r\n");
    if (written) co_await say_goodbye();
  }
  co_return false;
}

net::Task<bool> SmtpSession::write(std::string_view text) {
  const net::Outcome<> written = co_await stream_->write_all(text, net::deadline_in(kWriting));
  if (!written) dialogue_.give_up(to_string(written.error()));
  co_return written.has_value();
}

net::Task<bool> SmtpSession::start_tls() {
  stream_ = how_.tls->wrap(std::move(stream_), {});
  const Nanos deadline = net::deadline_in(site_.options.limits.request);
  const net::Outcome<> shaken = co_await stream_->handshake(deadline);
  if (shaken) dialogue_.tls_started();
  co_return shaken.has_value();
}

net::Task<void> SmtpSession::hang() {
  while (true) {
    const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, net::kNoDeadline);
    if (!got) co_return;
  }
}

/// Closing while bytes lie unread would be a reset, and could cost the client the last reply.
net::Task<void> SmtpSession::say_goodbye() {
  const Nanos deadline = net::deadline_in(kFarewell);
  const net::Outcome<> said = co_await stream_->shutdown(deadline);
  while (said) {
    const net::Outcome<std::size_t> got = co_await stream_->read_some(buffer_, deadline);
    if (!got) break;
  }
}

class SmtpService final : public Service {
 public:
  SmtpService(Site& site, SmtpPort how, net::Listener listener)
      : site_(site), how_(std::move(how)), listener_(std::move(listener)), group_(site.loop) {}

  net::Task<void> serve() override;
  void stop() override { listener_.close(); }
  std::uint16_t port() const override { return listener_.port(); }

 private:
  net::Task<void> run_session(net::StreamPtr stream);
  net::Task<void> turn_away(net::StreamPtr stream);

  Site& site_;
  const SmtpPort how_;
  net::Listener listener_;
  net::TaskGroup group_;
  std::size_t sessions_ = 0;
};

net::Task<void> SmtpService::serve() {
  const std::size_t most = site_.options.limits.connections;
  while (true) {
    net::Outcome<net::StreamPtr> stream = co_await listener_.accept();
    if (!stream) break;
    if (sessions_ < most) {
      ++sessions_;
      group_.spawn(run_session(std::move(*stream)));
    } else if (group_.size() < 2 * most) {
      group_.spawn(turn_away(std::move(*stream)));
    }
  }
  listener_.close();
  group_.cancel_all();
  co_await group_.join();
}

net::Task<void> SmtpService::run_session(net::StreamPtr stream) {
  const auto session = std::make_unique<SmtpSession>(site_, how_, std::move(stream));
  co_await session->run();
  --sessions_;
}

net::Task<void> SmtpService::turn_away(net::StreamPtr stream) {
  constexpr std::string_view kFull = "421 4.7.0 Too many connections\r\n";
  const Nanos deadline = net::deadline_in(kFarewell);
  const net::Outcome<> written = co_await stream->write_all(kFull, deadline);
  if (written) co_await stream->shutdown(deadline);
  stream->close();
}

}  // namespace

Result<std::unique_ptr<Service>> open_smtp_service(Site& site, SmtpPort how, std::uint16_t port) {
  net::ListenOptions options;
  options.host = site.options.host;
  options.port = port;
  if (how.implicit_tls) options.tls = how.tls;
  TRY(net::Listener listener, net::Listener::open(site.loop, options));
  return std::unique_ptr<Service>(
      std::make_unique<SmtpService>(site, std::move(how), std::move(listener)));
}

}  // namespace tocsin::receivers
