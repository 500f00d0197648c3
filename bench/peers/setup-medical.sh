#!/usr/bin/env bash
# nnU-Net and MONAI for `npm run bench -- medical`, in bench/peers/.venv-medical. CPU.
set -euo pipefail
cd "$(dirname "$0")"
python3 -m venv .venv-medical
.venv-medical/bin/pip install --quiet nnunetv2==2.8.1 monai==1.6.1 torch==2.15.0
.venv-medical/bin/python -c "import monai, nnunetv2, torch; print('monai', monai.__version__, 'torch', torch.__version__)"
