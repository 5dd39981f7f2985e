// The least that a test needs, and the machine that most of them start from.
#pragma once

#include <NvInferRuntime.h>

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include "backend.h"
#include "errors.h"
#include "fake.h"

namespace check {

struct Test {
  const char* name;
  void (*run)();
};

std::vector<Test>& tests();
[[noreturn]] void failed(const char* file, int line, const std::string& what);

struct Registration {
  Registration(const char* name, void (*run)()) { tests().push_back({name, run}); }
};

// A plan of the flavour of the headers, in a file name of its own, and the spec of its engine.
struct Machine {
  Machine();
  std::vector<std::byte> plan;
  std::string path;

  std::unique_ptr<ecgrt::Backend> load(const ecgrt::BackendOptions& options = {}) const;
};

inline constexpr std::size_t kSamples = 16, kClasses = 4, kMaxSegments = 120, kMaxBatch = 4;

// Runs records of these lengths together, each with a signal of its own, and checks every answer.
void run_and_compare(const ecgrt::Backend& backend, const std::vector<std::size_t>& lengths,
                     unsigned seed = 1);

// The message of the Error that `action` throws.
template <typename Error>
std::string message_of(const std::function<void()>& action, const char* file, int line) {
  try {
    action();
  } catch (const Error& error) {
    if (typeid(error) != typeid(Error))
      failed(file, line, "another type: " + std::string(error.what()));
    return error.what();
  } catch (const std::exception& error) {
    failed(file, line, "another type: " + std::string(error.what()));
  }
  failed(file, line, "nothing was thrown");
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace check

#define TEST(name)                                                   \
  static void name();                                                \
  static const check::Registration registration_##name(#name, name); \
  static void name()

#define CHECK(condition) ((condition) ? void() : check::failed(__FILE__, __LINE__, #condition))
#define CHECK_TEXT(text, part) \
  (check::contains(text, part) ? void() : check::failed(__FILE__, __LINE__, text))
#define MESSAGE(Error, action) check::message_of<Error>([&] { action; }, __FILE__, __LINE__)
