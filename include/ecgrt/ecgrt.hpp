// ecgrt for C++20: ecgrt.h with owners, spans and exceptions. Nothing but headers and the
// library.
//
//   const ecgrt::Classifier classifier("cinc17-compact.plan");
//   const ecgrt::Prediction p = classifier.predict(std::span(samples), {.fs = 250, .unit =
//   ecgrt::mV}); if (p.label()) std::cout << *p.label() << ' ' << p.confidence() << '\n';
//
// Every failure is an ecgrt::Error. Threads may share a classifier. ecgrt is not a medical device.
#pragma once

#include <cstddef>
#include <ecgrt/stream.hpp>
#include <ecgrt/timeline.hpp>
#include <span>
#include <string_view>
#include <vector>

namespace ecgrt::inline api {

// R peaks in seconds, of a lead in any unit.
template <Sample T>
std::vector<double> find_beats(std::span<const T> samples, double fs) {
  const ecgrt_signal signal = view(samples, {.fs = fs});
  std::vector<double> times(
      fs > 0 ? 6 + static_cast<std::size_t>(6.0 * static_cast<double>(samples.size()) / fs) : 0);
  std::size_t count = 0;
  detail::check(ecgrt_find_beats(&signal, times.data(), times.size(), &count));
  times.resize(count);
  return times;
}

inline std::string_view version() { return ecgrt_version(); }

}  // namespace ecgrt::inline api
