// The least that a test needs: a name, and a check that tells where it failed.
#pragma once

#include <string>
#include <vector>

namespace check {

struct Test {
  std::string group;
  std::string name;
  void (*run)();
};

std::vector<Test>& tests();

// Plans that the program was given to test with.
const std::vector<std::string>& plans();

[[noreturn]] void failed(const char* file, int line, const std::string& what);

struct Registration {
  Registration(const char* group, const char* name, void (*run)()) {
    tests().push_back({group, name, run});
  }
};

}  // namespace check

#define TEST(group, name)                                                    \
  static void name();                                                        \
  static const check::Registration registration_##name(#group, #name, name); \
  static void name()

#define CHECK(condition) ((condition) ? void() : check::failed(__FILE__, __LINE__, #condition))
#define CHECK_AT(condition, where) \
  ((condition) ? void() : check::failed(__FILE__, __LINE__, #condition " at " + (where)))
