#include "fakes/receivers/mail/smtp_dialogue.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "fakes/receivers/mail/smtp_address.h"
#include "harness/base/clock.h"

namespace tocsin::receivers {
namespace {

using Kind = SmtpAction::Kind;

/// What is read and thrown away of a mail that is too large, in multiples of the limit.
constexpr std::size_t kPatience = 4;

std::string wire(int code, std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find('\n');
    const bool last = end == std::string_view::npos;
    out += fmt::format("{}{}{}\r\n", code, last ? ' ' : '-', text.substr(0, end));
    if (last) return out;
    text.remove_prefix(end + 1);
  }
}

/// What servers usually say with a code.
std::string_view usual_text(int code) {
  switch (code) {
    case 421:
      return "4.3.2 Service not available, closing the connection";
    case 450:
      return "4.2.1 Mailbox busy, try again later";
    case 451:
      return "4.3.0 Local error in processing";
    case 452:
      return "4.3.1 Insufficient system storage";
    case 454:
      return "4.7.0 Temporary authentication failure";
    case 530:
      return "5.7.0 Authentication required";
    case 535:
      return "5.7.8 Authentication credentials invalid";
    case 550:
      return "5.1.1 Mailbox unavailable";
    case 552:
      return "5.2.2 Mailbox full";
    case 554:
      return "5.7.1 Transaction failed";
    default:
      return code < 500 ? "4.0.0 Not now" : "5.0.0 No";
  }
}

bool is_clean(std::string_view line) {
  return std::all_of(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) || c == '\t';
  });
}

std::string_view without_end_blanks(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

/// A browser or an HTTP client that somebody has pointed here.
bool is_http(std::string_view verb) {
  for (const char* word : {"GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS", "DELETE"}) {
    if (same_word(verb, word)) return true;
  }
  return false;
}

}  // namespace

SmtpDialogue::SmtpDialogue(const SmtpSettings& settings, SmtpHooks hooks, bool tls)
    : settings_(settings), hooks_(std::move(hooks)) {
  envelope_.tls = tls;
}

void SmtpDialogue::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  buffer_ += bytes;
}

void SmtpDialogue::tls_started() {
  // What was said in the clear is forgotten, and what came with STARTTLS is not read: it could be
  // somebody else's (RFC 3207, section 4.2).
  buffer_.clear();
  begin_ = 0;
  skipping_ = false;
  envelope_ = {};
  envelope_.tls = true;
}

SmtpAction SmtpDialogue::next() {
  if (!std::exchange(greeted_, true)) {
    bool well = true;
    SmtpAction action =
        settle(SmtpStage::kConnect, {220, settings_.hostname + " ESMTP Tocsin"}, well);
    if (!well && action.kind == Kind::kReply) action.kind = Kind::kClose;
    return action;
  }
  const auto action = in_content_ ? take_content() : take_line();
  return action ? *action : SmtpAction{};
}

/// The next command's action; none when there is no whole line.
std::optional<SmtpAction> SmtpDialogue::take_line() {
  while (true) {
    const std::size_t end = buffer_.find('\n', begin_);
    const std::size_t size = (end == std::string::npos ? buffer_.size() : end + 1) - begin_;
    if (end == std::string::npos) {
      if (size > settings_.line_bytes || skipping_) {
        skipping_ = true;
        buffer_.clear();
        begin_ = 0;
      }
      return std::nullopt;
    }
    const std::string_view line = std::string_view(buffer_).substr(begin_, size);
    begin_ += size;
    if (std::exchange(skipping_, false) || size > settings_.line_bytes) {
      return mistake(500, "5.5.6 Line too long");
    }
    if (!line.ends_with("\r\n")) {
      // Servers that differ on what ends a line can be made to see different mails.
      return SmtpAction{Kind::kClose, wire(500, "5.5.2 Lines end in CR LF")};
    }
    return obey(line.substr(0, size - 2));
  }
}

