// What a record was, all along: the rules of a timeline, for arrays.
#include "timeline/timeline.h"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings/bindings.h"
#include "docstrings.h"
#include "timeline/burden.h"

namespace py = pybind11;

namespace ecgrt {
namespace {

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using States = py::array_t<State, py::array::c_style | py::array::forcecast>;
using Gap = std::tuple<double, double, std::string>;
// Start, probabilities, readable share, gaps, and a sentence for each code of a warning.
using Window = std::tuple<double, std::vector<float>, double, std::vector<Gap>,
                          std::vector<std::pair<std::string, std::string>>>;

template <class T>
std::span<const T> row_of(const py::array_t<T, py::array::c_style | py::array::forcecast>& array,
                          std::size_t size, const char* name) {
  if (array.ndim() != 1 || static_cast<std::size_t>(array.size()) != size) {
    throw py::value_error(std::string(name) + " must have a shape of (" + std::to_string(size) +
                          ",)");
  }
  return {array.data(), size};
}

Rows rows_of(const Doubles& array) {
  if (array.ndim() != 2 || array.shape(1) == 0) {
    throw py::value_error("probabilities must be an array of (steps, states)");
  }
  Rows rows(static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1)));
  std::copy_n(array.data(), rows.values.size(), rows.values.begin());
  return rows;
}

// Probabilities of as many steps.
Rows rows_of(const Doubles& array, std::size_t steps) {
  Rows rows = rows_of(array);
  if (rows.size() != steps) {
    throw py::value_error("states and probabilities must have as many steps");
  }
  return rows;
}

void check_state(State state, State least, const Rows& rows) {
  if (state < least || state >= static_cast<State>(rows.width)) {
    throw py::value_error("there is no state " + std::to_string(state));
  }
}

py::array_t<double> to_array(const Rows& rows) {
  return py::array_t<double>({rows.size(), rows.width}, rows.values.data());
}

template <class T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

std::span<const State> span_of(const States& states) {
  return row_of(states, static_cast<std::size_t>(states.size()), "states");
}

GapReason reason_of(const std::string& name) {
  for (const GapReason reason : {GapReason::missing, GapReason::flat, GapReason::rail}) {
    if (to_string(reason) == name) return reason;
  }
  throw py::value_error("'" + name +
                        "' is no reason of a gap; there are 'missing', 'flat', 'rail'");
}

std::vector<UnreadableSpan> gaps_of(const std::vector<Gap>& given) {
  std::vector<UnreadableSpan> gaps;
  for (const auto& [start, end, reason] : given) gaps.push_back({start, end, reason_of(reason)});
  return gaps;
}

py::tuple to_tuple(const std::vector<UnreadableSpan>& gaps) {
  py::list tuples;
  for (const auto& [start, end, reason] : gaps) {
    tuples.append(py::make_tuple(start, end, to_string(reason)));
  }
  return tuples;
}

// Start, end, number of the state, probability, reason; of noise as of what can be read: none.
py::list to_list(const std::vector<Episode>& episodes) {
  py::list tuples;
  for (const auto& [start, end, state, probability, reason] : episodes) {
    const std::string why = reason ? to_string(*reason) : std::string();
    tuples.append(py::make_tuple(start, end, state, probability, why));
  }
  return tuples;
}

py::list episodes_of(const States& states, const Doubles& probabilities, const Doubles& edges,
                     const std::vector<Gap>& gaps) {
  const std::span<const State> steps = span_of(states);
  const Rows rows = rows_of(probabilities, steps.size());
  for (const State state : steps) check_state(state, kNoState, rows);
  if (steps.empty()) return py::list();
  return to_list(
      find_episodes(steps, rows, row_of(edges, steps.size() + 1, "edges"), gaps_of(gaps)));
}

std::tuple<double, double, double> burden_of(const States& states, const Doubles& probabilities,
                                             const Doubles& lengths, State state) {
  const std::span<const State> steps = span_of(states);
  const Rows rows = rows_of(probabilities, steps.size());
  check_state(state, 0, rows);
  const auto [share, expected, seconds] =
      find_burden(steps, rows, row_of(lengths, steps.size(), "lengths"), state);
  return {share, expected, seconds};
}

py::array_t<double> answers_to(const States& states, const Doubles& probabilities, State state) {
  const std::span<const State> steps = span_of(states);
  const Rows rows = rows_of(probabilities, steps.size());
  check_state(state, 0, rows);
  return to_array(answers_of(steps, rows, state));
}

std::vector<WindowAnswer> windows_of(const std::vector<Window>& given) {
  std::vector<WindowAnswer> windows;
  windows.reserve(given.size());
  for (const auto& [start, probabilities, readable, gaps, warnings] : given) {
    WindowAnswer window{start, probabilities, readable, gaps_of(gaps), {}};
    for (const auto& [code, sentence] : warnings) window.warnings.push_back({code, sentence});
    windows.push_back(std::move(window));
  }
  return windows;
}

