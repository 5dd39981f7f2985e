#include "cpu/schedule.h"

#include <algorithm>

namespace ecgrt {

Schedule::Schedule(const std::vector<Tensor>& tensors, const std::vector<Layer>& layers)
    : tensors_(tensors), layers_(layers), writers_(tensors.size(), layers.size()) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const std::size_t tensor : {layers[i].raw, layers[i].activated}) {
      if (tensor != kNoTensor) writers_[tensor] = i;
    }
    if (!chains_.empty() && may_follow(i, chains_.back().first)) {
      chains_.back().end = i + 1;
    } else {
      chains_.push_back({i, i + 1});
    }
  }
}

// Whether a layer may join the chain that begins with `first`: reading all weights of the chain for
// each stretch of time must cost little, and in its slots the layer must not overtake those who
// still read what was there before.
bool Schedule::may_follow(std::size_t layer, std::size_t first) const {
  if (layers_[layer].conv.shares_weights() || layers_[first].conv.shares_weights()) return false;
  for (std::size_t reader = first; reader < layer; ++reader) {
    for (const std::size_t tensor : {layers_[layer].raw, layers_[layer].activated}) {
      if (tensor != kNoTensor && overtakes(tensor, reader)) return false;
    }
  }
  return true;
}

bool Schedule::overtakes(std::size_t tensor, std::size_t reader) const {
  const Tensor& to = tensors_[tensor];
  for (const std::size_t read : {layers_[reader].input, layers_[reader].residual}) {
    if (read == kNoTensor || tensors_[read].slot != to.slot) continue;
    if (to.floats() * tensors_[read].rate > tensors_[read].floats() * to.rate) return true;
  }
  return false;
}

// The rows of output that a layer can have with what the layers before it have done, of the chain
// that begins with `first`.
std::size_t Schedule::ready(std::size_t index, std::size_t first, const Job& job,
                            const std::vector<std::size_t>& done) const {
  const Layer& layer = layers_[index];
  const std::size_t all = job.rows[layer.output];
  const auto complete = [&](std::size_t i) {
    return job.ends && (i == layers_.size() || done[i] == job.rows[layers_[i].output]);
  };
  const auto written = [&](std::size_t tensor) {
    const std::size_t writer = writers_[tensor];
    return writer == layers_.size() ? job.rows[tensor] : done[writer];
  };
  std::size_t most = all;
  if (!complete(writers_[layer.input])) {
    most = std::min(most, layer.conv.rows_from(written(layer.input)));
  }
  if (layer.residual != kNoTensor && !complete(writers_[layer.residual])) {
    most = std::min(most, written(layer.residual) / layer.pool);
  }
  // Tensors share slots: what earlier layers have yet to read must not be overwritten.
  for (std::size_t i = first; i < index; ++i) {
    if (complete(i)) continue;
    for (const std::size_t tensor : {layer.raw, layer.activated}) {
      if (tensor != kNoTensor) most = std::min(most, unread(tensor, i, done));
    }
    most = std::min(most, all - 1);  // behind its last row a layer writes zeros, too
  }
  return most;
}

// The rows of a tensor that come before all that `reader` has yet to read of the same slot. Before
// in time, and so in memory, whatever row of the record is the first there: see overtakes().
std::size_t Schedule::unread(std::size_t tensor, std::size_t reader,
                             const std::vector<std::size_t>& done) const {
  const Layer& layer = layers_[reader];
  const Tensor& to = tensors_[tensor];
  std::size_t most = kNoTensor;
  const auto keep = [&](std::size_t read, std::size_t row) {
    if (tensors_[read].slot == to.slot) most = std::min(most, row * tensors_[read].rate / to.rate);
  };
  keep(layer.input, layer.conv.rows_to_keep(done[reader]));
  if (layer.residual != kNoTensor) keep(layer.residual, done[reader] * layer.pool);
  return most;
}

void Schedule::plan(const Job& job, std::size_t workers, std::size_t parts,
                    std::vector<std::size_t>& done, std::vector<Step>& steps) const {
  steps.clear();
  done = job.start;
  for (const Chain& chain : chains_) {
    const std::size_t turns = chain.end - chain.first > 1 ? parts : 1;
    for (std::size_t turn = 1; turn <= turns; ++turn) {
      for (std::size_t i = chain.first; i < chain.end; ++i) {
        const ConvLayer& conv = layers_[i].conv;
        const std::size_t all = job.rows[layers_[i].output], start = job.start[i];
        std::size_t end = ready(i, chain.first, job, done);
        if (i == chain.first) end = std::min(end, start + (all - start) * turn / turns);
        if (end <= done[i]) continue;
        if (end < all || !job.ends) {
          end = start + (end - start) / conv.rows_per_tile() * conv.rows_per_tile();
        }
        if (end <= done[i]) continue;
        const Tasks tasks = conv.divide(done[i] - start, end - start, workers);
        steps.push_back({i, tasks, done[i] == 0, job.ends && end == all});
        done[i] = end;
      }
    }
  }
}

void Schedule::rows_to_keep(const std::vector<std::size_t>& rows,
                            const std::vector<std::size_t>& done,
                            std::vector<std::size_t>& keep) const {
  keep.resize(tensors_.size());
  for (std::size_t tensor = 0; tensor < tensors_.size(); ++tensor) {
    const std::size_t writer = writers_[tensor];
    keep[tensor] = writer == layers_.size() ? rows[tensor] : done[writer];
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    keep[layer.input] = std::min(keep[layer.input], layer.conv.rows_to_keep(done[i]));
    if (layer.residual == kNoTensor) continue;
    keep[layer.residual] = std::min(keep[layer.residual], done[i] * layer.pool);
  }
}

}  // namespace ecgrt
