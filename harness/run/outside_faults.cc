#include "harness/run/outside_faults.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "harness/base/utf8.h"
#include "harness/http/message.h"
#include "harness/http/url.h"
#include "harness/net/task_group.h"
#include "harness/net/timer.h"
#include "harness/run/outside_step.h"
#include "harness/run/toxiproxy.h"
#include "harness/run/undo_guard.h"

namespace tocsin::run {
namespace {

/// `${NAME}` stands for a variable of the environment, so that no scenario need hold a secret.
Result<std::string> with_environment(const std::string& text) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = text.find("${", at);
    const std::size_t close = text.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return out + text.substr(at);
    const std::string name = text.substr(open + 2, close - open - 2);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) {
      return input_error({}, "a header wants ${" + name + "}, which the environment does not have");
    }
    out += text.substr(at, open - at) + value;
    at = close + 1;
  }
}

Result<OutsideStep> step_of_call(const faults::HttpCall& call, const OutsideSetup& setup) {
  OutsideStep step;
  step.call = call;
  if (call.url.starts_with('/')) {
    std::string target = setup.target_url;
    while (target.ends_with('/')) target.pop_back();
    step.call->url = target + call.url;
  }
  TRY_VOID(http::parse_url(step.call->url));
  for (auto& [name, value] : step.call->headers) {
    TRY(value, with_environment(value));
    if (!http::valid_header(name, value)) {
      return input_error({}, "the value of the header \"" + name + "\" can't be sent");
    }
  }
  return step;
}

}  // namespace

struct OutsideFaults::Impl {
  enum class State { kIdle, kOwed, kUndoing };

  /// A fault with what makes and undoes it.
  struct Planned {
    Planned(net::Loop& on, const faults::Fault& of) : fault(&of), change(on) {}

    const faults::Fault* fault;
    std::vector<OutsideStep> start;
    std::vector<OutsideStep> stop;
    OutsideContext context;
    net::Timer change;  ///< notified to stop
    State state = State::kIdle;
    bool failed = false;  ///< to undo it, once
    std::uint32_t occurrence = 0;
    std::uint64_t order = 0;  ///< of its beginning
    KeptCommands running;
  };

  Impl(net::Loop& on, const LiveClock& of, OutsideSetup with)
      : loop(on), clock(of), setup(std::move(with)), group(on) {}

  Result<void> plan(const scenario::Scenario& of);
  Result<void> plan_steps(Planned& made, const faults::Action& action, std::size_t number);
  net::Task<void> play(Planned& made);
  net::Task<void> start(Planned& made);
  net::Task<void> undo(Planned& made, net::Loop& on);
  net::Task<void> undo_owed(net::Loop& on);
  void note(const Planned& made, EventKind kind, const std::string& words);
  void complain(std::string what);
  std::size_t number_of(const Planned& made) const {
    return static_cast<std::size_t>(made.fault - scenario->faults.data()) + 1;
  }

  net::Loop& loop;
  const LiveClock& clock;
  const scenario::Scenario* scenario = nullptr;
  OutsideSetup setup;
  Evidence* evidence = nullptr;
  net::TaskGroup group;
  std::vector<std::unique_ptr<Planned>> all;
  std::optional<UndoGuard> guard;
  std::uint64_t begun = 0;
  bool stopping = false;
  std::string trouble;
};

Result<void> OutsideFaults::Impl::plan(const scenario::Scenario& of) {
  scenario = &of;
  for (const faults::Fault& fault : of.faults) {
    if (!fault.is_made_outside(setup.external)) continue;
    auto& made = *all.emplace_back(std::make_unique<Planned>(loop, fault));
    const auto added = plan_steps(made, *fault.action, number_of(made));
    if (added.has_error()) {
      Error error = added.error();
      error.pos = fault.action->pos;
      error.context.push_back("for the fault \"" + fault.name + '"');
      return error;
    }
  }
  if (!all.empty() && !setup.guard_program.empty()) {
    TRY(UndoGuard started, UndoGuard::start(setup.guard_program, setup.verify_tls, setup.ca_file));
    guard.emplace(std::move(started));
  }
  return {};
}

