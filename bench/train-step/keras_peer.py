"""EfficientNet-B0 of Keras in a tf.function: MODEL PIXELS BATCH STEPS MODE -> {"median": ms, "rss": MiB, "first": ms}.

Forward, loss, backward, AdamW.
"""
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import tensorflow as tf

sys.path.append(str(Path(__file__).parents[1] / "peers"))
from timing import report

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


report(lambda: train(images, labels).numpy(), steps)
