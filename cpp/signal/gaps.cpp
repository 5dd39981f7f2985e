#include "signal/gaps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ecgrt {
namespace {

constexpr double kMargin = 0.5;      // seconds, at most
constexpr double kFlat = 1.0;        // seconds
constexpr double kRail = 0.2;        // seconds
constexpr std::size_t kAround = 10;  // seconds
constexpr float kFar = 0.25F;        // of the range, from the middle

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Samples looked at together.
constexpr std::size_t kBlock = 16;
typedef float Four __attribute__((vector_size(16)));

Four four(const float* x) {
  Four values;
  std::memcpy(&values, x, sizeof values);
  return values;
}

std::size_t samples(double seconds, double rate) {
  return static_cast<std::size_t>(std::ceil(seconds * rate));
}

float median(std::span<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

std::size_t Gap::margin(double rate) const { return std::min(end - begin, samples(kMargin, rate)); }

void GapFinder::start(double rate, bool stillness) {
  rate_ = rate;
  stillness_ = stillness;
  position_ = run_ = finite_ = decided_ = 0;
  missing_ = false;
  value_ = before_ = kNone;
  shortest_ = std::max<std::size_t>(samples(kRail, rate), 2);
  second_ends_ = samples(1, rate);
  second_ = {kInfinity, -kInfinity, 0};
  std::ranges::fill(sums_, 0.0);
  seconds_.clear();
  pending_.clear();
  gaps_.clear();
}

void GapFinder::push(std::span<const float> values) {
  while (!values.empty()) {
    const std::size_t moving = take_moving(values);
    if (moving == 0) take(values.front());
    values = values.subspan(std::max<std::size_t>(moving, 1));
    if (stillness_ && position_ == second_ends_) end_second();
  }
}

void GapFinder::take(float x) {
  const bool missing = !std::isfinite(x);
  if (missing ? missing_ : x == value_) {
    ++run_;
  } else {
    if (is_gap()) end_run(x);
    before_ = value_;
    value_ = missing ? kNone : x;
    missing_ = missing;
    run_ = 1;
  }
  ++position_;
  if (!stillness_ || missing) return;
  second_.lowest = std::min(second_.lowest, x);
  second_.highest = std::max(second_.highest, x);
  sums_[finite_++ % 4] += x;
}

// Takes as many of the samples as certainly hold no gap, the usual case, and returns how many:
// whole blocks that are not identical throughout, as no block in a gap is.
std::size_t GapFinder::take_moving(std::span<const float> samples) {
  if (!stillness_ || missing_ || finite_ % 4 != 0 || shortest_ < 2 * kBlock) return 0;
  const std::size_t most = std::min(samples.size(), second_ends_ - position_);
  std::size_t taken = 0;
  for (; taken + kBlock <= most && run_ + kBlock <= shortest_; taken += kBlock) {
    const float* x = samples.data() + taken;
    Four low = four(x), high = low, doubt = low - low;  // not 0 where a sample is not finite
    for (std::size_t i = 4; i < kBlock; i += 4) {
      const Four next = four(x + i);
      low = next < low ? next : low;
      high = next > high ? next : high;
      doubt += next - next;
    }
    const float lowest = std::min({low[0], low[1], low[2], low[3]});
    const float highest = std::max({high[0], high[1], high[2], high[3]});
    if (!(doubt[0] + doubt[1] + doubt[2] + doubt[3] == 0) || lowest == highest) break;
    second_.lowest = std::min(second_.lowest, lowest);
    second_.highest = std::max(second_.highest, highest);
    for (std::size_t i = 0; i < kBlock; ++i) sums_[i % 4] += x[i];
    const float last = x[kBlock - 1];
    for (run_ = 1; x[kBlock - 1 - run_] == last; ++run_) {
    }
    value_ = last;
    before_ = x[kBlock - 1 - run_];
  }
  position_ += taken;
  finite_ += taken;
  return taken;
}

bool GapFinder::is_gap() const { return missing_ || (stillness_ && run_ >= shortest_); }

void GapFinder::end_run(float after) {
  const auto reason = missing_ ? GapReason::missing : GapReason::flat;
  pending_.push_back({{position_ - run_, position_, reason, before_, after}, value_});
  if (!stillness_) decide(true);
}

void GapFinder::end_second() {
  const double sum = (sums_[0] + sums_[1]) + (sums_[2] + sums_[3]);
  if (finite_ > 0) second_.mean = static_cast<float>(sum / static_cast<double>(finite_));
  seconds_.push_back(second_);
  second_ = {kInfinity, -kInfinity, 0};
  std::ranges::fill(sums_, 0.0);
  finite_ = 0;
  second_ends_ = samples(static_cast<double>(seconds_.size() + 1), rate_);
  decide(false);
}

void GapFinder::finish() {
  if (run_ > 0 && is_gap()) end_run(kNone);
  if (stillness_ && position_ > samples(static_cast<double>(seconds_.size()), rate_)) end_second();
  decide(true);
}

// Decides what is pending as far as ten seconds have followed.
void GapFinder::decide(bool finished) {
  for (; decided_ < pending_.size(); ++decided_) {
    Run& run = pending_[decided_];
    if (run.gap.reason != GapReason::missing) {
      if (!finished && second_of(run.gap.end - 1) + kAround >= seconds_.size()) return;
      if (is_rail(run)) {
        run.gap.reason = GapReason::rail;
      } else if (run.gap.end - run.gap.begin < samples(kFlat, rate_)) {
        continue;
      }
    }
    add(run.gap);
  }
  pending_.clear();
  decided_ = 0;
}

bool GapFinder::is_rail(const Run& run) const {
  if (seconds_.empty()) return false;
  const std::size_t first = second_of(run.gap.begin), last = second_of(run.gap.end - 1);
  float lowest = kInfinity, highest = -kInfinity, means[2 * kAround + 2];
  std::size_t count = 0;
  const auto look_at = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i <= std::min(to, seconds_.size() - 1); ++i) {
      if (seconds_[i].empty()) continue;
      lowest = std::min(lowest, seconds_[i].lowest);
      highest = std::max(highest, seconds_[i].highest);
      means[count++] = seconds_[i].mean;
    }
  };
  look_at(first - std::min(first, kAround), first);
  look_at(std::max(last, first + 1), last + kAround);
  if (run.value > lowest && run.value < highest) return false;
  const float middle = median({means, count});
  return highest > lowest && std::abs(run.value - middle) >= kFar * (highest - lowest);
}

