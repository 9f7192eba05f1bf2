// A braced list as an argument within an expression that awaits.
#include <vector>

#include "task.h"

Task use(std::vector<Tracked>) {
  co_return;
}

Task script() {
  Tracked a;
  Tracked b;
  co_await use({a, b});
}

int main() {
  return verdict(script());
}
