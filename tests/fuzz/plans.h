// The models that targets run. A target carries their plans in itself, for it may be run anywhere.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "classifier.h"
#include "memory_file.h"

// Defines `name`_begin and `name`_end, around a file's bytes; CMake says where the folders are.
#define ECGRT_FUZZ_EMBED(name, path)                                         \
  asm(".pushsection .rodata\n" #name "_begin:\n.incbin \"" path "\"\n" #name \
      "_end:\n.popsection");                                                 \
  extern "C" const std::uint8_t name##_begin[], name##_end[]

ECGRT_FUZZ_EMBED(bare, ECGRT_FUZZ_FROZEN_PLANS "/fp32.plan");
ECGRT_FUZZ_EMBED(local, ECGRT_FUZZ_PLANS "/local.plan");
ECGRT_FUZZ_EMBED(cut, ECGRT_FUZZ_PLANS "/cut.plan");

constexpr std::size_t kModels = 3;

// A model without a signal block, one that scales what it sees, and one that cuts it at gaps too.
inline const ecgrt::Classifier& pick_model(std::size_t number) {
  const auto load = [](const std::uint8_t* begin, const std::uint8_t* end) {
    const MemoryFile file({begin, end});
    return ecgrt::Classifier(file.path(), {.threads = 1});
  };
  static const std::array<ecgrt::Classifier, kModels> models = {
      load(bare_begin, bare_end), load(local_begin, local_end), load(cut_begin, cut_end)};
  return models[number];
}
