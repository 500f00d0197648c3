"""Whether two .npz files hold the same bits of precision, recall, scores and stats: equal.py A B. Prints what differs."""
import sys

import numpy as np

a, b = (np.load(path) for path in sys.argv[1:])
for name in ('precision', 'recall', 'scores', 'stats'):
    x, y = (np.ascontiguousarray(file[name], dtype='<f8') for file in (a, b))
    if x.shape != y.shape:
        sys.exit(f'{name}: shapes {x.shape} and {y.shape}')
    different = int((x.view(np.int64) != y.view(np.int64)).sum())
    if different:
        sys.exit(f'{name}: {different} of {x.size} values differ')
print('every bit equal')
