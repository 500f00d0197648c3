"""nnU-Net's 2-D configuration on a CPU, one case of a folder left out: python bench/peers/nnunet.py DATA HELD STEPS [BATCH]

pip install nnunetv2==2.8.1 nibabel. DATA holds NAME.nii.gz with NAME_seg*.nii.gz for the names t1w, t2 and t2s (the spinal cords of
PROVENANCE.md); HELD is left out. Its own plan, fingerprint, preprocessing, augmentation, loss and schedule over STEPS iterations; BATCH replaces
the planned 2. Prints seconds of training, Dice and HD95 in millimetres of the held-out volume; answers with and without mirroring.
"""
import json, os, shutil, sys, tempfile, time

DATA, HELD, STEPS = sys.argv[1], sys.argv[2], int(sys.argv[3])
BATCH = int(sys.argv[4]) if len(sys.argv) > 4 else None
ROOT = tempfile.mkdtemp()
for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
    os.environ[name] = os.path.join(ROOT, name)
    os.makedirs(os.environ[name])
os.environ["nnUNet_n_proc_DA"] = "0"
os.environ["nnUNet_compile"] = "f"

import nibabel
import numpy as np
import torch
from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprints, plan_experiments, preprocess
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
from scipy.ndimage import binary_erosion, distance_transform_edt, generate_binary_structure

MASKS = {"t1w": "t1w_seg-manual", "t2": "t2_seg-manual", "t2s": "t2s_seg"}
NAME = "Dataset010_Cord"


def prepare():
    folder = f"{os.environ['nnUNet_raw']}/{NAME}"
    for part in ("imagesTr", "labelsTr", "held"):
        os.makedirs(f"{folder}/{part}")
    names = [name for name in MASKS if name != HELD]
    for name in names:
        shutil.copy(f"{DATA}/{name}.nii.gz", f"{folder}/imagesTr/{name}_0000.nii.gz")
        mask = nibabel.load(f"{DATA}/{MASKS[name]}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(np.asarray(mask.dataobj).astype(np.uint8), nibabel.load(f"{DATA}/{name}.nii.gz").affine), f"{folder}/labelsTr/{name}.nii.gz")
    shutil.copy(f"{DATA}/{HELD}.nii.gz", f"{folder}/held/{HELD}_0000.nii.gz")
    with open(f"{folder}/dataset.json", "w") as file:
        json.dump({"channel_names": {"0": "MRI"}, "labels": {"background": 0, "cord": 1}, "numTraining": len(names), "file_ending": ".nii.gz"}, file)
    return folder


def hd95(a, b, spacing):
    edges = [mask & ~binary_erosion(mask, generate_binary_structure(3, 1)) for mask in (a, b)]
    ways = [distance_transform_edt(~edges[1 - i], sampling=spacing)[edges[i]] for i in (0, 1)]
    return max(np.percentile(way, 95) for way in ways)


def main():
    torch.set_num_threads(2)
    torch.manual_seed(1)
    np.random.seed(1)
    folder = prepare()
    extract_fingerprints([10], num_processes=1)
    plan_experiments([10])
    preprocess([10], configurations=("2d",), num_processes=(1,))
    base = f"{os.environ['nnUNet_preprocessed']}/{NAME}"
    plans = json.load(open(f"{base}/nnUNetPlans.json"))
    if BATCH:
        plans["configurations"]["2d"]["batch_size"] = BATCH
    trainer = nnUNetTrainer(plans, "2d", "all", json.load(open(f"{base}/dataset.json")), device=torch.device("cpu"))
    trainer.num_epochs = 10
    trainer.num_iterations_per_epoch = STEPS // 10
    trainer.num_val_iterations_per_epoch = 1
    began = time.time()
    trainer.run_training()
    seconds = time.time() - began
    truth = np.asarray(nibabel.load(f"{DATA}/{MASKS[HELD]}.nii.gz").dataobj) > 0
    spacing = nibabel.load(f"{DATA}/{HELD}.nii.gz").header.get_zooms()[:3]
    figures = {}
    for mirroring in (True, False):
        predictor = nnUNetPredictor(use_mirroring=mirroring, device=torch.device("cpu"), perform_everything_on_device=False)
        predictor.initialize_from_trained_model_folder(trainer.output_folder_base, ("all",), "checkpoint_final.pth")
        predictor.predict_from_files_sequential(f"{folder}/held", f"{ROOT}/out", save_probabilities=False, overwrite=True)
        answer = np.asarray(nibabel.load(f"{ROOT}/out/{HELD}.nii.gz").dataobj) > 0
        dice = 2 * (answer & truth).sum() / max(1, answer.sum() + truth.sum())
        figures["mirrored" if mirroring else "plain"] = {"dice": float(dice), "hd95": float(hd95(answer, truth, spacing)) if answer.any() else None}
    batch, patch = (plans["configurations"]["2d"][key] for key in ("batch_size", "patch_size"))
    print("RESULT", json.dumps({"held": HELD, "steps": STEPS, "batch": batch, "patch": [int(side) for side in patch], "seconds": round(seconds), **figures}))
    shutil.rmtree(ROOT, ignore_errors=True)


if __name__ == "__main__":
    main()
