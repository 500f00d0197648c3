/** The whole program of the worker: it answers what `openModelInWorker` asks. In a page it is the same two lines. */
import { serveModel } from 'espalier/predict';

serveModel();
