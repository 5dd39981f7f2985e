#!/bin/bash -eu
# Builds the C++ targets as OSS-Fuzz wants them: its compiler, flags and engine, seeds as zips.
cd "$(dirname "${BASH_SOURCE[0]}")"
build=$(mktemp -d)
cmake -S . -B "$build" -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_FLAGS="$CXXFLAGS" \
    -DECGRT_FUZZ_FLAGS="" -DECGRT_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$build" --parallel "$(nproc)"
for target in plan metadata signal rhythm stream pieces rows; do
    cp "$build/fuzz_$target" "$OUT/"
    (cd "corpus/$target" && zip -q -r "$OUT/fuzz_${target}_seed_corpus.zip" .)
done
cp plan.dict "$OUT/fuzz_plan.dict"
