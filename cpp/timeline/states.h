// From the probabilities of windows to a state for every step of a record.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ecgrt {

// Classes of the challenge's alphabet, and what a timeline says of them.
inline constexpr const char* kAfClass = "A";
inline constexpr const char* kNoiseClass = "~";
inline constexpr const char* kAf = "AF";
inline constexpr const char* kNotAf = "not AF";
inline constexpr const char* kUnreadable = "unreadable";

using State = std::ptrdiff_t;
constexpr State kNoState = -1;  // no answer

// A row for each step, of probabilities; NaN where there is no answer.
struct Rows {
  std::size_t width = 0;
  std::vector<double> values;

  Rows(std::size_t rows, std::size_t columns) : width(columns), values(rows * columns) {}
  std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  std::span<double> operator[](std::size_t i) { return {values.data() + i * width, width}; }
  std::span<const double> operator[](std::size_t i) const {
    return {values.data() + i * width, width};
  }
};

// What a model of these classes can say of a stretch, apart from unreadable: AF or not, if it
// knows AF, else each class but noise.
std::vector<std::string> states_of(const std::vector<std::string>& classes);

// The probability of each state, given that the signal can be read; none where noise is the most
// probable class. `pooled` has a column for each class.
Rows state_probabilities(const std::vector<std::string>& classes, const Rows& pooled);

// How many steps a record has; the last may be shorter or longer by half a step.
std::size_t step_count(double seconds, double hop);

// For each step the number of the window whose middle is nearest.
std::vector<State> windows_of_steps(std::size_t steps, std::size_t windows, double window,
                                    double hop);

// The running median over `width` (odd) answers, of those that are there. Where there is no
// answer, there is none afterwards either.
Rows smooth(const Rows& probabilities, std::size_t width);

// The state of each step: one stays until another is above it by `margin`. After a step without an
// answer the most probable is taken.
std::vector<State> follow(const Rows& probabilities, double margin);

// Where each run of equal states begins, and the end of the last.
std::vector<State> runs_of(std::span<const State> states);

// Gives runs of less than `shortest` steps, the shortest first, to their longer neighbour.
// Stretches without an answer are runs like any other; a run that is the whole record stays.
std::vector<State> absorb_short(std::span<const State> states, std::size_t shortest);

}  // namespace ecgrt
