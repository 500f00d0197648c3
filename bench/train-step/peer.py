"""One case in PyTorch: MODEL PIXELS BATCH STEPS MODE -> {"median": ms, "rss": MiB, "first": ms}.

Forward, loss, backward, AdamW; MODE torch-compile compiles the network and its loss.
"""
import sys
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1] / "peers"))
from timing import report

model_name, pixels, batch, steps, mode = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
torch.manual_seed(0)
images = torch.randn(batch, 3, pixels, pixels).to(memory_format=torch.channels_last)

if model_name.startswith("efficientdet"):
    from effdet import DetBenchTrain, EfficientDet, get_efficientdet_config

    config = get_efficientdet_config("tf_" + model_name.replace("-", "_"))
    config.image_size = (pixels, pixels)
    network = DetBenchTrain(EfficientDet(config, pretrained_backbone=False), create_labeler=True)
    low = torch.arange(13).float()[:, None] * 20
    boxes = torch.cat([low, low, low + 40, low + 40], 1)
    target = {
        "bbox": boxes.repeat(batch, 1, 1),
        "cls": (torch.arange(13) % 3 + 1).float().repeat(batch, 1),
        "img_size": torch.full((batch, 2), float(pixels)),
        "img_scale": torch.ones(batch),
    }
    loss_of = lambda: network(images, target)["loss"]
else:
    import timm

    network = timm.create_model("tf_" + model_name.replace("-", "_"))
    labels = torch.arange(batch) * 7
    loss_of = lambda: torch.nn.functional.cross_entropy(network(images), labels)

network = network.to(memory_format=torch.channels_last).train()
if mode == "torch-compile":
    loss_of = torch.compile(loss_of)
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.01)


def train():
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of()
    loss.backward()
    optimizer.step()
    loss.item()


report(train, steps)
