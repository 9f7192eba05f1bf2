#include "fakes/receivers/mail/smtp_dialogue.h"

#include <map>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/base/file.h"

/// Plays mail/testdata/dialogues.cases, whose head tells its form.

namespace tocsin::receivers {
namespace {

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 'r' ? '\r' : c == 'n' ? '\n' : c == '0' ? '\0' : c;
  }
  return out;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

struct Dialogue {
  std::string name;
  int line = 0;
  SmtpSettings settings;
  TroubleSchedule schedule;
  std::vector<std::string> script;  ///< lines as written
};

const IntegrationId kOwner = {"mail", "email", 0};

SmtpStage stage_named(const std::string& name) {
  static const std::map<std::string, SmtpStage> kStages = {
      {"greeting", SmtpStage::kConnect}, {"EHLO", SmtpStage::kHello},
      {"AUTH", SmtpStage::kAuth},        {"MAIL", SmtpStage::kSender},
      {"RCPT", SmtpStage::kRecipient},   {"DATA", SmtpStage::kData},
      {"content", SmtpStage::kContent},  {"end", SmtpStage::kEnd}};
  return kStages.at(name);
}

Trouble read_trouble(std::istringstream& words) {
  static const std::map<std::string, TroubleKind> kKinds = {{"answer", TroubleKind::kAnswer},
                                                            {"slow", TroubleKind::kSlow},
                                                            {"hang", TroubleKind::kHang},
                                                            {"drop", TroubleKind::kDrop},
                                                            {"malformed", TroubleKind::kMalformed}};
  Trouble trouble;
  std::string stage;
  std::string kind;
  words >> stage >> kind;
  trouble.stage = stage_named(stage);
  trouble.kind = kKinds.at(kind);
  for (std::string word; words >> word;) {
    if (word.starts_with("first=")) {
      trouble.first = std::stoul(word.substr(6));
    } else if (word.starts_with("to=")) {
      trouble.recipient = word.substr(3);
    } else if (trouble.kind == TroubleKind::kSlow) {
      trouble.delay = parse_duration(word).value();
    } else {
      trouble.status = std::stoi(word);
    }
  }
  EXPECT_TRUE(check_trouble(kOwner, trouble).has_value());
  return trouble;
}

void read_setting(Dialogue& one, const std::string& text) {
  std::istringstream words(text);
  std::string name;
  words >> name;
  if (name == "trouble") {
    one.schedule.add(kOwner, {read_trouble(words)});
    return;
  }
  std::string value;
  words >> value;
  SmtpSettings& settings = one.settings;
  if (name == "user") {
    settings.users[value.substr(0, value.find('='))] = value.substr(value.find('=') + 1);
    return;
  }
  const std::size_t number = std::stoul(value);
  if (name == "line_bytes")
    settings.line_bytes = number;
  else if (name == "mistakes")
    settings.mistakes = number;
  else if (name == "commands")
    settings.commands = number;
  else if (name == "recipients")
    settings.recipients = number;
  else if (name == "message_bytes")
    settings.message_bytes = number;
  else if (name == "offers_tls")
    settings.offers_tls = number != 0;
  else if (name == "needs_tls")
    settings.needs_tls = number != 0;
  else if (name == "needs_auth")
    settings.needs_auth = number != 0;
  else
    ADD_FAILURE() << "unknown setting " << name;
}

std::vector<Dialogue> read_cases() {
  const std::string path =
      std::string(TOCSIN_SOURCE_DIR) + "/fakes/receivers/mail/testdata/dialogues.cases";
  std::istringstream lines(read_file(path).value());
  std::vector<Dialogue> cases;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.starts_with("== ")) {
      cases.emplace_back();
      cases.back().name = line.substr(3);
      cases.back().line = number;
    } else if (line.starts_with("? ")) {
      read_setting(cases.back(), line.substr(2));
    } else if (!line.empty() && !line.starts_with('#')) {
      cases.back().script.push_back(line);
    }
  }
  return cases;
}

std::string shown(const SmtpAttempt& attempt) {
  const SmtpEnvelope& envelope = attempt.envelope;
  std::string text =
      fmt::format("* {} {} {} > ", to_string(attempt.stage), attempt.code, envelope.sender);
  for (const std::string& recipient : envelope.recipients) {
    text += (text.ends_with("> ") ? "" : ",") + recipient;
  }
  if (envelope.tls) text += " tls";
  if (!envelope.mechanism.empty()) text += " auth=" + envelope.mechanism;
  if (!attempt.scripted.empty()) text += " scripted=" + attempt.scripted;
  if (!attempt.error.empty()) text += " error=" + attempt.error;
  if (!attempt.content.empty()) text += " content=" + escaped(attempt.content);
  return text;
}

/// The dialogue's other end: what it does, in lines of the script's form.
class Player {
 public:
  explicit Player(Dialogue& one) : case_(one), dialogue_(one.settings, hooks(), false) { run(); }

  void say(std::string_view bytes) {
    if (ended_) return;
    dialogue_.feed(bytes);
    run();
  }
  void leave() { dialogue_.give_up("gone"); }

  std::vector<std::string> done;