SmtpDialogue::Command SmtpDialogue::command_of(std::string_view verb) {
  static constexpr std::pair<std::string_view, Command> kCommands[] = {
      {"EHLO", &SmtpDialogue::hello},        {"HELO", &SmtpDialogue::helo},
      {"MAIL", &SmtpDialogue::mail},         {"RCPT", &SmtpDialogue::rcpt},
      {"DATA", &SmtpDialogue::data},         {"RSET", &SmtpDialogue::rset},
      {"NOOP", &SmtpDialogue::noop},         {"QUIT", &SmtpDialogue::quit},
      {"VRFY", &SmtpDialogue::vrfy},         {"HELP", &SmtpDialogue::help},
      {"STARTTLS", &SmtpDialogue::starttls}, {"AUTH", &SmtpDialogue::auth}};
  for (const auto& [name, command] : kCommands) {
    if (same_word(verb, name)) return command;
  }
  return nullptr;
}

SmtpAction SmtpDialogue::obey(std::string_view line) {
  if (++commands_ > settings_.commands) {
    return {Kind::kClose, wire(421, "4.7.0 Too many commands")};
  }
  if (!is_clean(line)) return mistake(500, "5.5.2 Control characters in a command");
  if (auth_) return auth_step(line);
  const std::string_view verb = line.substr(0, line.find(' '));
  if (is_http(verb)) return {Kind::kClose, wire(421, "4.7.0 This is SMTP")};
  const Command command = command_of(verb);
  if (command == nullptr) return mistake(500, "5.5.1 Command unknown");
  line.remove_prefix(std::min(verb.size() + 1, line.size()));
  return (this->*command)(without_end_blanks(line));
}

SmtpAction SmtpDialogue::mistake(int code, std::string text) {
  if (++mistakes_ >= settings_.mistakes) {
    return {Kind::kClose, wire(421, "4.7.0 Too many mistakes")};
  }
  return {Kind::kReply, wire(code, text)};
}

SmtpAction SmtpDialogue::settle(SmtpStage stage, Reply good, bool& went_well,
                                std::string_view recipient) {
  SmtpAction action{Kind::kReply, wire(good.code, good.text)};
  went_well = true;
  const auto trouble = hooks_.trouble(stage, envelope_, recipient);
  if (!trouble) return action;
  const std::string scripted = fmt::format("{}: {}", to_string(stage), describe(*trouble));
  action.delay = trouble->delay;
  went_well = trouble->kind == TroubleKind::kSlow;
  Reply reply;
  std::string error;
  switch (trouble->kind) {
    case TroubleKind::kAnswer:
      reply = {trouble->status,
               trouble->text.empty() ? std::string(usual_text(trouble->status)) : trouble->text};
      error = fmt::format("{} {}", reply.code, reply.text);
      action.text = wire(reply.code, reply.text);
      // 421 is said before closing.
      if (reply.code == 421) action.kind = Kind::kClose;
      break;
    case TroubleKind::kHang:
      action = {Kind::kHang, {}, trouble->delay};
      error = "no answer";
      break;
    case TroubleKind::kDrop:
      action = {Kind::kReset, {}, trouble->delay};
      error = "connection dropped without an answer";
      break;
    case TroubleKind::kMalformed:
      action.kind = Kind::kClose;
      action.text = trouble->text.empty() ? "this is no SMTP\r\n" : trouble->text;
      error = "malformed answer";
      break;
    default:
      met_ += (met_.empty() ? "" : ", ") + scripted;
      return action;
  }
  report(stage, std::move(reply), std::move(error), scripted, recipient);
  return action;
}

void SmtpDialogue::report(SmtpStage stage, Reply reply, std::string error, std::string scripted,
                          std::string_view recipient) {
  SmtpAttempt attempt;
  attempt.envelope = envelope_;
  attempt.stage = stage;
  attempt.recipient = std::string(recipient);
  attempt.code = reply.code;
  attempt.reply = std::move(reply.text);
  attempt.error = std::move(error);
  attempt.scripted = met_;
  if (!scripted.empty()) attempt.scripted += (met_.empty() ? "" : ", ") + scripted;
  if (stage == SmtpStage::kEnd || stage == SmtpStage::kContent) {
    attempt.content = std::move(content_);
  }
  hooks_.attempt(std::move(attempt));
}

