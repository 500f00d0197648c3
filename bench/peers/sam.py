"""Ten steps of sharpness-aware minimisation over PyTorch's SGD and AdamW: sam.py > test/golden/training/sam.json.
Foret et al. 2021, algorithm 1, written out: float64, a softmax regression of twelve examples."""
import json
import random

import torch

STEPS, RADIUS, DECAY = 10, 0.05, 0.01
random.seed(7)
draw = lambda shape: (torch.tensor([random.gauss(0, 1) for _ in range(torch.Size(shape).numel())], dtype=torch.float32)
                      .to(torch.float64).reshape(shape))
start = {"weight": draw([4, 3]), "bias": draw([3])}
inputs = draw([12, 4])
classes = torch.tensor([random.randrange(3) for _ in range(12)])


def run(create):
    parameters = {name: torch.nn.Parameter(value.clone()) for name, value in start.items()}
    weight, bias = parameters["weight"], parameters["bias"]
    optimizer = create([{"params": [weight], "weight_decay": DECAY}, {"params": [bias], "weight_decay": 0.0}])
    losses = []

    def differentiate():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(inputs @ weight + bias, classes)
        loss.backward()
        return loss.item()

    for _ in range(STEPS):
        losses.append(differentiate())
        norm = torch.sqrt(weight.grad.square().sum() + bias.grad.square().sum())
        before = [parameter.detach().clone() for parameter in (weight, bias)]
        with torch.no_grad():
            for parameter in (weight, bias):
                parameter.add_(parameter.grad, alpha=RADIUS / norm.item())
        differentiate()
        with torch.no_grad():
            for parameter, value in zip((weight, bias), before):
                parameter.copy_(value)
        optimizer.step()
    return {"losses": losses, **{name: parameter.detach().flatten().tolist() for name, parameter in parameters.items()}}


print(json.dumps({
    "made_with": f"torch {torch.__version__}, by bench/peers/sam.py",
    "radius": RADIUS,
    "weight_decay": DECAY,
    "rate": 0.1,
    "start": {name: value.flatten().tolist() for name, value in start.items()},
    "inputs": inputs.tolist(),
    "classes": classes.tolist(),
    "optimizers": {
        "sgd": run(lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9)),
        "adamw": run(lambda groups: torch.optim.AdamW(groups, lr=0.1, betas=(0.9, 0.999), eps=1e-8)),
    },
}))
