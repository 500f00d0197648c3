'use client';
import * as tf from '@tensorflow/tfjs';
import { createEfficientNet, ready } from 'espalier';
import { useState } from 'react';

export default function Page() {
  const [shape, setShape] = useState('');
  const look = async () => {
    await ready({ engine: 'wasm', wasmPaths: '/wasm/' });
    const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P5'], frozen: 'all', seed: 1 });
    setShape(String(backbone.forward(tf.zeros([1, 64, 64, 3]), { training: false }).P5.shape));
  };
  return (
    <button type="button" onClick={look}>
      look {shape}
    </button>
  );
}
