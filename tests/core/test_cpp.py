"""The C++ core by itself: kernels, layers, threads and memory, plain and under sanitizers.

What runs is in ``tests/cpp/core``, built with the project's own CMakeLists.txt.
"""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import pytest
from cpp_builds import CMAKE, COMPILER, CppBuilds, run
from family import build, make_metadata, make_network, wide_network

from ecgrt.training.config import NetworkConfig

#: What a kernel may take from elsewhere: memory functions and the compiler's own.
LINKED = {"memcpy", "memset", "memmove", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}

pytestmark = pytest.mark.skipif(not (CMAKE and COMPILER), reason="needs cmake and a C++ compiler")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A small network in either precision; some of its layers are transformed, some not.

    The answers of the second are calibrated, and its signals filtered and scaled. The third has
    short windows.
    """
    config = NetworkConfig(
        conv_subsample_lengths=(1, 2, 2), conv_num_filters_start=12, conv_increase_channels_at=1
    )
    shape = (config.samples_per_segment, config.context_segments)
    calibrated = make_metadata(
        *shape,
        mean=0.0,
        std=1.0,
        sampling_rate=100.0,
        signal={"band": [0.5, 40.0], "half_width": 60, "scale": "local"},
        decision="mean",
        pooling=((1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.5), (0.0,) * 7, (0.25,) * 7),
        calibration_scale=0.5,
        calibration_bias=(0.5, -1.0, 0.0),
        decision_weights=(1.0, 2.0, 0.5),
    )
    models = {"fp32": make_network(config), "fp16": make_network(config, calibrated)}
    small = [
        build(model, tmp_path_factory.mktemp(precision), precision=precision)
        for precision, model in models.items()
    ]
    return [*small, build(wide_network(5), tmp_path_factory.mktemp("wide"))]


@pytest.mark.parametrize(
    ("sanitizer", "group", "least"),
    [
        ("", "kernels", 5),
        ("", "layers", 3),
        ("", "tiles", 4),
        ("", "schedule", 2),
        ("", "pool", 5),
        ("", "classifier", 6),
        ("", "signal", 5),
        ("", "sums", 5),
        ("", "beats", 4),
        ("", "stream", 3),
        ("", "capi", 10),
        pytest.param(
            "",
            "allocations",
            5,
            marks=pytest.mark.skipif(
                platform.libc_ver()[0] != "glibc", reason="counts allocations of the GNU C library"
            ),
        ),
        ("address", "kernels", 5),
        ("address", "layers", 3),
        ("address", "tiles", 4),
        ("address", "schedule", 2),
        ("address", "classifier", 6),
        ("address", "signal", 5),
        ("address", "sums", 5),
        ("address", "beats", 4),
        ("address", "stream", 3),
        ("address", "capi", 10),
        ("thread", "pool", 5),
        ("thread", "classifier", 6),
        ("thread", "capi", 10),
    ],
)
def test_core(
    sanitizer: str, group: str, least: int, cpp_builds: CppBuilds, plans: list[Path]
) -> None:
    output = run(cpp_builds[sanitizer] / "core_tests", group, *plans)
    passed = re.findall(r"^ok \w+$", output, flags=re.MULTILINE)
    assert len(passed) >= least
    assert f"{len(passed)} passed" in output


def strangers(symbols: str, isa: str) -> list[str]:
    """What ``nm -C`` lists of an object and neither lies in its namespace nor may be linked.

    Local symbols (small letters) are the object's own. Of a weak one, such as an inline function
    or a standard template, the linker keeps a single copy for the whole program: if that is the
    one for AVX-512, other processors stop at it.
    """
    found = []
    for line in symbols.splitlines():
        kind, name = re.fullmatch(r"\s*[0-9a-f]*\s+(\S) (.+)", line).groups()  # type: ignore[union-attr]
        inside = f"ecgrt::{isa}::" in name
        local = kind.islower() and kind not in "uvw"
        if not (local or inside or (kind == "U" and name in LINKED)):
            found.append(f"{kind} {name}")
    return found


def test_strangers_are_found() -> None:
    symbols = """\
0000000000000000 D ecgrt::avx2::kKernels
0000000000000010 t ecgrt::(anonymous namespace)::forward(float const*)
                 U memcpy
0000000000000000 W std::max<int>(int const&, int const&)
0000000000000000 u ecgrt::sse2::table
                 U operator new(unsigned long)
"""
    assert strangers(symbols, "avx2") == [
        "W std::max<int>(int const&, int const&)",
        "u ecgrt::sse2::table",
        "U operator new(unsigned long)",
    ]


@pytest.mark.skipif(not shutil.which("nm"), reason="needs nm of the binutils")
def test_kernels_hold_nothing_but_their_own(cpp_builds: CppBuilds) -> None:
    objects = {
        path.parts[path.parts.index("CMakeFiles") + 1]: path
        for path in cpp_builds[""].glob("ecgrt/CMakeFiles/ecgrt_kernels_*/**/*.o")
    }
    isas = {name.removeprefix("ecgrt_kernels_").removesuffix(".dir") for name in objects}
    assert isas in ({"sse2", "avx2", "avx512", "amx"}, {"neon"}, {"generic"})
    for isa in isas:
        symbols = run("nm", "-C", objects[f"ecgrt_kernels_{isa}.dir"])
        assert f" ecgrt::{isa}::{'kTiles' if isa == 'amx' else 'kKernels'}" in symbols
        assert strangers(symbols, isa) == []
