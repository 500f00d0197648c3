"""Peers on the data of configs/RESULTS.md for some minutes of the same cores, as `npm run bench -- medical` starts them:

  python medical.py nnunet|monai FOLDER MINUTES SIZE      FOLDER as that script writes it; prints one JSON line

FOLDER holds train.json and val.json, lists of { image, label, case }: .npy slices, float32 and uint8 with 255 ignored, and case, the slices of
which are one volume. Answers are for whole slices; Dice of every class but 0 in the mean of cases, mIoU of all pixels together.
"""
import json, os, sys, tempfile, time
from pathlib import Path

import numpy as np

PEER, FOLDER, MINUTES, SIZE = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
split = lambda name: json.loads((FOLDER / f"{name}.json").read_text())
load = lambda one: (np.load(FOLDER / one["image"]).astype(np.float32), np.load(FOLDER / one["label"]))
CLASSES = max(int(label[label != 255].max()) for _, label in map(load, split("train"))) + 1


def figures(answer):
    """answer(image) -> class of every pixel."""
    confusion, cases = np.zeros((CLASSES, CLASSES)), {}
    for one in split("val"):
        image, label = load(one)
        found = answer(image)
        known = label != 255
        counts = np.bincount(label[known].astype(int) * CLASSES + found[known].astype(int), minlength=CLASSES**2).reshape(CLASSES, CLASSES)
        confusion += counts
        cases[one["case"]] = cases.get(one["case"], 0) + counts
    diagonal, union = np.diag(confusion), confusion.sum(0) + confusion.sum(1) - np.diag(confusion)
    dice = lambda c: 2 * np.diag(c)[1:] / np.maximum(1, (c.sum(0) + c.sum(1))[1:])
    return {"mIoU": float((diagonal / union).mean()), "dicePerCase": np.mean([dice(c) for c in cases.values()], 0).tolist()}


def monai():
    """MONAI's U-Net as its tutorials train it: random crops, flips and turns, Dice + cross-entropy, Adam 1e-3, sliding windows."""
    import torch
    from monai.inferers import sliding_window_inference
    from monai.losses import DiceCELoss
    from monai.networks.nets import UNet
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    scaled = lambda image: (image - image.mean()) / max(image.std(), 1e-8)
    pad = lambda a: np.pad(a, [(0, max(0, SIZE - a.shape[0])), (0, max(0, SIZE - a.shape[1]))])
    data = [(pad(scaled(image)), pad(label)) for image, label in map(load, split("train"))]
    net = UNet(spatial_dims=2, in_channels=1, out_channels=CLASSES, channels=(32, 64, 128, 256, 512), strides=(2, 2, 2, 2), num_res_units=2)
    optimizer, loss = torch.optim.Adam(net.parameters(), 1e-3), DiceCELoss(to_onehot_y=True, softmax=True)
    started, steps = time.time(), 0
    while time.time() - started < MINUTES * 60:
        crops = []
        for i in rng.integers(len(data), size=8):
            image, label = data[i]
            y, x = (rng.integers(side - SIZE + 1) for side in image.shape)
            turned = [np.rot90(a[y : y + SIZE, x : x + SIZE], k := int(rng.integers(4))) for a in (image, label)]
            crops.append([np.flip(a, 0) for a in turned] if rng.random() < 0.5 else turned)
        images, labels = (torch.from_numpy(np.stack([c[i] for c in crops])[:, None].copy()) for i in (0, 1))
        labels = torch.where(labels == 255, 0, labels)
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()
        steps += 1
    net.eval()

    def answer(image):
        with torch.no_grad():
            input = torch.from_numpy(scaled(image))[None, None]
            return sliding_window_inference(input, (SIZE, SIZE), 4, net, overlap=0.5, mode="gaussian")[0].argmax(0).numpy()
    return {"peer": "monai UNet", "steps": steps, **figures(answer)}


