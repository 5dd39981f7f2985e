#include "capi/guard.h"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>

#include "errors.h"

namespace ecgrt::capi {
namespace {

constexpr std::size_t kMostBytes = 1024;

// Not a string: to say that the memory is used up must need none.
thread_local char last_error[kMostBytes];

}  // namespace

ecgrt_status fail(ecgrt_status status, std::string_view message) noexcept {
  std::size_t length = std::min(message.size(), kMostBytes - 1);
  if (length < message.size()) {  // not within a character of UTF-8
    while (length > 0 && (static_cast<unsigned char>(message[length]) & 0xC0U) == 0x80U) --length;
  }
  std::copy_n(message.data(), length, last_error);
  last_error[length] = '\0';
  return status;
}

ecgrt_status fail_with_current_exception() noexcept {
  try {
    throw;
  } catch (const PlanError& error) {
    return fail(ECGRT_ERROR_PLAN, error.what());
  } catch (const BackendUnavailableError& error) {
    return fail(ECGRT_ERROR_UNAVAILABLE, error.what());
  } catch (const std::invalid_argument& error) {
    return fail(ECGRT_ERROR_ARGUMENT, error.what());
  } catch (const std::bad_alloc&) {
    return fail(ECGRT_ERROR_MEMORY, "there is not enough memory");
  } catch (const std::length_error&) {
    return fail(ECGRT_ERROR_MEMORY, "there is not enough memory");
  } catch (const Cancelled&) {
    return fail(ECGRT_ERROR_CANCELLED, "the call was cancelled by its callback");
  } catch (const std::exception& error) {
    return fail(ECGRT_ERROR_INTERNAL, error.what());
  } catch (...) {
    return fail(ECGRT_ERROR_INTERNAL, "an unknown exception was thrown");
  }
}

}  // namespace ecgrt::capi

extern "C" {

const char* ecgrt_version(void) { return ECGRT_VERSION; }

const char* ecgrt_last_error(void) { return ecgrt::capi::last_error; }

}  // extern "C"
