"""Plans of nnU-Net for five drawn data sets: python bench/peers/recordPlans.py OUT.json

pip install nnunetv2==2.8.1 nibabel. A voxel is 1 + (7 x + 13 y + 29 z + 31 channel) mod 251 inside the box of its case and 0 outside; class k
is the box of the case moved in by k voxels in every direction (classes of more than one slice: by k // 2 slices).
"""
import json, os, sys, tempfile
from importlib.metadata import version

ROOT = tempfile.mkdtemp()
for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[name] = os.path.join(ROOT, name)
    os.makedirs(os.environ[name])

import nibabel
import numpy as np
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner


def case(shape, spacing, box):
    """Slices, rows, columns; millimetres; first and last voxel of what is not zero."""
    return {"shape": shape, "spacing": spacing, "box": box}


WHOLE = lambda shape: [[0, side - 1] for side in shape]
SETS = [
    {"channels": ["T2"], "classes": 1, "cases": [case(s, [5, 1, 1], WHOLE(s)) for s in ([4, 512, 512], [3, 512, 500], [4, 500, 512])]},
    {"channels": ["T2"], "classes": 2, "cases": [case([40, 128, 112], [3, 0.5, 0.75], WHOLE([40, 128, 112])) for _ in range(8)]},
    {
        "channels": ["T1", "FLAIR"],
        "classes": 1,
        "cases": [
            case([10, 200, 180], [4, 0.8, 0.8], [[1, 8], [20, 150], [30, 150]]),
            case([12, 240, 210], [4, 0.7, 0.7], [[0, 11], [30, 201], [20, 160]]),
            case([11, 190, 190], [4.5, 0.9, 0.9], [[2, 9], [10, 140], [25, 160]]),
            case([14, 256, 256], [3.5, 0.6, 0.65], [[0, 13], [50, 220], [60, 219]]),
        ],
    },
    {"channels": ["CT"], "classes": 3, "cases": [case([1, 1024, 1300], [1, 0.1, 0.1], WHOLE([1, 1024, 1300])) for _ in range(3)]},
    {
        "channels": ["CT"],
        "classes": 4,
        "cases": [case(s, [z, 0.9, 0.85], WHOLE(s)) for s, z in (([12, 320, 300], 10), ([20, 310, 320], 5), ([16, 320, 320], 6), ([14, 300, 310], 8), ([12, 320, 320], 10))],
    },
]


def draw(folder, number, one, channels, classes):
    z, y, x = np.meshgrid(*(np.arange(side) for side in one["shape"]), indexing="ij")
    inside = np.ones(one["shape"], bool)
    for at, (low, high) in zip((z, y, x), one["box"]):
        inside &= (at >= low) & (at <= high)
    affine = np.diag([one["spacing"][2], one["spacing"][1], one["spacing"][0], 1.0])
    save = lambda values, path: nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0).astype(np.int16), affine), path)
    for channel in range(channels):
        values = np.where(inside, 1 + (7 * x + 13 * y + 29 * z + 31 * channel) % 251, 0)
        save(values, f"{folder}/imagesTr/case{number}_{channel:04d}.nii.gz")
    label = np.zeros(one["shape"])
    for k in range(1, classes + 1):
        part = np.ones(one["shape"], bool)
        for axis, (at, (low, high)) in enumerate(zip((z, y, x), one["box"])):
            step = k // 2 if axis == 0 and high - low > 4 else 0 if axis == 0 else 10 * k
            part &= (at >= low + step) & (at <= high - step)
        label[part] = k
    save(label, f"{folder}/labelsTr/case{number}.nii.gz")


def record(number, drawn):
    name = f"Dataset{number:03d}_Drawn"
    folder = f"{os.environ['nnUNet_raw']}/{name}"
    os.makedirs(f"{folder}/imagesTr")
    os.makedirs(f"{folder}/labelsTr")
    labels = {"background": 0, **{f"class{k}": k for k in range(1, drawn["classes"] + 1)}}
    channels = {str(i): text for i, text in enumerate(drawn["channels"])}
    with open(f"{folder}/dataset.json", "w") as file:
        json.dump({"channel_names": channels, "labels": labels, "numTraining": len(drawn["cases"]), "file_ending": ".nii.gz"}, file)
    for i, one in enumerate(drawn["cases"]):
        draw(folder, i, one, len(channels), drawn["classes"])
    fingerprint = DatasetFingerprintExtractor(name, 1).run(True)
    plans = ExperimentPlanner(name).plan_experiment()
    flat = plans["configurations"]["2d"]
    return {
        **drawn,
        "fingerprint": {
            "shapes": [[int(side) for side in shape] for shape in fingerprint["shapes_after_crop"]],
            "relativeSize": float(fingerprint["median_relative_size_after_cropping"]),
            "intensities": list(fingerprint["foreground_intensity_properties_per_channel"].values()),
        },
        "plan": {
            "spacing": [float(value) for value in flat["spacing"]],
            "medianShape": [float(value) for value in flat["median_image_size_in_voxels"]],
            "patch": [int(value) for value in flat["patch_size"]],
            "batch": int(flat["batch_size"]),
            "stages": flat["architecture"]["arch_kwargs"]["n_stages"],
            "strides": [[int(value) for value in one] for one in flat["architecture"]["arch_kwargs"]["strides"]],
            "normalization": flat["normalization_schemes"],
            "masked": flat["use_mask_for_norm"],
            "batchDice": flat["batch_dice"],
        },
    }


if __name__ == "__main__":
    sets = [record(i + 1, drawn) for i, drawn in enumerate(SETS)]
    with open(sys.argv[1], "w") as file:
        json.dump({"source": f"nnunetv2 {version('nnunetv2')}, bench/peers/recordPlans.py", "sets": sets}, file, indent=1)
        file.write("\n")
