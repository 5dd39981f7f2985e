// core_tests GROUP [PLAN...]: runs the tests of one group.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "check.h"

namespace check {
namespace {

std::vector<std::string>& given_plans() {
  static std::vector<std::string> paths;
  return paths;
}

}  // namespace

std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

const std::vector<std::string>& plans() { return given_plans(); }

void failed(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
  std::_Exit(1);  // not exit(): threads of the test may still run
}

}  // namespace check

int main(int argc, char** argv) {
  const std::string group = argc > 1 ? argv[1] : "";
  check::given_plans().assign(argv + (argc > 1 ? 2 : 1), argv + argc);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a failure loses nothing of what passed
  int passed = 0;
  for (const check::Test& test : check::tests()) {
    if (test.group != group) continue;
    try {
      test.run();
    } catch (const std::exception& error) {
      check::failed(test.name.c_str(), 0, error.what());
    }
    std::printf("ok %s\n", test.name.c_str());
    ++passed;
  }
  std::printf("%d passed\n", passed);
  return passed > 0 ? 0 : 1;
}
