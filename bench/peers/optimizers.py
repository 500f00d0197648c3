"""Ten steps of PyTorch's and timm's optimizers, and rates of their schedules: optimizers.py > test/golden/training/peers.json.
Everything in float64. TensorFlow 1's RMSProp is timm's RMSpropTF; LAMB is timm's without its own clipping."""
import json
import random

import timm
import torch
from timm.optim import Lamb, Lion, RMSpropTF
from timm.scheduler import CosineLRScheduler, PolyLRScheduler

STEPS = 10
SHAPES = {"weight": [4, 3], "bias": [3]}
random.seed(5)
draw = lambda shape: (torch.tensor([random.gauss(0, 1) for _ in range(torch.Size(shape).numel())], dtype=torch.float32)
                      .to(torch.float64).reshape(shape))
start = {name: draw(shape) for name, shape in SHAPES.items()}
gradients = [{name: draw(shape) for name, shape in SHAPES.items()} for _ in range(STEPS)]
rates = [0.01 * (step + 1) for step in range(STEPS)]

CASES = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9),
    "sgd nesterov": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True),
    "adamw": lambda groups: torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.999), eps=1e-8),
    "rmsprop": lambda groups: RMSpropTF(groups, lr=0.1, alpha=0.9, eps=1e-3, momentum=0.9),
    "lamb": lambda groups: Lamb(groups, lr=0.1, betas=(0.9, 0.999), eps=1e-6, max_grad_norm=None),
    "lion": lambda groups: Lion(groups, lr=0.1, betas=(0.9, 0.99)),
}


def run(create):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    groups = [{"params": [parameters["weight"]], "weight_decay": 0.05}, {"params": [parameters["bias"]], "weight_decay": 0.0}]
    optimizer = create(groups)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        for name, parameter in parameters.items():
            parameter.grad = gradients[step][name].clone()
        optimizer.step()
    return {name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()}


def scheduled(create, steps, timm_like=False):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    scheduler = create(optimizer)
    values = []
    for step in range(steps):
        if timm_like:
            scheduler.step_update(step)
        values.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if not timm_like:
            scheduler.step()
    return values


def plateau(metrics):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.8)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=2, threshold=0, threshold_mode="abs")
    values = []
    for metric in metrics:
        scheduler.step(metric)
        values.append(optimizer.param_groups[0]["lr"] / 0.8)
    return values


METRICS = [0.1, 0.2, 0.2, 0.19, 0.2, 0.21, 0.1, 0.1, 0.1, 0.1, 0.1, 0.3]
lr = torch.optim.lr_scheduler
print(json.dumps({
    "made_with": f"torch {torch.__version__}, timm {timm.__version__}, by bench/peers/optimizers.py",
    "start": {name: value.flatten().tolist() for name, value in start.items()},
    "gradients": [{name: value.flatten().tolist() for name, value in step.items()} for step in gradients],
    "rates": rates,
    "weight_decay": 0.05,
    "optimizers": {name: run(create) for name, create in CASES.items()},
    "schedules": {
        "one-cycle": scheduled(lambda o: lr.OneCycleLR(o, max_lr=0.8, total_steps=20, cycle_momentum=False), 20),
        "poly": scheduled(lambda o: lr.PolynomialLR(o, total_iters=20, power=0.9), 20),
        "exponential": scheduled(lambda o: lr.StepLR(o, step_size=6, gamma=0.97), 20),
        "cosine": scheduled(lambda o: CosineLRScheduler(o, t_initial=20, lr_min=0.08, t_in_epochs=False), 20, timm_like=True),
        "poly of timm": scheduled(lambda o: PolyLRScheduler(o, t_initial=20, power=0.5, lr_min=0.08, t_in_epochs=False), 20, timm_like=True),
    },
    "plateau": {"metrics": METRICS, "factors": plateau(METRICS)},
}))
