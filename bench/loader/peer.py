"""Images a second of PyTorch's DataLoader with torchvision's transforms v2: peer.py FOLDER BATCHES."""
import sys, time
from pathlib import Path
import torch
import torchvision
from torchvision.io import ImageReadMode, decode_image
from torchvision.transforms import v2

torch.set_num_threads(1)
folder, batches = sys.argv[1], int(sys.argv[2])
FILES = sorted(str(path) for path in Path(folder).glob("*.jpg"))
transform = v2.Compose([
    v2.Resize((512, 512), antialias=True),
    v2.RandomHorizontalFlip(),
    v2.ColorJitter(0.2, 0.2, 0.2, 0.02),
])

class Images(torch.utils.data.Dataset):
    def __len__(self):
        return len(FILES)

    def __getitem__(self, index):
        return transform(decode_image(FILES[index], ImageReadMode.RGB))

def main():
    loader = torch.utils.data.DataLoader(Images(), batch_size=16, shuffle=True, num_workers=2, drop_last=True, persistent_workers=True)
    seen, started = 0, None
    while seen < batches + 2:
        for batch in loader:
            seen += 1
            if seen == 2:
                started = time.perf_counter()
            if seen >= batches + 2:
                break
    seconds = time.perf_counter() - started
    print(batches * 16 / seconds, torch.__version__, torchvision.__version__, tuple(batch.shape))

if __name__ == "__main__":
    main()