Result<void> OutsideFaults::Impl::plan_steps(Planned& made, const faults::Action& action,
                                             std::size_t number) {
  made.context.tls = setup.tls;
  made.context.timeout = action.timeout;
  made.context.folder = std::filesystem::path(scenario->file).parent_path().string();
  made.context.environment.emplace_back("TOCSIN_FAULT", made.fault->name);
  made.context.environment.emplace_back("TOCSIN_TARGET", setup.target_url);
  if (const auto* commands = std::get_if<faults::CommandAction>(&action.what)) {
    made.start.emplace_back().command = commands->start;
    if (!commands->stop.empty()) made.stop.emplace_back().command = commands->stop;
  } else if (const auto* calls = std::get_if<faults::CallAction>(&action.what)) {
    TRY(OutsideStep first, step_of_call(calls->start, setup));
    made.start.push_back(std::move(first));
    if (calls->stop) {
      TRY(OutsideStep last, step_of_call(*calls->stop, setup));
      made.stop.push_back(std::move(last));
    }
  } else {
    const auto& toxiproxy = std::get<faults::ToxiproxyAction>(action.what);
    TRY_VOID(http::parse_url(toxiproxy.url));
    ToxicSteps steps = toxic_steps(toxiproxy, number);
    made.start = std::move(steps.start);
    made.stop = std::move(steps.stop);
    TRY_VOID(loop.run(check_toxiproxy(loop, toxiproxy, number, setup.tls)));
  }
  return {};
}

/// Until all its occurrences are over, or finish() is called, which then undoes it.
net::Task<void> OutsideFaults::Impl::play(Planned& made) {
  const faults::Fault& fault = *made.fault;
  for (std::uint32_t i = 0; i < fault.times && !stopping; ++i) {
    if (fault.start_of(i) >= scenario->length) co_return;
    const net::Wake due = co_await made.change.wait_until(clock.when(fault.start_of(i)));
    if (due != net::Wake::kElapsed || stopping) co_return;
    // After trouble the run is about to end: nothing begins any more.
    if (!trouble.empty()) co_return;
    made.occurrence = i;
    co_await start(made);
    if (!trouble.empty()) co_return;
    const net::Wake over = co_await made.change.wait_until(clock.when(fault.end_of(i)));
    if (over != net::Wake::kElapsed || stopping) co_return;
    co_await undo(made, loop);
  }
}

net::Task<void> OutsideFaults::Impl::start(Planned& made) {
  made.state = State::kOwed;
  made.order = ++begun;
  if (guard) guard->owe(made.order, made.fault->name, made.stop, made.context);
  made.running.on_start = [this, &made](pid_t pid) {
    if (guard) guard->started(made.order, pid);
  };
  const Nanos began = clock.now();
  std::string told;
  for (const OutsideStep& step : made.start) {
    const StepEnd end = co_await perform(loop, step, made.context, stopping, &made.running);
    told += (told.empty() ? "" : "; ") + end.words;
    if (end.ok) continue;
    note(made, EventKind::kFaultStart, end.words);
    if (!end.interrupted) {
      complain(fmt::format("the fault \"{}\" could not be made: {}: {}",
                           printable(made.fault->name), describe(step), end.words));
    }
    co_return;
  }
  note(made, EventKind::kFaultStart, told);
  const auto took = std::chrono::round<Duration>(clock.now() - began);
  const Duration in_scenario(
      static_cast<std::int64_t>(static_cast<double>(took.count()) * clock.time_scale()));
  if (in_scenario > scenario->system->evaluation_interval) {
    evidence->run.warnings.push_back(fmt::format(
        "the fault \"{}\" took {} to begin, {} of the scenario's time", printable(made.fault->name),
        format_duration(took), format_duration(in_scenario)));
  }
}

