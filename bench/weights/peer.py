"""One process: peer.py FILE -> seconds of loading and summing, sum, peak memory above the interpreter with the library, MB."""
import json
import sys
import time

import torch
from safetensors.torch import load_file


def peak(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field)) / 1000


path = sys.argv[1]
torch.ones(8).sum()  # threads and kernels are there before the clock runs
with open("/proc/self/clear_refs", "w") as refs:
    refs.write("5")
before = peak("VmRSS")
start = time.perf_counter()
cpu = time.process_time()
tensors = load_file(path) if path.endswith(".safetensors") else torch.load(path, weights_only=True)
total = sum(tensor.sum(dtype=torch.float64).item() for tensor in tensors.values())
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "cpu": time.process_time() - cpu, "sum": total, "extra": peak("VmHWM") - before}))
