"""Settings: the published recipe, and what is said of values that cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ecgrt.training.config import NetworkConfig, TrainConfig

ROOT = Path(__file__).parents[2]


def write(folder: Path, **fields: Any) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"train": "train.json", "dev": "dev.json", **fields}))
    return path


def test_shipped_reference_is_the_published_recipe() -> None:
    config = TrainConfig.load(ROOT / "configs" / "reference.json")
    assert config == TrainConfig(train="data/train.json", dev="data/dev.json")
    assert config.conv_subsample_lengths == (1, 2) * 8
    assert (config.conv_filter_length, config.conv_num_filters_start) == (16, 32)
    assert (config.learning_rate, config.batch_size, config.conv_dropout) == (1e-3, 32, 0.2)
    assert config.samples_per_segment == 256
    assert [config.filters(block) for block in (0, 3, 4, 15)] == [32, 32, 64, 256]


def test_receptive_field_of_the_reference() -> None:
    low, high = NetworkConfig().receptive_field
    assert high - low + 1 == 19141
    assert NetworkConfig().context_segments == 39


def test_filters_within_their_strides_need_no_context() -> None:
    plain = NetworkConfig(is_regular_conv=True, conv_subsample_lengths=(4, 2), conv_filter_length=2)
    assert plain.context_segments == 0


def test_round_trip(tmp_path: Path) -> None:
    config = TrainConfig(train="a", dev="b", conv_subsample_lengths=(3, 1), seed=7)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config.to_dict()))
    assert TrainConfig.load(path) == config


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("conv_subsample_lengths", [], "a list of strides"),
        ("conv_subsample_lengths", 2, "a list of strides"),
        ("conv_subsample_lengths", [1, 0], "an integer from 1"),
        ("conv_subsample_lengths", [1, 2.0], "an integer from 1"),
        ("conv_filter_length", 0, "an integer from 1"),
        ("conv_filter_length", "16", "an integer from 1"),
        ("conv_num_filters_start", True, "an integer from 1"),
        ("conv_num_skip", 0, "an integer from 1"),
        ("conv_increase_channels_at", 0, "an integer from 1"),
        ("conv_init", "zeros", "he_normal"),
        ("conv_activation", "elu", 'only "relu"'),
        ("conv_dropout", 1.0, "0 <= p < 1"),
        ("conv_dropout", None, "0 <= p < 1"),
        ("is_regular_conv", 1, "false, true"),
        ("learning_rate", 0, "a positive number"),
        ("learning_rate", float("nan"), "a positive number"),
        ("batch_size", -1, "an integer from 1"),
        ("max_epochs", 1.5, "an integer from 1"),
        ("seed", -1, "an integer from 0"),
        ("sampling_rate", float("inf"), "a positive number"),
        ("tensorboard", "yes", "false, true"),
        ("save_dir", "", "a path"),
        ("crop_seconds", 0.8, "0, or at least a segment"),
        ("crop_seconds", -1, "0, or at least a segment"),
        ("conv_filters", [32], "one for each of the 16 blocks"),
        ("conv_filters", [16] * 16, "numbers that do not fall, from 32"),
        ("conv_filter_lengths", [3] * 15 + [0], "an integer from 1"),
        ("conv_stem_stride", 0, "an integer from 1"),
        ("conv_normalization", "between", '"before", "after"'),
        ("head_dropout", 1, "0 <= p < 1"),
        ("evidence", -1, "an integer from 0"),
        ("optimizer", "sgd", '"adam", "adamw"'),
        ("checkpoint", "first", '"best", "last"'),
        ("warmup_steps", 0.5, "an integer from 0"),
        ("band", [0.5], "the lowest and the highest frequency"),
        ("band", [40, 0.5], "0 < lowest < highest"),
        ("band", [0, 40], "0 < lowest < highest"),
        ("band", [150, 0], "lowest < 150 Hz"),
        ("scale", "global", '"fixed", "local"'),
        ("scale", "local", 'only "fixed" without a band'),
        ("gaps", 2, "0 <= x <= 1"),
        ("teacher", "answers.npz", "null without a record head"),
    ],
)
def test_impossible_value(tmp_path: Path, field: str, value: Any, accepted: str) -> None:
    with pytest.raises(ValueError, match=rf"{field} is .*; accepted is .*{accepted}") as caught:
        TrainConfig.load(write(tmp_path, **{field: value}))
    assert "config.json" in str(caught.value)


def test_too_wide_a_network(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"conv_increase_channels_at is 1; .*65536"):
        TrainConfig.load(write(tmp_path, conv_increase_channels_at=1))


def test_unknown_field_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown field 'conv_filter_len'.*'conv_filter_length'"):
        TrainConfig.load(write(tmp_path, conv_filter_len=16))
    with pytest.raises(ValueError, match=r"unknown field 'qqq'; known are .*batch_size"):
        TrainConfig.load(write(tmp_path, qqq=16))


def test_missing_field(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"dev": "dev.json"}')
    with pytest.raises(ValueError, match="missing field 'train'"):
        TrainConfig.load(path)


@pytest.mark.parametrize("text", ["", "{", "[1]", '"text"'])
def test_not_a_json_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"config\.json(: | is not JSON)"):
        TrainConfig.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        TrainConfig.load(tmp_path / "nowhere.json")


def test_shortest_crop_is_a_segment(tmp_path: Path) -> None:
    fields = {"crop_seconds": 0.128, "sampling_rate": 500, "conv_subsample_lengths": [8, 8]}
    assert TrainConfig.load(write(tmp_path, **fields)).crop_seconds == 0.128
