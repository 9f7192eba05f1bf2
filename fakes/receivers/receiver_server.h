#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/receivers/trouble.h"
#include "harness/base/error.h"
#include "harness/model/evidence.h"
#include "harness/net/loop.h"

/// Receivers of notifications on real sockets: webhooks, chat and paging services over HTTP, and a
/// mail server. What they get is evidence; nothing is passed on to anybody.

namespace tocsin::receivers {

/// One notification, or an attempt at one. Secrets of URLs, headers and bodies are "<secret>".
struct Received {
  std::uint64_t number = 0;   ///< from 1, in order of arrival
  NotificationRecord record;  ///< in the common form; `attempt` counts by `identity`
  /// Alike for attempts that mean the same: a group key, dedup key, alias, or the message's own
  /// content where the service knows no key.
  std::string identity;
  std::string scripted;  ///< the trouble that it met: "answer 503"; empty: none
  std::string problem;   ///< what was wrong with it, in the service's words; empty: nothing
  /// What this kind alone has: severity, action, channel, colour, priority, from, to, …
  std::map<std::string, std::string> details;

  std::string method;  ///< "POST"; of a mail the last command
  std::string target;  ///< path and query; of a mail its recipients
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;            ///< as sent, the first Limits::kept_bytes of it
  std::size_t body_bytes = 0;  ///< of the whole
  std::string html;            ///< of a mail: that part, decoded
  std::string answer;          ///< the answer's body, or the reply's text
};

struct IntegrationSetup {
  IntegrationId id;
  std::vector<Trouble> troubles;
  std::vector<std::string> recipients;        ///< of "email": whose mail it is, on the common port
  bool implicit_tls = false;                  ///< of "email": TLS from the first byte on
  std::vector<std::string> transitions = {};  ///< of "jira": names that its issues know
};

struct Limits {
  std::size_t body_bytes = 8 << 20;   ///< of a request or a mail
  std::size_t kept_bytes = 64 << 10;  ///< of a body and of a text in the evidence
  std::size_t connections = 512;      ///< at a time, of a port
  std::size_t received = 100'000;     ///< further ones are counted only
  std::size_t evidence = 256 << 20;   ///< bytes of all evidence; what is beyond is counted only
  Nanos silence = std::chrono::seconds(60);  ///< of a connection between two requests
  Nanos request = std::chrono::seconds(30);  ///< from a request's first byte to its last
};

struct SmtpManners {
  bool starttls = true;                      ///< is offered
  bool needs_tls = false;                    ///< before AUTH and MAIL
  bool needs_auth = false;                   ///< before MAIL
  std::map<std::string, std::string> users;  ///< names and passwords; empty: any will do
  /// PEM files of the server's own; empty: a certificate is made at the opening.
  std::string certificate_file;
  std::string key_file;
};

struct ReceiverOptions {
  std::string host = "127.0.0.1";
  std::uint16_t http_port = 0;  ///< 0: the kernel chooses one
  std::uint16_t smtp_port = 0;
  std::uint16_t smtps_port = 0;
  SmtpManners smtp;
  /// Those with troubles, and all of kind "email" whose mail is to be told apart. Others need no
  /// entry.
  std::vector<IntegrationSetup> integrations;
  /// For the file of a certificate; empty: where temporary files are.
  std::string folder;
  /// Scenario time, for troubles; empty: real time since the opening. Called on the loop's thread.
  std::function<Duration()> offset;
  /// How much faster scenario time runs: delays are divided by it.
  double time_scale = 1;
  Limits limits;
};

struct ReceiverCounters {
  std::uint64_t received = 0;  ///< notifications and attempts
  std::uint64_t lost = 0;      ///< of them, beyond the limits of what is kept
  std::uint64_t strays = 0;    ///< requests to no receiver's path, among `received`
};

class ReceiverServer {
 public:
  /// Listening on return, on a thread of its own.
  static Result<std::unique_ptr<ReceiverServer>> open(ReceiverOptions options = {});
  /// The same on the caller's loop: somebody there awaits serve().
  static Result<std::unique_ptr<ReceiverServer>> open(net::Loop& loop, ReceiverOptions options);
  ~ReceiverServer();

  /// Where an integration sends to: a webhook's url, Slack's api_url, PagerDuty's url, Opsgenie's
  /// api_url, the webhook_url of Teams. Any receiver's name will do; path segments that the sender
  /// adds are fine. One with troubles of the door (kRefuse, kDropAtAccept) has a port of its own.
  std::string url_of(const std::string& receiver, const std::string& kind,
                     std::size_t index = 0) const;

  /// "127.0.0.1:port": an integration of kind "email" that options.integrations has, which gets a
  /// port of its own, so that its mail is known whatever the recipients; for all others the common
  /// one, where recipients are looked up.
  std::string smtp_address(const std::string& receiver = {}, std::size_t index = 0) const;
  /// The common port with TLS from the first byte on.
  std::string smtps_address() const;
  /// PEM: what senders have to trust (`ca_file` of a tls_config), for as long as the server lives.
  std::string certificate_file() const;

  // The rest may be called on any thread.

  /// What came so far, in order.
  std::vector<Received> received() const;
  /// The same, and forgets it.
  std::vector<Received> take();
  ReceiverCounters counters() const;
  /// Waits until so many have come since the opening (taken ones count); false when time is up.
  bool wait_for(std::uint64_t count, Nanos longest) const;

  /// On the caller's loop: serves until stop() or cancellation; on return no connection is left.
  net::Task<void> serve();
  /// Ends it; with a thread of its own, waits for that. Idempotent.
  void stop();

 private:
  struct Impl;
  explicit ReceiverServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::receivers