void SmtpDialogue::give_up(const std::string& why) {
  if (in_content_) report(SmtpStage::kContent, {}, why, {});
  in_content_ = false;
}

void SmtpDialogue::forget_mail() {
  has_sender_ = false;
  envelope_.sender.clear();
  envelope_.recipients.clear();
  content_.clear();
}

// --- The session's commands ---

std::string SmtpDialogue::extensions() const {
  std::string text = fmt::format("\nSIZE {}\n8BITMIME\nSMTPUTF8\nPIPELINING\nENHANCEDSTATUSCODES",
                                 settings_.message_bytes);
  if (settings_.offers_tls && !envelope_.tls) text += "\nSTARTTLS";
  if (envelope_.tls || !settings_.needs_tls) {
    text.append("\nAUTH ").append(SmtpAuth::mechanisms());
  }
  return text;
}

SmtpAction SmtpDialogue::greet(std::string_view argument, std::string more) {
  if (argument.empty()) return mistake(501, "5.5.4 Say who you are");
  forget_mail();
  envelope_.hello = std::string(argument);
  bool well = true;
  const std::string greeting = settings_.hostname + " is listening";
  SmtpAction action = settle(SmtpStage::kHello, {250, greeting + more}, well);
  if (!well) envelope_.hello.clear();
  return action;
}

SmtpAction SmtpDialogue::hello(std::string_view argument) {
  return greet(argument, extensions());
}

SmtpAction SmtpDialogue::helo(std::string_view argument) {
  return greet(argument, "");
}

SmtpAction SmtpDialogue::rset(std::string_view) {
  forget_mail();
  met_.clear();
  return {Kind::kReply, wire(250, "2.0.0 Forgotten")};
}

SmtpAction SmtpDialogue::noop(std::string_view) {
  return {Kind::kReply, wire(250, "2.0.0 Still here")};
}

SmtpAction SmtpDialogue::quit(std::string_view) {
  return {Kind::kClose, wire(221, "2.0.0 Bye")};
}

SmtpAction SmtpDialogue::vrfy(std::string_view argument) {
  if (argument.empty()) return mistake(501, "5.5.4 Whom");
  return {Kind::kReply, wire(252, "2.5.2 Will not say, but try")};
}

SmtpAction SmtpDialogue::help(std::string_view) {
  return {Kind::kReply, wire(214, "2.0.0 This server takes mail and passes nothing on")};
}

SmtpAction SmtpDialogue::starttls(std::string_view argument) {
  if (!settings_.offers_tls) return mistake(502, "5.5.1 No TLS here");
  if (envelope_.tls) return mistake(503, "5.5.1 TLS is on");
  if (!argument.empty()) return mistake(501, "5.5.4 STARTTLS stands alone");
  forget_mail();
  return {Kind::kStartTls, wire(220, "2.0.0 Go ahead")};
}

