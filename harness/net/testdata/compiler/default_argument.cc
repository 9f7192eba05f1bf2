// A default argument that is an aggregate, taken by an expression that awaits.
#include "task.h"

struct Options {
  Tracked a = {};
  Tracked b = {};
};

Task use(Options = {}) {
  co_return;
}

Task script() {
  co_await use();
}

int main() {
  return verdict(script());
}
