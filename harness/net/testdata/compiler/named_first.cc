// The same three, with the object named on the line before: right on every compiler.
#include <utility>
#include <vector>

#include "task.h"

struct Options {
  Tracked a;
  Tracked b;
};

template <class T>
Task use(T) {
  co_return;
}

Task script() {
  Tracked a;
  Tracked b;
  const auto lambda = [a] { static_cast<void>(a); };
  co_await use(lambda);
  Options options{a, b};
  co_await use(std::move(options));
  std::vector<Tracked> list{a, b};
  co_await use(std::move(list));
}

int main() {
  return verdict(script());
}