SmtpAction SmtpDialogue::auth(std::string_view argument) {
  if (envelope_.hello.empty()) return mistake(503, "5.5.1 EHLO first");
  if (has_sender_) return mistake(503, "5.5.1 Not in the middle of a mail");
  if (!envelope_.mechanism.empty()) return mistake(503, "5.5.1 You are known");
  if (settings_.needs_tls && !envelope_.tls) return mistake(538, "5.7.11 Not without TLS");
  std::string mechanism(argument.substr(0, argument.find(' ')));
  std::transform(mechanism.begin(), mechanism.end(), mechanism.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (!SmtpAuth::is_known(mechanism)) return mistake(504, "5.5.4 Mechanism unknown");
  argument.remove_prefix(std::min(mechanism.size() + 1, argument.size()));
  auth_.emplace(
      mechanism, settings_.users,
      fmt::format("<{}.{}@{}>", commands_, system_clock().monotonic().count(), settings_.hostname));
  return auth_result(auth_->begin(argument));
}

SmtpAction SmtpDialogue::auth_step(std::string_view line) {
  return auth_result(auth_->answer(line));
}

SmtpAction SmtpDialogue::auth_result(const SmtpAuth::Step& step) {
  if (step.kind == SmtpAuth::Step::Kind::kAsk) {
    return {Kind::kReply, fmt::format("334 {}\r\n", step.text)};
  }
  const std::string mechanism = auth_->mechanism();
  auth_.reset();
  if (step.kind == SmtpAuth::Step::Kind::kBroken) return mistake(501, "5.5.2 " + step.text);
  if (step.kind == SmtpAuth::Step::Kind::kRefused) {
    const Reply refused{535, std::string(usual_text(535))};
    report(SmtpStage::kAuth, refused, "535 " + refused.text, {});
    return mistake(refused.code, refused.text);
  }
  bool well = true;
  SmtpAction action = settle(SmtpStage::kAuth, {235, "2.7.0 Welcome"}, well);
  if (well) envelope_.mechanism = mechanism;
  return action;
}

// --- The mail ---

std::optional<SmtpDialogue::Reply> SmtpDialogue::hinders_mail() const {
  if (envelope_.hello.empty()) return Reply{503, "5.5.1 EHLO first"};
  if (settings_.needs_tls && !envelope_.tls) return Reply{530, "5.7.0 STARTTLS first"};
  if (settings_.needs_auth && envelope_.mechanism.empty()) {
    return Reply{530, std::string(usual_text(530))};
  }
  if (has_sender_) return Reply{503, "5.5.1 One mail after the other"};
  return std::nullopt;
}

SmtpAction SmtpDialogue::mail(std::string_view argument) {
  if (const auto hinders = hinders_mail()) return mistake(hinders->code, hinders->text);
  const auto path = parse_smtp_path(argument, "FROM:");
  if (!path) return mistake(501, "5.5.4 MAIL FROM:<address>");
  for (const std::string_view parameter : path->parameters) {
    const std::string_view name = parameter.substr(0, parameter.find('='));
    const std::string_view value = parameter.substr(std::min(name.size() + 1, parameter.size()));
    if (same_word(name, "SIZE")) {
      std::size_t bytes = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), bytes);
      if (value.empty() || end != value.data() + value.size()) {
        return mistake(501, "5.5.4 SIZE is a number");
      }
      if (error != std::errc() || bytes > settings_.message_bytes) {
        return mistake(552, "5.3.4 Mail too large");
      }
    } else if (same_word(name, "BODY")) {
      if (!same_word(value, "7BIT") && !same_word(value, "8BITMIME")) {
        return mistake(501, "5.5.4 BODY is 7BIT or 8BITMIME");
      }
    } else if (!same_word(parameter, "SMTPUTF8") && !same_word(name, "AUTH")) {
      return mistake(555, "5.5.4 Parameter unknown");
    }
  }
  envelope_.sender = path->address;
  bool well = true;
  SmtpAction action = settle(SmtpStage::kSender, {250, "2.1.0 Noted"}, well);
  has_sender_ = well;
  if (!well) envelope_.sender.clear();
  return action;
}

SmtpAction SmtpDialogue::rcpt(std::string_view argument) {
  if (!has_sender_) return mistake(503, "5.5.1 MAIL first");
  const auto path = parse_smtp_path(argument, "TO:");
  if (!path || path->address.empty()) return mistake(501, "5.5.4 RCPT TO:<address>");
  if (!path->parameters.empty()) return mistake(555, "5.5.4 Parameter unknown");
  if (envelope_.recipients.size() >= settings_.recipients) {
    return mistake(452, "4.5.3 Too many recipients");
  }
  // The trouble may depend on whose address it is.
  envelope_.recipients.push_back(path->address);
  bool well = true;
  SmtpAction action = settle(SmtpStage::kRecipient, {250, "2.1.5 Noted"}, well, path->address);
  if (!well) envelope_.recipients.pop_back();
  return action;
}