/// All steps, also after one that fails.
net::Task<void> OutsideFaults::Impl::undo(Planned& made, net::Loop& on) {
  made.state = State::kUndoing;
  std::string told;
  std::string failed;
  for (const OutsideStep& step : made.stop) {
    static constexpr bool kNever = false;
    const StepEnd end = co_await perform(on, step, made.context, kNever, nullptr);
    told += (told.empty() ? "" : "; ") + end.words;
    if (!end.ok)
      failed += fmt::format("{}{}: {}", failed.empty() ? "" : "; ", describe(step), end.words);
  }
  for (ShellCommand& command : made.running.ended) command.kill();
  made.running.ended.clear();
  note(made, EventKind::kFaultEnd, told);
  if (failed.empty()) {
    made.state = State::kIdle;
    if (guard) guard->paid(made.order);
    if (made.failed) {
      complain(fmt::format("the fault \"{}\" was undone at the second attempt only",
                           printable(made.fault->name)));
    }
    co_return;
  }
  // The run's end is another chance; after that it is the user's.
  made.state = made.failed ? State::kIdle : State::kOwed;
  if (made.failed && guard) guard->paid(made.order);
  complain(fmt::format("THE FAULT \"{}\" IS {}NOT UNDONE: {}", printable(made.fault->name),
                       made.failed ? "STILL " : "", failed));
  made.failed = true;
}

net::Task<void> OutsideFaults::Impl::undo_owed(net::Loop& on) {
  while (true) {
    Planned* last = nullptr;
    for (const auto& made : all) {
      if (made->state == State::kIdle) continue;
      if (last == nullptr || made->order > last->order) last = made.get();
    }
    if (last == nullptr) co_return;
    co_await undo(*last, on);
  }
}

/// What came of it, behind the description of the event.
void OutsideFaults::Impl::note(const Planned& made, EventKind kind, const std::string& words) {
  if (evidence == nullptr || words.empty()) return;
  std::uint32_t occurrence = 0;
  for (Event& event : evidence->events) {
    if (event.kind != kind || event.name != made.fault->name) continue;
    if (occurrence++ != made.occurrence) continue;
    event.description += " → " + words;
    return;
  }
}

void OutsideFaults::Impl::complain(std::string what) {
  trouble += (trouble.empty() ? "" : "; ") + what;
  if (evidence != nullptr) return;
  const std::string said = fmt::format("tocsin: {}\n", what);
  std::fwrite(said.data(), 1, said.size(), stderr);
}

OutsideFaults::OutsideFaults(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<OutsideFaults>> OutsideFaults::plan(net::Loop& loop,
                                                           const scenario::Scenario& scenario,
                                                           const LiveClock& clock,
                                                           OutsideSetup setup) {
  auto impl = std::make_unique<Impl>(loop, clock, std::move(setup));
  TRY_VOID(impl->plan(scenario));
  return std::unique_ptr<OutsideFaults>(new OutsideFaults(std::move(impl)));
}

OutsideFaults::~OutsideFaults() {
  const auto owed = [](const auto& made) { return made->state != Impl::State::kIdle; };
  if (std::none_of(impl_->all.begin(), impl_->all.end(), owed)) return;
  impl_->evidence = nullptr;
  net::Loop own;
  own.run(impl_->undo_owed(own));
}

void OutsideFaults::begin(Evidence& evidence) {
  impl_->evidence = &evidence;
  for (const auto& made : impl_->all) impl_->group.spawn(impl_->play(*made));
}

net::Task<void> OutsideFaults::finish() {
  impl_->stopping = true;
  for (const auto& made : impl_->all) made->change.notify();
  co_await impl_->group.join();
  co_await impl_->undo_owed(impl_->loop);
}

std::string OutsideFaults::trouble() const {
  return impl_->trouble;
}

bool OutsideFaults::any() const {
  return !impl_->all.empty();
}

}  // namespace tocsin::run
