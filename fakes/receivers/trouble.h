#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/base/error.h"
#include "harness/base/time.h"

/// Trouble that receivers make on purpose, as data: who, when, what.

namespace tocsin::receivers {

/// One way of telling one receiver, as alertmanager.yml numbers them.
struct IntegrationId {
  std::string receiver;   ///< its name
  std::string kind;       ///< "webhook", "slack", "email" …
  std::size_t index = 0;  ///< among those of its kind in the receiver

  auto operator<=>(const IntegrationId&) const = default;
};

/// `pager/slack[0]`.
std::string to_string(const IntegrationId& id);

enum class TroubleKind {
  kAnswer,        ///< the status (HTTP) or reply code (SMTP) `status`
  kSlow,          ///< the right answer, late by `delay`
  kHang,          ///< no answer, as long as the sender waits
  kDrop,          ///< the request is read, then the connection is reset without an answer
  kMalformed,     ///< an answer that is none in the protocol: `text`, or some bytes
  kNotOk,         ///< of chat services: status 200 with `"ok": false` or what they say for it
  kDropAtAccept,  ///< connections are reset as they come
  kRefuse,        ///< nobody listens
};

/// Where in a dialogue over SMTP.
enum class SmtpStage {
  kConnect,    ///< the greeting
  kHello,      ///< EHLO, HELO
  kAuth,       ///< AUTH and what follows it
  kSender,     ///< MAIL
  kRecipient,  ///< RCPT
  kData,       ///< DATA, before the content
  kContent,    ///< in the middle of the content; for kDrop and kHang
  kEnd,        ///< after the content
};
std::string_view to_string(SmtpStage stage);

/// In force in [from, to) and, given `first`, until it has struck that often.
struct Trouble {
  TroubleKind kind = TroubleKind::kAnswer;
  Duration from = Duration(0);
  std::optional<Duration> to;  ///< none: to the end
  std::size_t first = 0;       ///< so many requests only; 0: all
  int status = 500;
  Duration delay = Duration(0);         ///< before the answer, whichever it is
  std::optional<Duration> retry_after;  ///< with kAnswer over HTTP: in whole seconds, upwards
  std::string text;                     ///< of the answer; empty: the service's own
  SmtpStage stage = SmtpStage::kEnd;    ///< of mail only
  std::string recipient;                ///< at kRecipient: this address only; empty: all
};

/// "answer 503", "slow 5s", "RCPT: answer 550".
std::string describe(const Trouble& trouble);

/// Whether it is one of the listener, which all its connections share.
bool is_of_the_door(const Trouble& trouble);

/// What makes no sense for this integration, as an error without position.
Result<void> check_trouble(const IntegrationId& id, const Trouble& trouble);

/// The troubles of all integrations, and how often each has struck. One thread.
class TroubleSchedule {
 public:
  void add(const IntegrationId& id, std::vector<Trouble> troubles);

  /// What befalls a request now, if anything; it counts. The first that is in force wins.
  std::optional<Trouble> strike(const IntegrationId& id, Duration offset);
  /// The same at a stage of a dialogue over SMTP; `recipient` at kRecipient.
  std::optional<Trouble> strike(const IntegrationId& id, Duration offset, SmtpStage stage,
                                std::string_view recipient = {});
  /// That of the listener, which does not count.
  std::optional<TroubleKind> at_door(const IntegrationId& id, Duration offset) const;
  /// When at_door() may change next.
  std::optional<Duration> next_change(const IntegrationId& id, Duration offset) const;

 private:
  struct Entry {
    Trouble trouble;
    std::size_t struck = 0;

    bool in_force(Duration offset) const;
  };
  template <class Matches>
  std::optional<Trouble> strike_where(const IntegrationId& id, Duration offset,
                                      const Matches& matches);

  std::map<IntegrationId, std::vector<Entry>> entries_;
};

}  // namespace tocsin::receivers
