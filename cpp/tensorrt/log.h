// TensorRT's own error lines, kept for the exception that is thrown because of them.
#pragma once

#include <NvInferRuntime.h>

#include <deque>
#include <mutex>
#include <string>

namespace ecgrt {

class TensorRtLog final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const nvinfer1::AsciiChar* line) noexcept override;

  // The lines since the last call, oldest first; they are forgotten then.
  std::string take();

 private:
  std::mutex mutex_;
  std::deque<std::string> lines_;
};

// The one log of the process, for TensorRT keeps using the first that it is given.
TensorRtLog& tensorrt_log();

// Throws BackendUnavailableError: what failed, then TensorRT's own lines.
[[noreturn]] void throw_tensorrt_failure(const std::string& what);

}  // namespace ecgrt