 private:
  SmtpHooks hooks() {
    SmtpHooks hooks;
    hooks.trouble = [this](SmtpStage stage, const SmtpEnvelope&, std::string_view recipient) {
      return case_.schedule.strike(kOwner, Duration(0), stage, recipient);
    };
    hooks.attempt = [this](SmtpAttempt attempt) { attempts_.push_back(shown(attempt)); };
    return hooks;
  }

  void run() {
    while (!ended_) {
      const SmtpAction action = dialogue_.next();
      if (action.kind == SmtpAction::Kind::kNeedBytes) break;
      if (action.delay > Duration(0))
        done.push_back("[wait " + format_duration(action.delay) + "]");
      act(action);
      flush_attempts();
    }
    flush_attempts();
  }

  void act(const SmtpAction& action) {
    std::string_view text = action.text;
    while (!text.empty()) {
      const std::size_t end = text.find("\r\n");
      done.push_back("S: " + std::string(text.substr(0, end)));
      ASSERT_NE(end, std::string_view::npos);
      text.remove_prefix(end + 2);
    }
    switch (action.kind) {
      case SmtpAction::Kind::kStartTls:
        done.emplace_back("[starttls]");
        dialogue_.tls_started();
        break;
      case SmtpAction::Kind::kHang:
      case SmtpAction::Kind::kClose:
      case SmtpAction::Kind::kReset:
        done.emplace_back(action.kind == SmtpAction::Kind::kHang    ? "[hang]"
                          : action.kind == SmtpAction::Kind::kClose ? "[close]"
                                                                    : "[reset]");
        ended_ = true;
        break;
      default:
        break;
    }
  }

  void flush_attempts() {
    done.insert(done.end(), attempts_.begin(), attempts_.end());
    attempts_.clear();
  }

  Dialogue& case_;
  std::vector<std::string> attempts_;
  bool ended_ = false;
  SmtpDialogue dialogue_;

 public:
  void flush() { flush_attempts(); }
};

std::string client_bytes(const std::string& line) {
  if (line == "C:") return "\r\n";
  return line.starts_with("C: ") ? line.substr(3) + "\r\n" : unescaped(line.substr(3));
}

/// What the server does in the case; the client's lines are taken from the script.
std::vector<std::string> play(Dialogue one, std::size_t piece) {
  Player player(one);
  for (const std::string& line : one.script) {
    if (line == "[gone]") {
      player.done.push_back(line);
      player.leave();
      player.flush();
    }
    if (!line.starts_with("C")) continue;
    player.done.push_back(line);
    const std::string bytes = client_bytes(line);
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
      player.say(std::string_view(bytes).substr(i, piece));
    }
  }
  return player.done;
}

/// STARTTLS with something behind it cannot be told apart from a reply to it, byte by byte.
bool depends_on_packets(const Dialogue& one) {
  for (const std::string& line : one.script) {
    if (line.starts_with("C> STARTTLS")) return true;
  }
  return false;
}

TEST(SmtpDialogue, Cases) {
  const std::vector<Dialogue> cases = read_cases();
  ASSERT_GT(cases.size(), 25U);
  for (const Dialogue& one : cases) {
    SCOPED_TRACE(fmt::format("dialogues.cases:{}: {}", one.line, one.name));
    EXPECT_EQ(play(one, std::string::npos / 2), one.script);
    const std::size_t piece = depends_on_packets(one) ? 1000 : 1;
    EXPECT_EQ(play(one, piece), one.script) << "byte by byte";
  }
}

TEST(SmtpDialogue, CramMd5) {
  SmtpSettings settings;
  settings.users["tim"] = "tanstaaftanstaaf";
  SmtpHooks hooks;
  hooks.trouble = [](SmtpStage, const SmtpEnvelope&, std::string_view) { return std::nullopt; };
  hooks.attempt = [](const SmtpAttempt&) {};
  SmtpAuth auth("CRAM-MD5", settings.users, "<1896.697170952@postoffice.reston.mci.net>");
  const SmtpAuth::Step asked = auth.begin("");
  EXPECT_EQ(asked.kind, SmtpAuth::Step::Kind::kAsk);
  EXPECT_EQ(asked.text, "PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
  // RFC 2195's example.
  EXPECT_EQ(auth.answer("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw").kind,
            SmtpAuth::Step::Kind::kDone);
  EXPECT_EQ(auth.answer("dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkx").kind,
            SmtpAuth::Step::Kind::kRefused);
  EXPECT_EQ(auth.answer("dGlt").kind, SmtpAuth::Step::Kind::kBroken);
}

/// However long a client talks without a line end, what is held is bounded.
TEST(SmtpDialogue, EndlessLinesAreNotKept) {
  SmtpSettings settings;
  SmtpHooks hooks;
  hooks.trouble = [](SmtpStage, const SmtpEnvelope&, std::string_view) { return std::nullopt; };
  hooks.attempt = [](const SmtpAttempt&) {};
  SmtpDialogue dialogue(settings, hooks, false);
  (void)dialogue.next();
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 100'000; ++i) {
    dialogue.feed(piece);
    ASSERT_EQ(dialogue.next().kind, SmtpAction::Kind::kNeedBytes);
  }
  dialogue.feed("\r\nNOOP\r\n");
  EXPECT_EQ(dialogue.next().text, "500 5.5.6 Line too long\r\n");
  EXPECT_EQ(dialogue.next().text, "250 2.0.0 Still here\r\n");
}

}  // namespace
}  // namespace tocsin::receivers
