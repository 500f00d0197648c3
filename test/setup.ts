import { ready } from '../engine/engine.js';
import '../engine/tensorflow/tensorflow.js';

/** The engine this project of the test run uses. */
await ready({ engine: process.env.ESPALIER_TEST_ENGINE === 'tensorflow' ? 'tensorflow' : 'wasm' });
