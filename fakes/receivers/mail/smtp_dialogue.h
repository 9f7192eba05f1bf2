#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/receivers/mail/smtp_auth.h"
#include "fakes/receivers/trouble.h"

/// A mail server's side of one dialogue (RFC 5321), without sockets: bytes in, what to do out.
/// Extensions: SIZE, 8BITMIME, SMTPUTF8, PIPELINING, ENHANCEDSTATUSCODES, STARTTLS (RFC 3207), AUTH
/// PLAIN, LOGIN and CRAM-MD5 (RFC 4954). Nothing is ever passed on.
///
///     greeting → EHLO → [STARTTLS → EHLO] → [AUTH] → (MAIL → RCPT… → DATA → content)… → QUIT

namespace tocsin::receivers {

struct SmtpSettings {
  std::string hostname = "receivers.tocsin.invalid";
  std::size_t message_bytes = 8 << 20;
  std::size_t recipients = 100;   ///< of a mail
  std::size_t line_bytes = 4096;  ///< of a command, with its line end
  std::size_t commands = 1000;    ///< of a connection
  std::size_t mistakes = 20;      ///< of a connection
  bool offers_tls = true;
  bool needs_tls = false;   ///< before AUTH and MAIL
  bool needs_auth = false;  ///< before MAIL
  SmtpUsers users;          ///< empty: any name and password will do
};

/// Who speaks, and the mail in the making.
struct SmtpEnvelope {
  std::string hello;
  std::string sender;
  std::vector<std::string> recipients;
  bool tls = false;
  std::string mechanism;  ///< of the AUTH that went well
};

/// A mail, or how far one got that was refused on purpose, too large, lost …
struct SmtpAttempt {
  SmtpEnvelope envelope;
  SmtpStage stage = SmtpStage::kEnd;
  std::string recipient;  ///< at kRecipient: the one that was refused
  std::string content;    ///< dots undoubled, lines end in CRLF
  int code = 0;           ///< of the reply; 0: none
  std::string reply;      ///< its text
  std::string error;      ///< empty: the mail was taken
  std::string scripted;   ///< troubles met on the way
};

struct SmtpHooks {
  /// What befalls a stage, if anything.
  std::function<std::optional<Trouble>(SmtpStage, const SmtpEnvelope&, std::string_view recipient)>
      trouble;
  std::function<void(SmtpAttempt)> attempt;
};

struct SmtpAction {
  enum class Kind {
    kNeedBytes,  ///< feed() what comes, then next()
    kReply,      ///< write `text`, then next()
    kStartTls,   ///< write `text`, shake hands, then tls_started() and next()
    kHang,       ///< nothing more, as long as the client stays
    kClose,      ///< write `text`, then close
    kReset,      ///< tear the connection down
  };
  Kind kind = Kind::kNeedBytes;
  std::string text = {};
  Duration delay = Duration(0);  ///< to wait before it

  bool operator==(const SmtpAction&) const = default;
};

class SmtpDialogue {
 public:
  /// `tls`: it runs within TLS from the start. The settings outlive it.
  SmtpDialogue(const SmtpSettings& settings, SmtpHooks hooks, bool tls);

  void feed(std::string_view bytes);
  /// What to do now, beginning with the greeting.
  SmtpAction next();
  void tls_started();

  /// Whether a command or content has begun that has not ended.
  bool is_midway() const { return in_content_ || begin_ < buffer_.size(); }
  /// The client is too slow, or gone, or the server ends: a mail in the middle is an attempt.
  void give_up(const std::string& why);

 private:
  struct Reply {
    int code = 0;
    std::string text = {};  ///< several lines for several
  };
  using Command = SmtpAction (SmtpDialogue::*)(std::string_view argument);

  static Command command_of(std::string_view verb);
  std::optional<SmtpAction> take_line();
  SmtpAction obey(std::string_view line);
  SmtpAction hello(std::string_view argument);
  SmtpAction helo(std::string_view argument);
  SmtpAction greet(std::string_view argument, std::string extensions);
  SmtpAction mail(std::string_view argument);
  SmtpAction rcpt(std::string_view argument);
  SmtpAction data(std::string_view argument);
  SmtpAction rset(std::string_view argument);
  SmtpAction noop(std::string_view argument);
  SmtpAction quit(std::string_view argument);
  SmtpAction vrfy(std::string_view argument);
  SmtpAction help(std::string_view argument);
  SmtpAction starttls(std::string_view argument);
  SmtpAction auth(std::string_view argument);
  SmtpAction auth_step(std::string_view line);
  SmtpAction auth_result(const SmtpAuth::Step& step);
  std::optional<SmtpAction> take_content();
  void keep_content(std::string_view piece);
  SmtpAction end_of_content();
  SmtpAction middle_of_content();

  std::string extensions() const;
  std::optional<Reply> hinders_mail() const;
  void forget_mail();
  SmtpAction mistake(int code, std::string text);
  /// `good`, or what trouble makes of it; `went_well` says which.
  SmtpAction settle(SmtpStage stage, Reply good, bool& went_well, std::string_view recipient = {});
  void report(SmtpStage stage, Reply reply, std::string error, std::string scripted,
              std::string_view recipient = {});

  const SmtpSettings& settings_;
  SmtpHooks hooks_;
  std::string buffer_;
  std::size_t begin_ = 0;  ///< of what is unread in the buffer
  bool greeted_ = false;
  bool skipping_ = false;  ///< the rest of a line that is too long
  std::size_t commands_ = 0;
  std::size_t mistakes_ = 0;

  SmtpEnvelope envelope_;
  std::optional<SmtpAuth> auth_;  ///< going on
  bool has_sender_ = false;
  std::string met_;  ///< troubles that connection and mail survived

  bool in_content_ = false;
  bool content_met_ = false;  ///< kContent has been asked for
  bool at_line_start_ = true;
  bool bare_line_end_ = false;
  std::size_t content_bytes_ = 0;
  std::string content_;
};

}  // namespace tocsin::receivers
