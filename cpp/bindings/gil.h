// Python's lock, given up while the core works and taken back, in threads that the interpreter may
// not wait for when it ends.
#pragma once

#include <pybind11/pybind11.h>
#include <unistd.h>

namespace ecgrt {

// Takes the lock. Once the interpreter has begun to end no other thread can have it: Python before
// 3.14 ends the thread then, and the stack would be unwound without the lock, through functions
// that let nothing pass. Instead the thread waits for the end of the process, as from 3.14 on.
template <class Take>
void take_gil(const Take& take) noexcept {
  try {
    take();
  } catch (...) {  // Python raises nothing here: it is the end of the thread
    for (;;) ::pause();
  }
}

class GilRelease {
 public:
  GilRelease() : state_(PyEval_SaveThread()) {}
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;
  ~GilRelease() {
    take_gil([this] { PyEval_RestoreThread(state_); });
  }

 private:
  PyThreadState* state_;
};

class GilAcquire {
 public:
  GilAcquire() noexcept {
    take_gil([this] { state_ = PyGILState_Ensure(); });
  }
  GilAcquire(const GilAcquire&) = delete;
  GilAcquire& operator=(const GilAcquire&) = delete;
  ~GilAcquire() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_;
};

}  // namespace ecgrt
