"""Records figures of 200 pairs of masks by scipy, SimpleITK and MONAI: test/golden/evaluators/regions.json.gz.

python3 -m venv V && V/bin/pip install scipy SimpleITK monai && V/bin/python bench/peers/recordRegions.py

What two of the libraries give is compared before it is written. Surfaces are MONAI's: the voxels that an erosion by the
cross of faces takes away.
"""

import base64
import gzip
import json
import platform
from pathlib import Path

import monai
import numpy as np
import scipy
import SimpleITK as sitk
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice
from scipy import ndimage

OUT = Path(__file__).parents[2] / "test/golden/evaluators/regions.json.gz"
random = np.random.default_rng(20261130)


def blobs(shape, sigma, share):
    noise = ndimage.gaussian_filter(random.standard_normal(shape), sigma)
    return noise > np.quantile(noise, 1 - share)


def pair(index):
    flat = index % 2 == 0
    low, high = ((9, 9), (40, 44)) if flat else ((3, 8, 8), (9, 22, 24))
    shape = tuple(int(random.integers(a, b)) for a, b in zip(low, high))
    spacing = tuple(round(float(random.uniform(0.3, 4)), 3) for _ in shape)
    truth = blobs(shape, random.uniform(0.6, 2.5), random.uniform(0.02, 0.5))
    answer = blobs(shape, random.uniform(0.6, 2.5), random.uniform(0.02, 0.5))
    if index % 3:  # an answer that resembles the truth
        answer = truth ^ (blobs(shape, 0.8, 0.06))
    if index % 25 == 7:
        truth = np.zeros(shape, bool)
    if index % 25 in (7, 11) and index % 50 != 7:
        answer = np.zeros(shape, bool)
    if index % 50 == 20:
        truth = np.ones(shape, bool)
    return shape, spacing, truth, answer


def itk(mask, spacing):
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing[::-1])
    return image


def distances(mask, spacing):
    """To the mask, by scipy, checked against SimpleITK's exact map."""
    found = ndimage.distance_transform_edt(~mask, sampling=spacing)
    other = sitk.GetArrayFromImage(
        sitk.SignedMaurerDistanceMap(itk(mask, spacing), squaredDistance=False, useImageSpacing=True)
    )
    assert np.abs(np.where(mask, 0, found - other)).max() < 1e-4  # float32, and signed: the inside is negative
    return found


def components(mask, structure, fully):
    labels, count = ndimage.label(mask, structure)
    filter_ = sitk.ConnectedComponentImageFilter()
    filter_.SetFullyConnected(fully)
    filter_.Execute(itk(mask, (1,) * mask.ndim))
    assert filter_.GetObjectCount() == count
    return labels, count


def overlap(truth, answer):
    filter_ = sitk.LabelOverlapMeasuresImageFilter()
    filter_.Execute(itk(truth, (1,) * truth.ndim), itk(answer, (1,) * truth.ndim))
    return filter_.GetDiceCoefficient(), filter_.GetJaccardCoefficient()


def lesions(truth, answer, structure):
    def met(mask, other):
        labels, count = ndimage.label(mask, structure)
        return count, len(np.unique(labels[mask & other]))

    (total, found), (answers, right) = met(truth, answer), met(answer, truth)
    return [total, found, answers, right]


def surfaces(truth, answer, spacing, tolerance):
    y, p = (torch.from_numpy(mask[None, None].astype(np.float64)) for mask in (truth, answer))
    shared = {"include_background": True, "spacing": list(spacing)}
    value = lambda tensor: float(tensor.numpy().ravel()[0])
    found = {
        "hausdorff": value(compute_hausdorff_distance(p, y, **shared)),
        "hausdorff95": value(compute_hausdorff_distance(p, y, percentile=95, **shared)),
        "average": value(compute_average_surface_distance(p, y, symmetric=True, **shared)),
        "surfaceDice": value(compute_surface_dice(p, y, [tolerance], **shared)),
    }
    cross = ndimage.generate_binary_structure(truth.ndim, 1)
    edges = [mask ^ ndimage.binary_erosion(mask, cross) for mask in (truth, answer)]
    to_answer = ndimage.distance_transform_edt(~edges[1], sampling=spacing)[edges[0]]
    to_truth = ndimage.distance_transform_edt(~edges[0], sampling=spacing)[edges[1]]
    both = np.concatenate([to_answer, to_truth])
    mine = {
        "hausdorff": max(to_answer.max(), to_truth.max()),
        "hausdorff95": max(np.percentile(to_answer, 95), np.percentile(to_truth, 95)),
        "average": both.mean(),
        "surfaceDice": (both <= tolerance).mean(),
    }
    gaps = {name: abs(found[name] - mine[name]) for name in mine}
    worst.update({name: max(gap, worst.get(name, 0)) for name, gap in gaps.items()})
    return {name: round(float(value), 10) for name, value in mine.items()}


def packed(mask):
    return base64.b64encode(np.packbits(mask.ravel()).tobytes()).decode()


worst = {}
entries = []
for index in range(200):
    shape, spacing, truth, answer = pair(index)
    faces, full = (ndimage.generate_binary_structure(truth.ndim, rank) for rank in (1, truth.ndim))
    tolerance = round(float(random.uniform(0.5, 4)), 3)
    entry = {"shape": shape, "spacing": spacing, "tolerance": tolerance, "truth": packed(truth), "answer": packed(answer)}
    if truth.any():
        map_ = distances(truth, spacing)
        at = random.integers(0, map_.size, 8)
        entry["distances"] = [[int(i), round(float(map_.ravel()[i]), 10)] for i in at]
        entry["distanceSum"] = round(float(map_.sum()), 8)
    if truth.any() and answer.any():
        entry["dice"], entry["iou"] = (round(value, 10) for value in overlap(truth, answer))
        entry["surfaces"] = surfaces(truth, answer, spacing, tolerance)
    labels, count = components(truth, full, True)
    entry["components"] = [components(truth, faces, False)[1], count]
    entry["sizes"] = np.bincount(labels.ravel(), minlength=count + 1)[1:].tolist()
    entry["lesions"] = lesions(truth, answer, full)
    entries.append(entry)

versions = f"scipy {scipy.__version__}, SimpleITK {sitk.Version().VersionString()}, MONAI {monai.__version__}"
note = f"python {platform.python_version()}, numpy {np.__version__}, torch {torch.__version__}; masks: packed bits, base64"
assert max(worst.values()) < 2e-5, worst  # MONAI measures in float32
print(versions, "largest gap of MONAI to scipy:", worst, sum("surfaces" in e for e in entries), "with both masks")
text = json.dumps({"lib": versions, "note": note, "entries": entries}, separators=(",", ":"))
OUT.write_bytes(gzip.compress(text.encode(), mtime=0))
print(OUT, OUT.stat().st_size, "bytes")
