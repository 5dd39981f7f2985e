"""What each rhythm feature is worth beside the network: log loss out of fold without it.

For example::

    python tools/feature_ablation.py data/train.json data/dev.json --out-of-fold out-of-fold.npz

Boosted trees learn from the features, multinomial regression weighs their answers and the
network's, each on the records of the other folds, as ``ecgrt-calibrate --out-of-fold`` does it but
for the layer that learns from the trees. Then all is done again without a group of features,
and without each feature. Differences are paired, record by record; a positive one is what is lost.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from ecgrt import _core
from ecgrt._progress import track
from ecgrt.calibration.measures import Array, Floats
from ecgrt.calibration.record_fit import centred, mix
from ecgrt.calibration.rhythm_net import TREE_FEATURES, TREES
from ecgrt.calibration.scaling import softmax
from ecgrt.challenge.scoring import CLASSES
from ecgrt.records.manifest import read_manifest

GROUPS = {
    "rate": "rate_median rate_p10 rate_p90 rate_min slow fast",
    "irregularity": "sdnn rmssd step_median step_tenth cosen rr_entropy af_evidence lorenz_bins "
    "rr_memory",
    "early and late beats": "premature compensated shortest longest odd_premature "
    "alike_premature alike_step",
    "QRS": "qrs_odd beat_match residual qrs_width qrs_width_p90 wide amplitude_spread",
    "P wave": "p_height p_place p_match p_jitter p_residual",
    "noise": "covered band_low band_mid band_high crest noisy_seconds",
}


def answer(network: Floats, features: Array, labels: Array, folds: Array) -> Floats:
    """Return each record's log loss, (N,), by what was fitted to the other folds."""
    rhythm = np.empty(network.shape)
    for fold in np.unique(folds):
        inside = folds == fold
        trees = HistGradientBoostingClassifier(
            **TREES, max_features=TREE_FEATURES, random_state=0
        ).fit(features[~inside], labels[~inside])
        rhythm[inside] = centred(trees.predict_proba(features[inside]))
    losses = np.empty(len(labels))
    for fold in np.unique(folds):
        inside = folds == fold
        mixture = mix(network[~inside], rhythm[~inside], labels[~inside])
        p = softmax(mixture.logits(network[inside], rhythm[inside]))
        losses[inside] = -np.log(p[np.arange(len(p)), labels[inside]])
    return losses


def lost(without: Floats, whole: Floats) -> str:
    difference = without - whole
    error = difference.std() / np.sqrt(len(difference))
    return f"{difference.mean():+.4f} ± {1.96 * error:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifests", type=Path, nargs="+")
    parser.add_argument("--out-of-fold", type=Path, required=True)
    parser.add_argument("--each", action="store_true", help="each feature, beside the groups")
    args = parser.parse_args()
    with np.load(args.out_of_fold) as kept:
        places = {str(name): i for i, name in enumerate(kept["names"])}
        folds, labels, network = kept["folds"], kept["labels"], centred(kept["probabilities"])
    features = np.full((len(places), len(_core.rhythm_feature_names())), np.nan)
    for manifest in args.manifests:
        for item in track(read_manifest(manifest, CLASSES), desc=manifest.name):
            record = item.record
            features[places[record.name]] = _core.rhythm_features(record.signal, record.fs or 300)
    if np.isnan(features).any():
        raise SystemExit("the manifests lack records that were answered out of fold")
    names = _core.rhythm_feature_names()
    whole = answer(network, features, labels, folds)
    alone = -np.log(softmax(network)[np.arange(len(labels)), labels])
    print(f"{len(labels)} records, log loss with all {len(names)} features {whole.mean():.4f}")
    print(f"| without | log loss lost |\n|---|---|\n| any | {lost(alone, whole)} |")
    parts = {name: group.split() for name, group in GROUPS.items()}
    if args.each:
        parts |= {f"`{name}`": [name] for name in names}
    for name, group in parts.items():
        kept_features = [i for i, feature in enumerate(names) if feature not in group]
        without = answer(network, features[:, kept_features], labels, folds)
        print(f"| {name} | {lost(without, whole)} |", flush=True)


if __name__ == "__main__":
    main()
