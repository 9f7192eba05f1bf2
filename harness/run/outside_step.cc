#include "harness/run/outside_step.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/base/utf8.h"
#include "harness/http/client.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"

namespace tocsin::run {
namespace {

constexpr Nanos kPoll = std::chrono::milliseconds(5);
/// What a command that is to end gets for its own tidying.
constexpr Nanos kPatience = std::chrono::milliseconds(500);
constexpr std::size_t kAnswerBytes = 1 << 20;
constexpr std::size_t kAnswerShown = 200;

/// A coroutine that is cancelled can't sleep, but what it has begun must end in good order.
net::Task<void> pause_briefly() {
  const bool slept = co_await net::sleep_for(kPoll);
  if (!slept) std::this_thread::sleep_for(kPoll);
}

std::string with_words(std::string text, const std::string& words) {
  return words.empty() ? text : text + ": " + words;
}

net::Task<void> await_end(net::Loop& loop, ShellCommand& command, Nanos deadline,
                          const bool& interrupted) {
  while (!command.ended() && !interrupted && loop.now() < deadline) co_await pause_briefly();
}

net::Task<StepEnd> perform_command(net::Loop& loop, const OutsideStep& step,
                                   const OutsideContext& context, const bool& interrupted,
                                   KeptCommands* kept) {
  StepEnd end;
  ShellSetup setup;
  setup.command = step.command;
  setup.folder = context.folder;
  setup.environment = context.environment;
  auto started = ShellCommand::start(setup);
  if (started.has_error()) {
    end.words = started.error().message;
    co_return end;
  }
  ShellCommand& command = *started;
  if (kept != nullptr && kept->on_start) kept->on_start(command.pid());
  const Nanos began = loop.now();
  co_await await_end(loop, command, began + context.timeout, interrupted);
  if (!command.ended()) {
    end.interrupted = interrupted;
    const std::string why =
        interrupted
            ? "interrupted"
            : "had not ended after " +
                  format_duration(std::chrono::ceil<Duration>(context.timeout)) + " and was killed";
    command.terminate();
    static constexpr bool kNever = false;
    co_await await_end(loop, command, loop.now() + kPatience, kNever);
    end.words = with_words(why, command.last_words());
    command.kill();
    co_return end;
  }
  const stack::ChildEnd how = *command.ended();
  end.ok = how.signal == 0 && how.exit_code == 0;
  const auto took = std::chrono::round<Duration>(loop.now() - began);
  end.words = with_words(fmt::format("{} after {}", stack::to_string(how), format_duration(took)),
                         command.last_words());
  if (!end.ok) {
    command.kill();
  } else if (kept != nullptr) {
    kept->ended.push_back(std::move(command));
  } else {
    command.let_go();
  }
  co_return end;
}

http::FetchOptions fetch_options(const faults::HttpCall& call, const OutsideContext& context) {
  http::FetchOptions options;
  options.method = call.method;
  options.body = call.body;
  options.timeout = context.timeout;
  options.limits.body_bytes = kAnswerBytes;
  options.tls = context.tls;
  for (const auto& [name, value] : call.headers) options.headers.add(name, value);
  if (!options.headers.contains("User-Agent")) options.headers.add("User-Agent", "tocsin");
  if (!call.body.empty() && !options.headers.contains("Content-Type")) {
    options.headers.add("Content-Type", "application/json");
  }
  return options;
}

bool is_wanted(int status, const OutsideStep& step) {
  if (step.gone_is_fine && status == 404) return true;
  const int wanted = step.call->status;
  return wanted == 0 ? status >= 200 && status <= 299 : status == wanted;
}

StepEnd judge_answer(const OutsideStep& step, const net::Outcome<http::Response>& answer,
                     bool interrupted) {
  StepEnd end;
  if (answer.has_error()) {
    end.interrupted = interrupted;
    end.words = interrupted ? "interrupted" : net::to_string(answer.error());
    return end;
  }
  end.ok = is_wanted(answer->status, step);
  end.words = fmt::format("answered {}", answer->status);
  if (end.ok) return end;
  if (step.call->status != 0) end.words += fmt::format(", not {}", step.call->status);
  std::string body = printable(answer->body.substr(0, kAnswerShown));
  while (body.ends_with("\\x0a") || body.ends_with("\\x0d")) body.resize(body.size() - 4);
  end.words = with_words(std::move(end.words), body);
  return end;
}

net::Task<void> fetch_into(net::Loop& loop, http::Url url, http::FetchOptions options,
                           std::optional<net::Outcome<http::Response>>& into) {
  into.emplace(co_await http::fetch(loop, std::move(url), std::move(options)));
}

net::Task<StepEnd> perform_call(net::Loop& loop, const OutsideStep& step,
                                const OutsideContext& context, const bool& interrupted) {
  auto url = http::parse_url(step.call->url);
  if (url.has_error()) {
    StepEnd end;
    end.words = url.error().message;
    co_return end;
  }
  std::optional<net::Outcome<http::Response>> answer;
  net::TaskGroup group(loop);
  http::FetchOptions options = fetch_options(*step.call, context);
  group.spawn(fetch_into(loop, std::move(*url), std::move(options), answer));
  while (!answer) {
    const bool slept = co_await net::sleep_for(kPoll);
    if (!slept || interrupted) {
      group.cancel_all();
      break;
    }
  }
  co_await group.join();
  co_return judge_answer(step, *answer, interrupted);
}

}  // namespace

std::string describe(const OutsideStep& step) {
  if (!step.call) return '"' + printable(step.command) + '"';
  const std::string& url = step.call->url;
  return step.call->method + " " + printable(url.substr(0, url.find('?')));
}

net::Task<StepEnd> perform(net::Loop& loop, const OutsideStep& step, const OutsideContext& context,
                           const bool& interrupted, KeptCommands* kept) {
  if (step.call) co_return co_await perform_call(loop, step, context, interrupted);
  co_return co_await perform_command(loop, step, context, interrupted, kept);
}

nlohmann::json step_to_json(const OutsideStep& step) {
  nlohmann::json object;
  if (!step.call) {
    object["command"] = step.command;
    return object;
  }
  object["method"] = step.call->method;
  object["url"] = step.call->url;
  object["headers"] = step.call->headers;
  object["body"] = step.call->body;
  object["status"] = step.call->status;
  object["gone_is_fine"] = step.gone_is_fine;
  return object;
}

OutsideStep step_from(const nlohmann::json& object) {
  OutsideStep step;
  if (object.contains("command")) {
    object.at("command").get_to(step.command);
    return step;
  }
  faults::HttpCall& call = step.call.emplace();
  object.at("method").get_to(call.method);
  object.at("url").get_to(call.url);
  object.at("headers").get_to(call.headers);
  object.at("body").get_to(call.body);
  object.at("status").get_to(call.status);
  object.at("gone_is_fine").get_to(step.gone_is_fine);
  return step;
}

}  // namespace tocsin::run
