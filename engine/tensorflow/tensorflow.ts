import { registerEngine } from '../engine.js';

registerEngine('tensorflow', async () => ({ reason: 'not built yet' }));
