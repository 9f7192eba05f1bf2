#include <benchmark/benchmark.h>

#include "harness/traffic/dispatcher.h"
#include "harness/traffic/request_text.h"

/// What the load engine adds to each request before and after the sockets have it.

namespace tocsin::traffic {
namespace {

Traffic endless(RateShape shape, Arrivals arrivals, std::size_t endpoints = 3) {
  Phase phase;
  phase.shape = std::move(shape);
  phase.length = std::chrono::hours(24 * 365);
  phase.arrivals = arrivals;
  for (std::size_t i = 0; i < endpoints; ++i) {
    phase.mix.push_back({"endpoint" + std::to_string(i), 1.0 + static_cast<double>(i)});
  }
  return {{phase}};
}

void run_schedule(benchmark::State& state, const Traffic& traffic) {
  Schedule schedule(traffic, {});
  for (auto _ : state) benchmark::DoNotOptimize(schedule.next());
}

void BM_SchedulePaced(benchmark::State& state) {
  run_schedule(state, endless(ConstantRate{1'000}, Arrivals::kPaced));
}
BENCHMARK(BM_SchedulePaced);

void BM_SchedulePoisson(benchmark::State& state) {
  run_schedule(state, endless(ConstantRate{1'000}, Arrivals::kPoisson));
}
BENCHMARK(BM_SchedulePoisson);

void BM_ScheduleDayCurve(benchmark::State& state) {
  run_schedule(state, endless(SineRate{100, 1'000}, Arrivals::kPoisson));
}
BENCHMARK(BM_ScheduleDayCurve);

/// One request from due to recorded, in a closed loop of 64.
void BM_DispatchAndRecord(benchmark::State& state) {
  Traffic traffic = endless(ConstantRate{0}, Arrivals::kPaced);
  traffic.phases[0].users = Users{64};
  Recorder recorder(traffic, {});
  Dispatcher dispatcher(traffic, {.schedule = {}, .connections = 64, .waiting_limit = 0}, recorder);
  std::vector<Dispatcher::Assignment> busy;
  Nanos now = std::chrono::seconds(1);
  while (const auto assignment = dispatcher.poll(now)) busy.push_back(*assignment);
  std::size_t next = 0;
  for (auto _ : state) {
    now += Nanos(8'000);
    Dispatcher::Assignment& assignment = busy[next++ % busy.size()];
    Answer answer;
    answer.sent = assignment.ready + Nanos(1'000);
    answer.done = now;
    answer.status = 200;
    recorder.completed(assignment.request, answer);
    dispatcher.finished(assignment, now, Dispatcher::Outcome::kAnswered);
    assignment = *dispatcher.poll(now);
  }
}
BENCHMARK(BM_DispatchAndRecord);

void BM_RenderWithHoles(benchmark::State& state) {
  const RequestTemplate request{.name = "order",
                                .method = "POST",
                                .target = "/orders/{seq}",
                                .headers = {{"X-Request-Id", "{uuid}"}},
                                .body = "{\"order\": {seq}, \"nonce\": \"{random}\"}"};
  const RequestText text =
      RequestText::make(request, http::parse_url("http://localhost").value(), true).value();
  Random random(1);
  std::string buffer;
  std::uint64_t seq = 0;
  for (auto _ : state) benchmark::DoNotOptimize(text.render(++seq, random, buffer));
}
BENCHMARK(BM_RenderWithHoles);

}  // namespace
}  // namespace tocsin::traffic
