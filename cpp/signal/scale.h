// The amplitude that a signal has around each of its samples, whatever its unit.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ecgrt {

// Of a filtered signal that comes in chunks of any size: block k is seconds k and k + 1, and r_k
// the root mean square of its readable samples; blocks that are readable by less than half do not
// count. At the middle of block k the scale is the median of all r_j with |j - k| <= 8, in between
// it is linear, at the ends it is held. Where no block within eight seconds counts it stays what it
// was; before the first that does it is what that one gives, and 1 if there is none.
class LocalScale {
 public:
  // Begins a signal of `rate` Hz; keeps its memory.
  void start(double rate);
  // `readable` holds a value other than 0 for each sample that can be read.
  void push(std::span<const float> samples, std::span<const unsigned char> readable);
  void finish();

  // Samples before this one can be divided; after finish() all can.
  std::size_t settled() const;
  // Divides samples from `first` on by the scale there.
  void divide(std::size_t first, std::span<float> values) const;

 private:
  struct Sum {
    double squares[4] = {};  // of every fourth sample
    std::size_t readable = 0, all = 0;
    void add(std::span<const float> samples, std::span<const unsigned char> readable);
    Sum operator+(const Sum& other) const;
  };

  void end_block(const Sum& block, double middle);
  void end_median();
  std::size_t second_begins(std::size_t second) const;

  double rate_ = 0;
  std::size_t position_ = 0, second_ = 0, second_ends_ = 0;
  Sum before_, sum_;            // of the last whole second, and of the one that has begun
  std::vector<double> blocks_;  // r_k, NaN where they do not count
  std::vector<double> middles_;
  std::vector<double> scales_;
  bool finished_ = false;
};

}  // namespace ecgrt
