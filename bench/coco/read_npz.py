"""Reads saved arrays back into pycocotools and compares its summary: read_npz.py FILE.npz LINES. The way of coco-ts's README."""
import contextlib
import io
import sys

import numpy as np
from pycocotools.cocoeval import COCOeval

saved = np.load(sys.argv[1])
evaluation = COCOeval(iouType=str(saved['iouType']))
for name in ['iouThrs', 'recThrs']:
    setattr(evaluation.params, name, saved[name])
for name in ['imgIds', 'catIds', 'maxDets', 'areaRng', 'areaRngLbl']:
    setattr(evaluation.params, name, saved[name].tolist())
evaluation.params.useCats = int(saved['useCats'])
evaluation.eval = {'params': evaluation.params, 'counts': saved['counts'].tolist(),
                   'precision': saved['precision'], 'recall': saved['recall'], 'scores': saved['scores']}
with contextlib.redirect_stdout(io.StringIO()) as out:
    evaluation.summarize()
with open(sys.argv[2]) as file:
    expected = file.read().strip('\n')
if out.getvalue().strip('\n') != expected:
    sys.exit(f'pycocotools prints\n{out.getvalue()}\nfor the saved arrays, not\n{expected}')
if not np.array_equal(evaluation.stats, saved['stats']):
    sys.exit('stats differ')
