"""100 MB of weights as networks have them: make.py FOLDER. Writes checkpoint.pth, checkpoint.legacy.pth, checkpoint.safetensors."""
import sys
import torch
from safetensors.torch import save_file

folder = sys.argv[1]
torch.manual_seed(1)
sizes = [(512, 512, 3, 3)] * 9 + [(2048, 512, 1, 1)] * 2 + [(512, 2048, 1, 1)] * 2 + [(512,)] * 150
tensors = {f"layers.{i}.weight": torch.randn(size) for i, size in enumerate(sizes)}
torch.save(tensors, f"{folder}/checkpoint.pth")
torch.save(tensors, f"{folder}/checkpoint.legacy.pth", _use_new_zipfile_serialization=False)
save_file(tensors, f"{folder}/checkpoint.safetensors")