SmtpAction SmtpDialogue::data(std::string_view argument) {
  if (!argument.empty()) return mistake(501, "5.5.4 DATA stands alone");
  if (!has_sender_) return mistake(503, "5.5.1 MAIL first");
  if (envelope_.recipients.empty()) return mistake(554, "5.5.1 No valid recipients");
  bool well = true;
  SmtpAction action =
      settle(SmtpStage::kData, {354, "Go on, and end with a dot on a line of its own"}, well);
  if (!well) {
    forget_mail();
    return action;
  }
  in_content_ = true;
  content_met_ = false;
  at_line_start_ = true;
  bare_line_end_ = false;
  content_bytes_ = 0;
  content_.clear();
  return action;
}

/// Reads on in the content; an action when it has ended, or is made to.
std::optional<SmtpAction> SmtpDialogue::take_content() {
  const std::string_view all(buffer_);
  while (begin_ < all.size()) {
    if (!std::exchange(content_met_, true)) {
      const SmtpAction trouble = middle_of_content();
      if (trouble.kind != Kind::kNeedBytes) return trouble;
    }
    std::string_view rest = all.substr(begin_);
    if (at_line_start_ && rest.front() == '.') {
      if (rest.starts_with(".\r\n")) {
        begin_ += 3;
        return end_of_content();
      }
      if (rest == "." || rest == ".\r") return std::nullopt;
      rest.remove_prefix(1);
      ++begin_;
    }
    const std::size_t end = rest.find("\r\n");
    at_line_start_ = end != std::string_view::npos;
    std::size_t size = at_line_start_ ? end + 2 : rest.size();
    if (!at_line_start_ && rest.ends_with('\r')) --size;  // perhaps half a line end
    begin_ += size;
    keep_content(rest.substr(0, size));
    if (content_bytes_ > kPatience * settings_.message_bytes) {
      const Reply reply{552, "5.3.4 Mail too large"};
      report(SmtpStage::kContent, reply, "552 " + reply.text, {});
      in_content_ = false;
      return SmtpAction{Kind::kClose, wire(reply.code, reply.text)};
    }
    if (size == 0) return std::nullopt;
  }
  return std::nullopt;
}

void SmtpDialogue::keep_content(std::string_view piece) {
  const std::string_view line = piece.ends_with("\r\n") ? piece.substr(0, piece.size() - 2) : piece;
  if (line.find_first_of("\r\n") != std::string_view::npos) bare_line_end_ = true;
  content_bytes_ += piece.size();
  if (content_bytes_ <= settings_.message_bytes) {
    content_ += piece;
  } else {
    content_.clear();
  }
}

SmtpAction SmtpDialogue::middle_of_content() {
  const auto trouble = hooks_.trouble(SmtpStage::kContent, envelope_, {});
  if (!trouble) return {};
  const bool hangs = trouble->kind == TroubleKind::kHang;
  const std::string scripted =
      fmt::format("{}: {}", to_string(SmtpStage::kContent), describe(*trouble));
  report(SmtpStage::kContent, {}, hangs ? "no answer" : "connection dropped in the content",
         scripted);
  in_content_ = false;
  return {hangs ? Kind::kHang : Kind::kReset, {}, trouble->delay};
}

SmtpAction SmtpDialogue::end_of_content() {
  in_content_ = false;
  Reply reply{250, "2.0.0 Taken"};
  if (content_bytes_ > settings_.message_bytes) reply = {552, "5.3.4 Mail too large"};
  if (bare_line_end_) reply = {554, "5.6.0 A bare CR or LF in the content"};
  if (reply.code != 250) {
    report(SmtpStage::kEnd, reply, fmt::format("{} {}", reply.code, reply.text), {});
    forget_mail();
    return mistake(reply.code, reply.text);
  }
  bool well = true;
  SmtpAction action = settle(SmtpStage::kEnd, reply, well);
  if (well) report(SmtpStage::kEnd, std::move(reply), {}, {});
  forget_mail();
  met_.clear();
  return action;
}

}  // namespace tocsin::receivers