def nnunet():
    """nnU-Net's own plan, 2-D, with its own trainer; its learning rate falls over as many iterations as the minutes hold, measured on the first."""
    root = tempfile.mkdtemp()
    for name in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        os.environ[name] = str(Path(root) / name)
        os.makedirs(os.environ[name])
    os.environ["nnUNet_n_proc_DA"] = "1"
    os.environ["nnUNet_compile"] = "f"
    import nibabel, torch
    from nnunetv2.experiment_planning.plan_and_preprocess_api import extract_fingerprint_dataset, plan_experiment_dataset, preprocess_dataset
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.dataset_name_id_conversion import convert_id_to_dataset_name
    raw = Path(os.environ["nnUNet_raw"]) / "Dataset001_Bench"
    for part in ("imagesTr", "labelsTr"): (raw / part).mkdir(parents=True)
    save = lambda values, path: nibabel.save(nibabel.Nifti1Image(values.T[..., None], np.diag([1, 1, 5, 1.0])), path)
    slices = {name: split(name) for name in ("train", "val")}
    hasIgnored = False
    for name, items in slices.items():
        for i, one in enumerate(items):
            image, label = load(one)
            hasIgnored |= bool((label == 255).any())
            save(image, raw / "imagesTr" / f"{name}{i:04d}_0000.nii.gz")
            save(np.where(label == 255, CLASSES, label).astype(np.uint8), raw / "labelsTr" / f"{name}{i:04d}.nii.gz")
    labels = {"background": 0, **{f"class{k}": k for k in range(1, CLASSES)}, **({"ignore": CLASSES} if hasIgnored else {})}
    count = sum(len(items) for items in slices.values())
    (raw / "dataset.json").write_text(json.dumps({"channel_names": {"0": "MR"}, "labels": labels, "numTraining": count, "file_ending": ".nii.gz"}))
    extract_fingerprint_dataset(1, num_processes=1)
    plan_experiment_dataset(1)
    preprocess_dataset(1, configurations=("2d",), num_processes=(1,))
    name = convert_id_to_dataset_name(1)
    prepared = Path(os.environ["nnUNet_preprocessed"]) / name
    keys = {part: [f"{part}{i:04d}" for i in range(len(items))] for part, items in slices.items()}
    (prepared / "splits_final.json").write_text(json.dumps([{"train": keys["train"], "val": keys["val"]}]))
    plans, dataset = (json.loads((prepared / file).read_text()) for file in ("nnUNetPlans.json", "dataset.json"))
    plans["continue_training"] = False
    torch.manual_seed(1)
    trainer = nnUNetTrainer(plans, "2d", 0, dataset, device=torch.device("cpu"))
    trainer.disable_checkpointing = True
    trainer.on_train_start()
    started, steps, rate = time.time(), 0, 1e-2
    trainer.network.train()
    while (spent := (time.time() - started) / (MINUTES * 60)) < 1:
        for group in trainer.optimizer.param_groups: group["lr"] = rate * (1 - spent) ** 0.9
        trainer.train_step(next(trainer.dataloader_train))
        steps += 1
    predictor = nnUNetPredictor(tile_step_size=0.5, use_gaussian=True, use_mirroring=False, device=torch.device("cpu"), perform_everything_on_device=False)
    mirrored = tuple(trainer.inference_allowed_mirroring_axes or ())
    predictor.manual_initialization(trainer.network, trainer.plans_manager, trainer.configuration_manager, [trainer.network.state_dict()], dataset, "nnUNetTrainer", mirrored)
    trainer.network.eval()
    trainer.set_deep_supervision_enabled(False)

    def answer(image):
        return predictor.predict_single_npy_array(image[None, None], {"spacing": [5, 1, 1]}, None, None, False)[0]
    found = figures(answer)
    trainer.dataloader_train._finish() if hasattr(trainer.dataloader_train, "_finish") else None
    return {"peer": "nnunetv2 2d", "steps": steps, "patch": [int(side) for side in trainer.configuration_manager.patch_size], **found}


if __name__ == "__main__":
    print(json.dumps({"minutes": MINUTES, **{"nnunet": nnunet, "monai": monai}[PEER]()}))
    sys.stdout.flush()
    os._exit(0)  # nnU-Net's loaders stay
