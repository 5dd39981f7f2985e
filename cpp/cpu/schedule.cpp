#include "cpu/schedule.h"

#include <algorithm>

namespace ecgrt {

Schedule::Schedule(const std::vector<PlanTensor>& tensors, const std::vector<Layer>& layers)
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
  const PlanTensor& to = tensors_[tensor];
  for (const std::size_t read : {layers_[reader].input, layers_[reader].residual}) {
    if (read == kNoTensor || tensors_[read].slot != to.slot) continue;
    if (to.channels * tensors_[read].rate > tensors_[read].channels * to.rate) return true;
  }
  return false;
}

// The rows of output that a layer can have with what the layers before it have done, of the chain
// that begins with `first`.
std::size_t Schedule::ready(std::size_t index, std::size_t first,
                            const std::vector<std::size_t>& rows,
                            const std::vector<std::size_t>& done) const {
  const Layer& layer = layers_[index];
  const std::size_t all = rows[layer.output];
  const auto complete = [&](std::size_t i) { return done[i] == rows[layers_[i].output]; };
  std::size_t most = all;
  const auto in_chain = [&](std::size_t tensor) {
    return tensor != kNoTensor && writers_[tensor] >= first && writers_[tensor] < index &&
           !complete(writers_[tensor]);
  };
  if (in_chain(layer.input)) most = layer.conv.rows_from(done[writers_[layer.input]]);
  if (in_chain(layer.residual)) {
    most = std::min(most, done[writers_[layer.residual]] / layer.pool);
  }
  // Tensors share slots: what earlier layers have yet to read must not be overwritten.
  for (std::size_t i = first; i < index; ++i) {
    if (complete(i)) continue;
    const Layer& reader = layers_[i];
    for (const std::size_t tensor : {layer.raw, layer.activated}) {
      if (tensor == kNoTensor) continue;
      const std::size_t slot = tensors_[tensor].slot, channels = tensors_[tensor].channels;
      if (tensors_[reader.input].slot == slot) {
        const std::size_t kept = reader.conv.rows_to_keep(done[i]);
        most = std::min(most, kept * tensors_[reader.input].channels / channels);
      }
      if (reader.residual != kNoTensor && tensors_[reader.residual].slot == slot) {
        const std::size_t kept = done[i] * reader.pool;
        most = std::min(most, kept * tensors_[reader.residual].channels / channels);
      }
    }
    most = std::min(most, all - 1);  // behind its last row a layer writes zeros, too
  }
  return most;
}

void Schedule::plan(const std::vector<std::size_t>& rows, std::size_t workers, std::size_t parts,
                    std::vector<std::size_t>& done, std::vector<Step>& steps) const {
  steps.clear();
  done.assign(layers_.size(), 0);
  for (const Chain& chain : chains_) {
    const std::size_t turns = chain.end - chain.first > 1 ? parts : 1;
    for (std::size_t turn = 1; turn <= turns; ++turn) {
      for (std::size_t i = chain.first; i < chain.end; ++i) {
        const ConvLayer& conv = layers_[i].conv;
        const std::size_t all = rows[layers_[i].output];
        std::size_t end = ready(i, chain.first, rows, done);
        if (i == chain.first) end = std::min(end, all * turn / turns);
        if (end < all) end = end / conv.rows_per_tile() * conv.rows_per_tile();
        if (end <= done[i]) continue;
        steps.push_back({i, conv.divide(done[i], end, workers), done[i] == 0, end == all});
        done[i] = end;
      }
    }
  }
}

}  // namespace ecgrt
