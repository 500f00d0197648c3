"""EfficientNet-B0 of Keras in a tf.function: MODEL PIXELS BATCH STEPS MODE -> {"median": ms, "rss": MiB, "first": ms}.

Forward, loss, backward, AdamW.
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

model_name, pixels, batch, steps = sys.argv[1], *map(int, sys.argv[2:5])
if model_name != "efficientnet-b0":
    sys.exit(f"{model_name}: this peer has efficientnet-b0 alone")
tf.random.set_seed(0)
network = keras.applications.EfficientNetB0(weights=None, input_shape=(pixels, pixels, 3), classifier_activation=None)
optimizer = keras.optimizers.AdamW(1e-3, weight_decay=0.01)
optimizer.build(network.trainable_variables)
images = tf.random.normal([batch, pixels, pixels, 3])
labels = tf.range(batch) * 7


@tf.function
def train(images, labels):
    with tf.GradientTape() as tape:
        logits = network(images, training=True)
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply(gradients, network.trainable_variables)
    return loss


times = []
first = 0.0
for step in range(steps + 2):
    started = time.perf_counter()
    train(images, labels).numpy()
    elapsed = (time.perf_counter() - started) * 1000
    if step == 0:
        first = elapsed
    if step >= 2:
        times.append(elapsed)
times.sort()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
print(json.dumps({"median": times[len(times) // 2], "min": times[0], "rss": peak, "first": first}))
