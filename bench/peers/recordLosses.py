"""Records losses of class maps by segmentation_models_pytorch, MONAI and PyTorch: test/golden/heads/semanticLosses.json.gz.

python3 -m venv V && V/bin/pip install monai segmentation-models-pytorch scipy && V/bin/python bench/peers/recordLosses.py

Values and gradients by float64 on logits [N, K, H, W]. The boundary loss is written here as its authors state it, with
scipy's distances; its zero lies between pixels.
"""

import gzip
import json
from pathlib import Path

import monai
import numpy as np
import scipy
import segmentation_models_pytorch as smp
import torch
from monai.losses import DiceLoss, TverskyLoss
from scipy.ndimage import distance_transform_edt

OUT = Path(__file__).parents[2] / "test/golden/heads/semanticLosses.json.gz"
IGNORED = 255
generator = torch.Generator().manual_seed(20261130)
entries = []


def batch(n, k, h, w, ignored=0.0, absent=None):
    logits = torch.round(torch.randn(n, k, h, w, generator=generator, dtype=torch.float64) * 2, decimals=2)
    labels = torch.randint(0, k, (n, h, w), generator=generator)
    if absent is not None:
        labels[labels == absent] = 0
    labels[torch.rand(n, h, w, generator=generator) < ignored] = IGNORED
    return logits, labels


def record(name, lib, logits, labels, args, loss):
    logits = logits.detach().to(torch.float32).to(torch.float64).requires_grad_()
    value = loss(logits, labels)
    value.backward()
    rounded = lambda tensor, digits: [round(v, digits) for v in tensor.detach().flatten().tolist()]
    entries.append({
        "name": name, "lib": lib, "args": args, "shape": list(logits.shape), "labels": labels.flatten().tolist(),
        "logits": rounded(logits, 2), "value": float(value.detach()), "gradient": rounded(logits.grad, 8),
    })


def one_hot(labels, k):
    return torch.nn.functional.one_hot(labels, k).permute(0, 3, 1, 2).double()


def boundary(logits, labels):
    k = logits.shape[1]
    maps = np.zeros(logits.shape)
    for i, image in enumerate(labels.numpy()):
        for c in range(k):
            inside = image == c
            if inside.any() and not inside.all():
                maps[i, c] = np.where(inside, 0.5 - distance_transform_edt(inside), distance_transform_edt(~inside) - 0.5)
    labelled = (labels != IGNORED)[:, None]
    return (logits.softmax(1) * torch.from_numpy(maps) * labelled).sum() / labelled.sum()


def topk(logits, labels, share):
    each = torch.nn.functional.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="none").flatten(1)
    count = int(np.ceil(share * each.shape[1]))
    return each.topk(count, 1).values.mean()


for shape, ignored, absent in [((2, 4, 5, 6), 0, None), ((2, 3, 6, 5), 0.2, None), ((3, 3, 4, 4), 0.1, 2)]:
    for alpha, beta in [(0.3, 0.7), (0.5, 0.5)]:
        for smooth in [0.0, 1.0]:
            logits, labels = batch(*shape, ignored, absent)
            tversky = smp.losses.TverskyLoss("multiclass", alpha=alpha, beta=beta, smooth=smooth, ignore_index=IGNORED)
            args = {"alpha": alpha, "beta": beta, "smooth": smooth, "over": "batch"}
            record("tversky", "smp", logits, labels, args, tversky)
    for per_image in [False, True]:
        logits, labels = batch(*shape, ignored, absent)
        lovasz = smp.losses.LovaszLoss("multiclass", per_image=per_image, ignore_index=IGNORED)  # float32 alone
        record("lovasz", "smp", logits, labels, {"over": "sample" if per_image else "batch"}, lambda x, y: lovasz(x.float(), y).double())
    logits, labels = batch(*shape, ignored, absent)
    record("boundary", "scipy", logits, labels, {}, boundary)

for background in [True, False]:
    for smooth in [0.0, 1.0]:
        for whole in [False, True]:
            logits, labels = batch(2, 3, 6, 7)
            over = {"include_background": background, "softmax": True, "to_onehot_y": True, "batch": whole}
            args = {"smooth": smooth, "over": "batch" if whole else "sample", "background": background}
            dice = DiceLoss(smooth_nr=2 * smooth, smooth_dr=2 * smooth, **over)
            record("dice", "MONAI", logits, labels, args, lambda x, y: dice(x, y[:, None]))
            tversky = TverskyLoss(alpha=0.2, beta=0.9, smooth_nr=smooth, smooth_dr=smooth, **over)
            record("tversky", "MONAI", logits, labels, {"alpha": 0.2, "beta": 0.9, **args}, lambda x, y: tversky(x, y[:, None]))

for share in [0.1, 0.5, 1.0]:
    logits, labels = batch(2, 4, 6, 5)
    record("hardest", "torch", logits, labels, {"share": share}, lambda x, y: topk(x, y, share))

lib = f"segmentation_models_pytorch {smp.__version__}, MONAI {monai.__version__}, torch {torch.__version__}, scipy {scipy.__version__}"
OUT.write_bytes(gzip.compress(json.dumps({"lib": lib, "entries": entries}, separators=(",", ":")).encode(), mtime=0))
print(lib, len(entries), "entries", OUT.stat().st_size, "bytes")
