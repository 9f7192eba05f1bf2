#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "fakes/receivers/json_input.h"
#include "fakes/receivers/reading.h"
#include "harness/base/utf8.h"

/// Discord's incoming webhooks: a content and embeds.

namespace tocsin::receivers {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestContent = 2000;
constexpr std::size_t kLongestTitle = 256;
constexpr std::size_t kLongestDescription = 4096;

void refuse_discord(Reading& reading, const char* why, int code) {
  refuse_with(reading, 400, why, {{"message", why}, {"code", code}});
}

}  // namespace

Reading read_discord(const Incoming& incoming) {
  constexpr int kEmptyMessage = 50006;
  constexpr int kInvalidForm = 50035;
  Reading reading;
  const json message = object_of(incoming, reading);
  if (message.is_null()) return reading;
  NotificationRecord& record = reading.record;
  record.text = text_at(message, "content");
  bool fits = utf8_length(record.text) <= kLongestContent;
  const json& embeds = member(message, "embeds");
  if (embeds.is_array()) {
    for (const json& embed : embeds) {
      const std::string title = text_at(embed, "title");
      const std::string description = text_at(embed, "description");
      fits = fits && utf8_length(title) <= kLongestTitle &&
             utf8_length(description) <= kLongestDescription;
      if (record.title.empty()) record.title = title;
      record.text += (record.text.empty() ? "" : "\n") + description;
      const json& color = member(embed, "color");
      if (color.is_number_unsigned()) reading.details["color"] = color.dump();
    }
  }
  read_texts(reading);
  if (record.title.empty() && record.text.empty()) {
    refuse_discord(reading, "Cannot send an empty message", kEmptyMessage);
  } else if (!fits) {
    refuse_discord(reading, "Invalid Form Body", kInvalidForm);
  } else {
    reading.answer.status = 204;
  }
  return reading;
}

}  // namespace tocsin::receivers
