#include "tensorrt/log.h"

#include "errors.h"

namespace ecgrt {
namespace {

constexpr std::size_t kMaxLines = 16;

}  // namespace

void TensorRtLog::log(Severity severity, const nvinfer1::AsciiChar* line) noexcept try {
  if (severity == Severity::kINTERNAL_ERROR || severity == Severity::kERROR) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    if (lines_.size() > kMaxLines) {
      lines_.pop_front();
    }
  }
} catch (...) {  // out of memory: TensorRT lets no exception pass
}

std::string TensorRtLog::take() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& line : lines_) {
    text += (text.empty() ? "" : "; ") + line;
  }
  lines_.clear();
  return text;
}

TensorRtLog& tensorrt_log() {
  static auto* log = new TensorRtLog;  // never deleted: TensorRT may log while the process ends
  return *log;
}

void throw_tensorrt_failure(const std::string& what) {
  const std::string lines = tensorrt_log().take();
  throw BackendUnavailableError(what + (lines.empty() ? "" : "; TensorRT says: " + lines));
}

}  // namespace ecgrt
