#include "fakes/receivers/trouble.h"

#include <algorithm>

#include <fmt/format.h>

namespace tocsin::receivers {
namespace {

std::string_view name_of(TroubleKind kind) {
  switch (kind) {
    case TroubleKind::kAnswer:
      return "answer";
    case TroubleKind::kSlow:
      return "slow";
    case TroubleKind::kHang:
      return "hang";
    case TroubleKind::kDrop:
      return "drop";
    case TroubleKind::kMalformed:
      return "malformed answer";
    case TroubleKind::kNotOk:
      return "not ok";
    case TroubleKind::kDropAtAccept:
      return "drop at accept";
    case TroubleKind::kRefuse:
      return "refuse";
  }
  return "";
}

bool is_chat(std::string_view kind) {
  return kind == "slack" || kind == "wechat" || kind == "rocketchat" || kind == "telegram";
}

}  // namespace

std::string to_string(const IntegrationId& id) {
  return fmt::format("{}/{}[{}]", id.receiver, id.kind, id.index);
}

std::string_view to_string(SmtpStage stage) {
  switch (stage) {
    case SmtpStage::kConnect:
      return "greeting";
    case SmtpStage::kHello:
      return "EHLO";
    case SmtpStage::kAuth:
      return "AUTH";
    case SmtpStage::kSender:
      return "MAIL";
    case SmtpStage::kRecipient:
      return "RCPT";
    case SmtpStage::kData:
      return "DATA";
    case SmtpStage::kContent:
      return "content";
    case SmtpStage::kEnd:
      return "end of content";
  }
  return "";
}

std::string describe(const Trouble& trouble) {
  std::string text(name_of(trouble.kind));
  if (trouble.kind == TroubleKind::kAnswer) text += fmt::format(" {}", trouble.status);
  if (trouble.delay > Duration(0)) text += ' ' + format_duration(trouble.delay);
  return text;
}

bool is_of_the_door(const Trouble& trouble) {
  return trouble.kind == TroubleKind::kRefuse || trouble.kind == TroubleKind::kDropAtAccept;
}

Result<void> check_trouble(const IntegrationId& id, const Trouble& trouble) {
  const auto bad = [&](std::string_view why) {
    return input_error({},
                       fmt::format("trouble of {}: {}: {}", to_string(id), describe(trouble), why));
  };
  const bool mail = id.kind == "email";
  const int least = mail ? 400 : 200;
  if (trouble.from < Duration(0)) return bad("begins before the run");
  if (trouble.to && *trouble.to <= trouble.from) return bad("ends before it begins");
  if (trouble.delay < Duration(0)) return bad("a negative delay");
  if (trouble.kind == TroubleKind::kAnswer && (trouble.status < least || trouble.status > 599)) {
    return bad(mail ? "a reply code is from 400 to 599" : "a status is from 200 to 599");
  }
  if (trouble.kind == TroubleKind::kSlow && trouble.delay == Duration(0)) {
    return bad("needs a delay");
  }
  if (trouble.kind == TroubleKind::kNotOk && !is_chat(id.kind)) {
    return bad("only chat services answer so");
  }
  if (is_of_the_door(trouble) && trouble.first > 0) return bad("connections are not counted");
  if (trouble.retry_after && (mail || trouble.kind != TroubleKind::kAnswer)) {
    return bad("Retry-After is for answers over HTTP");
  }
  if (!mail && (trouble.stage != SmtpStage::kEnd || !trouble.recipient.empty())) {
    return bad("stages and recipients are for e-mail");
  }
  if (!trouble.recipient.empty() && trouble.stage != SmtpStage::kRecipient) {
    return bad("a recipient is looked at by RCPT only");
  }
  if (mail && trouble.kind == TroubleKind::kAnswer &&
      trouble.text.find_first_of("\r\n") != std::string::npos) {
    return bad("a reply's text is one line");
  }
  if (trouble.stage == SmtpStage::kContent && trouble.kind != TroubleKind::kDrop &&
      trouble.kind != TroubleKind::kHang) {
    return bad("nothing is answered in the middle of the content");
  }
  return {};
}

bool TroubleSchedule::Entry::in_force(Duration offset) const {
  return offset >= trouble.from && (!trouble.to || offset < *trouble.to) &&
         (trouble.first == 0 || struck < trouble.first);
}

void TroubleSchedule::add(const IntegrationId& id, std::vector<Trouble> troubles) {
  std::vector<Entry>& list = entries_[id];
  for (Trouble& trouble : troubles) list.push_back({std::move(trouble), 0});
}

template <class Matches>
std::optional<Trouble> TroubleSchedule::strike_where(const IntegrationId& id, Duration offset,
                                                     const Matches& matches) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  for (Entry& entry : found->second) {
    if (is_of_the_door(entry.trouble) || !entry.in_force(offset) || !matches(entry.trouble)) {
      continue;
    }
    ++entry.struck;
    return entry.trouble;
  }
  return std::nullopt;
}

std::optional<Trouble> TroubleSchedule::strike(const IntegrationId& id, Duration offset) {
  return strike_where(id, offset, [](const Trouble&) { return true; });
}

std::optional<Trouble> TroubleSchedule::strike(const IntegrationId& id, Duration offset,
                                               SmtpStage stage, std::string_view recipient) {
  return strike_where(id, offset, [&](const Trouble& trouble) {
    return trouble.stage == stage && (trouble.recipient.empty() || trouble.recipient == recipient);
  });
}

std::optional<TroubleKind> TroubleSchedule::at_door(const IntegrationId& id,
                                                    Duration offset) const {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return std::nullopt;
  for (const Entry& entry : found->second) {
    if (is_of_the_door(entry.trouble) && entry.in_force(offset)) return entry.trouble.kind;
  }
  return std::nullopt;
}

std::optional<Duration> TroubleSchedule::next_change(const IntegrationId& id,
                                                     Duration offset) const {
  std::optional<Duration> next;
  const auto consider = [&](Duration at) {
    if (at > offset && (!next || at < *next)) next = at;
  };
  const auto found = entries_.find(id);
  if (found == entries_.end()) return next;
  for (const Entry& entry : found->second) {
    if (!is_of_the_door(entry.trouble)) continue;
    consider(entry.trouble.from);
    if (entry.trouble.to) consider(*entry.trouble.to);
  }
  return next;
}

}  // namespace tocsin::receivers