py::tuple timeline_of(const std::vector<std::string>& classes, const std::vector<Window>& given,
                      double seconds, double segment, const TimelineSettings& settings) {
  const std::vector<WindowAnswer> windows = windows_of(given);
  const Timeline made = [&] {
    const GilRelease release;
    return make_timeline(classes, windows, seconds, segment, settings);
  }();
  py::list warnings;
  for (const WarningText& warning : made.warnings) warnings.append(warning.sentence);
  return py::make_tuple(to_array(made.states), to_array(made.probabilities), to_array(made.edges),
                        to_list(made.spans), to_tuple(made.gaps), warnings);
}

void register_states(py::module_& m) {
  m.attr("AF") = kAf;
  m.attr("AF_CLASS") = kAfClass;
  m.attr("NOISE_CLASS") = kNoiseClass;
  m.attr("NOT_AF") = kNotAf;
  m.attr("NO_STATE") = kNoState;
  m.attr("UNREADABLE") = kUnreadable;
  m.def(
      "states_of",
      [](const std::vector<std::string>& classes) {
        return py::tuple(py::cast(states_of(classes)));
      },
      py::arg("classes"), doc::states_of);
  m.def(
      "state_probabilities",
      [](const std::vector<std::string>& classes, const Doubles& pooled) {
        const Rows rows = rows_of(pooled);
        if (rows.width != classes.size()) throw py::value_error("pooled must be (steps, classes)");
        return to_array(state_probabilities(classes, rows));
      },
      py::arg("classes"), py::arg("pooled"), doc::state_probabilities);
  m.def("step_count", &step_count, py::arg("duration"), py::arg("hop"), doc::step_count);
  m.def(
      "windows_of_steps",
      [](std::size_t steps, std::size_t windows, double window, double hop) {
        return to_array(windows_of_steps(steps, windows, window, hop));
      },
      py::arg("steps"), py::arg("windows"), py::arg("window"), py::arg("hop"),
      doc::windows_of_steps);
  m.def(
      "smooth",
      [](const Doubles& probabilities, std::size_t width) {
        return to_array(smooth(rows_of(probabilities), width));
      },
      py::arg("probabilities"), py::arg("width"), doc::smooth);
  m.def(
      "follow",
      [](const Doubles& probabilities, double margin) {
        return to_array(follow(rows_of(probabilities), margin));
      },
      py::arg("probabilities"), py::arg("margin"), doc::follow);
  m.def(
      "runs_of", [](const States& states) { return to_array(runs_of(span_of(states))); },
      py::arg("states"), doc::runs_of);
  m.def(
      "absorb_short",
      [](const States& states, std::size_t shortest) {
        return to_array(absorb_short(span_of(states), shortest));
      },
      py::arg("states"), py::arg("shortest"), doc::absorb_short);
}

}  // namespace

void register_timeline(py::module_& m) {
  register_states(m);
  m.def(
      "check_timeline_settings",
      [](double window, double hop, double smoothing, double margin, double shortest) {
        check_settings({window, hop, smoothing, margin, shortest});
      },
      py::arg("window"), py::arg("hop"), py::arg("smoothing"), py::arg("margin"),
      py::arg("shortest"), doc::check_timeline_settings);
  m.def("find_episodes", &episodes_of, py::arg("states"), py::arg("probabilities"),
        py::arg("edges"), py::arg("gaps"), doc::find_episodes);
  m.def(
      "readable_share",
      [](const std::vector<double>& unreadable, double seconds) {
        return readable_share(unreadable, seconds);
      },
      py::arg("unreadable"), py::arg("seconds"), doc::readable_share);
  m.def("find_burden", &burden_of, py::arg("states"), py::arg("probabilities"), py::arg("lengths"),
        py::arg("state"), doc::find_burden);
  m.def("answers_of", &answers_to, py::arg("states"), py::arg("probabilities"), py::arg("state"),
        doc::answers_of);
  m.def(
      "make_timeline",
      [](const std::vector<std::string>& classes, const std::vector<Window>& windows,
         double seconds, double segment, double window, double hop, double smoothing, double margin,
         double shortest) {
        return timeline_of(classes, windows, seconds, segment,
                           {window, hop, smoothing, margin, shortest});
      },
      py::arg("classes"), py::arg("windows"), py::arg("seconds"), py::arg("segment"),
      py::arg("window"), py::arg("hop"), py::arg("smoothing"), py::arg("margin"),
      py::arg("shortest"), doc::make_timeline);
}

}  // namespace ecgrt
