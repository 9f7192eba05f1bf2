// An aggregate built as an argument within an expression that awaits.
#include "task.h"

struct Options {
  Tracked a;
  Tracked b;
};

Task use(Options) {
  co_return;
}

Task script() {
  Tracked a;
  Tracked b;
  co_await use(Options{a, b});
}

int main() {
  return verdict(script());
}
