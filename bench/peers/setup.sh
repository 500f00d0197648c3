#!/usr/bin/env bash
# The libraries that bench/ compares with, in bench/peers/.venv. CPU builds.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet --upgrade pip
.venv/bin/pip install --quiet -r requirements.txt -r ../coco/requirements.txt
.venv/bin/python -c "import torch, timm, effdet; print('torch', torch.__version__, 'timm', timm.__version__)"
.venv/bin/pip freeze | grep -iE '^(pycocotools|faster|ultrafast|hotcoco|vernier)'