void GapFinder::add(Gap gap) {
  if (!gaps_.empty()) {
    Gap& last = gaps_.back();
    if (gap.begin - last.end <= std::min(last.margin(rate_), gap.margin(rate_))) {
      if (gap.end - gap.begin > last.end - last.begin) last.reason = gap.reason;
      last.end = gap.end;
      last.after = gap.after;
      gap = last;
      gaps_.pop_back();
    }
  }
  if (gap.begin == 0) gap.before = gap.after;
  if (std::isnan(gap.after)) gap.after = gap.before;
  if (std::isnan(gap.after)) gap.before = gap.after = 0;  // it is all that there is
  gaps_.push_back(gap);
}

std::size_t GapFinder::settled() const {
  std::size_t until = stillness_ || missing_ ? position_ - run_ : position_;
  if (decided_ < pending_.size()) until = std::min(until, pending_[decided_].gap.begin);
  if (gaps_.empty()) return until;
  const Gap& last = gaps_.back();
  return until - last.end > last.margin(rate_) ? until : last.begin;
}

std::size_t GapFinder::second_of(std::size_t sample) const {
  const auto second = static_cast<std::size_t>(static_cast<double>(sample) / rate_);
  return seconds_.empty() ? second : std::min(second, seconds_.size() - 1);
}

void bridge(std::span<const Gap> gaps, std::size_t first, std::span<float> values) {
  const std::size_t end = first + values.size();
  auto gap = std::upper_bound(gaps.begin(), gaps.end(), first,
                              [](std::size_t at, const Gap& one) { return at < one.end; });
  for (; gap != gaps.end() && gap->begin < end; ++gap) {
    const double step = (static_cast<double>(gap->after) - gap->before) /
                        static_cast<double>(gap->end - gap->begin + 1);
    const std::size_t from = std::max(gap->begin, first), to = std::min(gap->end, end);
    for (std::size_t i = from; i < to; ++i) {
      const auto place = static_cast<double>(i - gap->begin + 1);
      values[i - first] = static_cast<float>(gap->before + step * place);
    }
  }
}

void cover(std::span<const Gap> gaps, double rate, std::size_t size, std::vector<Stretch>& out) {
  out.clear();
  for (const Gap& gap : gaps) {
    const std::size_t margin = gap.margin(rate);
    Stretch next{static_cast<std::int64_t>(gap.begin - std::min(gap.begin, margin)),
                 static_cast<std::int64_t>(std::min(gap.end + margin, size))};
    while (!out.empty() && out.back().end >= next.begin) {
      next = {std::min(out.back().begin, next.begin), std::max(out.back().end, next.end)};
      out.pop_back();
    }
    out.push_back(next);
  }
}

Typical typical_second(std::span<const Second> seconds, std::span<const Stretch> covered,
                       double rate, std::vector<float>& scratch) {
  scratch.resize(2 * seconds.size());
  std::size_t count = 0;
  auto stretch = covered.begin();
  for (std::size_t i = 0; i < seconds.size(); ++i) {
    const auto begin = static_cast<std::int64_t>(samples(static_cast<double>(i), rate));
    const auto end = static_cast<std::int64_t>(samples(static_cast<double>(i + 1), rate));
    while (stretch != covered.end() && stretch->end <= begin) ++stretch;
    const bool touched = stretch != covered.end() && stretch->begin < end;
    if (touched || seconds[i].empty()) continue;
    scratch[count] = seconds[i].highest - seconds[i].lowest;
    scratch[seconds.size() + count++] = seconds[i].mean;
  }
  const std::span<float> all(scratch);
  return {median(all.first(count)), median(all.subspan(seconds.size(), count))};
}

}  // namespace ecgrt
