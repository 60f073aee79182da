# ---
# jupytext:
#   text_representation:
#     extension: .py
#     format_name: percent
# kernelspec:
#   display_name: Python 3
#   language: python
#   name: python3
# ---

# %% [markdown]
# # 3. Training: learning to see
#
# We have a network that turns a drawing into five probabilities ([chapter 1](1_forward.py)), and a
# way to find for each of its 420,997 numbers in which direction it ought to move, and how much that
# would matter ([chapter 2](2_backward.py)). Now we let it move, thousands of times, and watch it
# learn to see.

# %%
import json

import matplotlib.pyplot as plt
import numpy as np

import pictures
from inkgrad.drawing import to_bitmap
from inkgrad.engines import make_engine
from inkgrad.insight import evaluate, most_confident_mistakes
from inkgrad.layers import Dense, Flatten, MaxPool2D, SoftmaxCrossEntropy
from inkgrad.model import Model
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import load_drawings, split
from inkgrad.training import SGD, Adam, Cosine, EpochDone, Recipe, StepDone, epoch_order, fit

pictures.use_style()

# %% [markdown]
# ## 3.1 The drawings
#
# If you have downloaded drawings of [Quick, Draw!](../data.md), name their folder in the
# environment variable `INKGRAD_DATA`, and this page learns from them. If not, it learns from
# inkgrad's *built-in doodles*: a small program that draws the five animals with a human's
# variation, from several sides, well or badly, with parts missing.

# %%
classes = ("cat", "dog", "dolphin", "elephant", "zebra")
loaded = load_drawings(classes, limit=600, offline=True, use_cache=False)
drawings = loaded.drawings
print(loaded.source)
print(drawings.counts())

# %% tags=["hide-input"]
rng = np.random.default_rng(4)
figure, axes = plt.subplots(5, 12, figsize=(pictures.WIDTH, 3.4))
for line, name, label in zip(axes, classes, range(5), strict=True):
    some = rng.choice(np.flatnonzero(drawings.labels == label), len(line), replace=False)
    for ax, i in zip(line, some, strict=True):
        pictures.paper(ax, drawings.bitmaps[i])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %% [markdown]
# One rule comes before all others: **never judge by what was learnt from.** A pupil who is examined
# with the very sums that were solved in class has shown a good memory, no more. So we set a fifth
# of the drawings aside, and the network does not get to see them until the end.

# %%
kept, aside = split(drawings, test_size=0.2, seed=42)
train, test = drawings.subset(kept), drawings.subset(aside)
print(f"{len(train):,} drawings to learn from, {len(test):,} to judge by")

# %% [markdown]
# ## 3.2 Downhill
#
# Think of the loss as the height of a landscape, with the network's numbers as the coordinates: not
# two of them, but 420,997. Write $\theta$ for all of them together. The gradient $g = dL/d\theta$
# points in the direction in which the loss rises most steeply, so we take a step the other way:
#
# $$ \theta \leftarrow \theta - \alpha\, g $$
#
# The *learning rate* $\alpha$ is the length of our stride. Let us look along that direction, from
# where the untrained network stands, for one batch of 128 drawings:

# %%
network = seed_network(classes=5)
engine = make_engine("reference", network)
parameters = network.initialise(seed=42)

x, labels = train.batch(np.random.default_rng(0).choice(len(train), 128, replace=False))
loss, logits, gradient = engine.gradients(parameters, x, labels)

strides = np.linspace(0, 0.03, 16)
losses = []
for alpha in strides:
    there = parameters.copy()
    there.vector -= alpha * gradient
    losses.append(float(SoftmaxCrossEntropy().forward(engine.forward(there, x), labels)[0]))

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 2.4))
ax.plot(strides, losses, "o-", color=pictures.INK, ms=4)
near = strides[:6]
ax.plot(near, loss - near * float(gradient @ gradient), "--", color=pictures.PLUS)
promised = loss - near[-1] * float(gradient @ gradient)
ax.text(near[-1] + 0.0005, promised, "what the gradient promises", color=pictures.PLUS)
ax.set(xlabel="learning rate α", ylabel="loss after the step", ylim=(0, 1.1 * max(losses)))
plt.show()

# %% [markdown]
# The gradient keeps its promise (the dashed line, of slope $-g \cdot g$) for a small step. A larger
# one overshoots the valley and comes up on the other side. So: many small steps, with a new
# gradient for each.
#
# ## 3.3 Mini-batches: a fair guess is enough
#
# The true gradient is the mean over *all* drawings. But the mean over a few of them, chosen at
# random, points roughly the same way, at a fraction of the cost. How roughly? Here is the angle
# between a batch's gradient and that of a thousand drawings (in 420,997 dimensions, two directions
# that have nothing to do with each other stand at 90°):

# %%
rng = np.random.default_rng(1)
many = train.batch(rng.choice(len(train), 1000, replace=False))
true = engine.gradients(parameters, *many).vector
for size in (1, 8, 32, 128):
    angles = []
    for _ in range(3):
        guess = engine.gradients(parameters, *train.batch(rng.choice(len(train), size))).vector
        cosine = guess @ true / np.linalg.norm(guess) / np.linalg.norm(true)
        angles.append(np.degrees(np.arccos(cosine)))
    print(f"batch of {size:3}: {np.mean(angles):3.0f}° off")

# %% [markdown]
# A single drawing says little about the rest; a hundred say nearly as much as a thousand, for a
# tenth of the work. So each step takes another *mini-batch*. An **epoch** is one round in which
# every drawing has had its turn, in an order shuffled anew each time. This is *stochastic gradient
# descent*, SGD.
#
# ## 3.4 Better strides: momentum and Adam
#
# A landscape may be steep across and nearly flat along, like a gorge. Plain descent then bounces
# from wall to wall and hardly gets ahead. **Momentum** lets the steps build up like a ball rolling
# downhill: pushes to and fro cancel, and a steady push adds up.
#
# $$ v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \alpha v $$
#
# **Adam** (Kingma and Ba, 2015) also keeps the usual size of *each number's own* gradient, as a
# running mean of its square, and measures the step by it. Numbers with small gradients get on as
# fast as those with large ones:
#
# $$ m \leftarrow \beta_1 m + (1 - \beta_1)\, g, \qquad
#    v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2, \qquad
#    \theta \leftarrow \theta - \alpha\,
#    \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \varepsilon} $$
#
# in step $t = 1, 2, \dots$ The divisions by $1 - \beta^t$ make up for $m$ and $v$ starting at 0.
# (In the code, `step_size` is $\alpha / (1 - \beta_1^t)$ and `correction` is
# $1 / (1 - \beta_2^t)$.) As all our parameters stand in one long vector, an optimiser is a few
# operations on one array:

# %%
pictures.code(SGD._step, Adam._step)

# %%
theta, g1, g2 = np.array([1.0, -2.0]), np.array([0.5, -40.0]), np.array([0.3, 10.0])
by_library = theta.copy()
state = Adam().start(by_library)
m = v = 0.0
for t, g in enumerate([g1, g2], start=1):
    Adam().update(by_library, g, state, learning_rate=0.1)
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g**2
    theta = theta - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    print(f"step {t}: by hand {theta}, by the library {by_library}")
assert np.allclose(theta, by_library)

# %% [markdown]
# Three walks in a gorge, $L(x, y) = \tfrac12 x^2 + 10\, y^2$, thirty steps each:


# %% tags=["hide-input"]
def walk(optimizer, learning_rate, steps=30):
    here = np.array([-4.0, 1.0])
    state, path = optimizer.start(here), [here.copy()]
    for _ in range(steps):
        optimizer.update(here, here * np.array([1.0, 20.0]), state, learning_rate)
        path.append(here.copy())
    return np.array(path).T


walks = [
    ("plain descent, α = 0.09", SGD(momentum=0.0), 0.09),
    ("momentum 0.8, α = 0.04", SGD(momentum=0.8), 0.04),
    ("Adam, α = 0.5", Adam(), 0.5),
]
gx, gy = np.meshgrid(np.linspace(-4.6, 2.2, 80), np.linspace(-1.5, 1.5, 60))
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 1.9), sharey=True)
for ax, (title, optimizer, rate) in zip(axes, walks, strict=True):
    ax.contour(gx, gy, 0.5 * gx**2 + 10 * gy**2, levels=12, colors=pictures.GREY, linewidths=0.4)
    ax.plot(*walk(optimizer, rate), "o-", color=pictures.PLUS, ms=2.5, lw=1)
    ax.plot(0, 0, "+", color=pictures.INK, ms=9)
    ax.set(title=title, xticks=[], yticks=[], xlim=(-4.6, 2.2), ylim=(-1.5, 1.5))
plt.show()

# %% [markdown]
# One thing more. Far from the goal, long strides save time; close to it they only carry us past it.
# So the learning rate follows a **schedule** over the $S$ steps of the training: in the first $w$
# it rises to its highest value $\alpha$ (the first gradients are the least to be trusted), then it
# falls like half a cosine wave:
#
# $$ \alpha_s = \alpha \frac{s + 1}{w} \quad (s < w), \qquad
#    \alpha_s = \frac{\alpha}{2} \left(1 + \cos \pi \frac{s - w}{S - w}\right) \quad (s \ge w) $$

# %%
schedule = Cosine(rate=2e-3, steps=200, warmup=10)
s, w, S = 50, 10, 200
assert np.isclose(schedule(s), 2e-3 / 2 * (1 + np.cos(np.pi * (s - w) / (S - w))))

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 1.7))
ax.plot([schedule(s) for s in range(200)], color=pictures.INK, lw=1.5)
ax.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
plt.show()

# %% [markdown]
# ## 3.5 The training loop
#
# Here is all of it. Read it slowly: everything in these chapters comes down to these lines.


# %%
def learn(drawings, recipe):
    parameters = network.initialise(recipe.seed)
    optimizer = Adam()
    state = optimizer.start(parameters.vector)
    batches = range(0, len(drawings), recipe.batch_size)
    schedule = recipe.make_schedule(steps_per_epoch=len(batches))

    for epoch in range(recipe.epochs):
        order = epoch_order(recipe.seed, epoch, len(drawings))  # shuffled anew
        for start in batches:
            x, labels = drawings.batch(order[start : start + recipe.batch_size])
            gradient = engine.gradients(parameters, x, labels).vector
            optimizer.update(parameters.vector, gradient, state, schedule(state.steps))
    return parameters


# %% [markdown]
# The library's `fit` is this loop, with a care for what happens in real life: it saves its state so
# that an interrupted run can go on where it was, judges each epoch by drawings set aside for that,
# stops when nothing improves, and says so when a run does not learn. It is the same loop to the
# last bit:

# %%
few = train.subset(np.arange(0, len(train), 10))
recipe = Recipe(epochs=2, batch_size=32, optimizer="adam", schedule="cosine", seed=42)
by_hand = learn(few, recipe)
fitted = fit(network, few, recipe=recipe, engine=engine)
assert np.array_equal(by_hand.vector, fitted.parameters.vector)
print(f"{network.size:,} parameters, all equal")

# %% [markdown]
# Now for all the drawings. We keep what `fit` tells us on its way:

# %%
steps, epochs = [], []


def watch(event):
    if isinstance(event, StepDone):
        steps.append(event)
    elif isinstance(event, EpochDone):
        epochs.append(event)
        print(
            f"epoch {event.epoch}: loss {event.train_loss:.3f}, "
            f"{event.train_accuracy:.1%} right while learning, "
            f"{event.validation_accuracy:.1%} of the others"
        )


kept, aside = split(train, test_size=0.1, seed=1)  # of these we learn, by those we watch
fitted = fit(
    network,
    train.subset(kept),
    validation=train.subset(aside),
    recipe=Recipe(epochs=4, batch_size=64, seed=42),
    engine=engine,
    on_event=watch,
)


# %% tags=["hide-input"]
def of_each_step(what):
    """Take the means of the epoch so far apart, and smooth a little."""
    values, before = [], 0.0
    for step in steps:
        sum_so_far = getattr(step, what) * step.step
        values.append(sum_so_far - (before if step.step > 1 else 0.0))
        before = sum_so_far
    return [np.mean(values[max(0, i - 4) : i + 1]) for i in range(len(values))]


figure, axes = plt.subplots(1, 2, figsize=(pictures.WIDTH, 2.5), sharex=True)
at = np.arange(1, len(steps) + 1) / steps[0].steps_per_epoch
axes[0].plot(at, of_each_step("loss"), color=pictures.INK, lw=1.5)
axes[0].axhline(np.log(5), color=pictures.GREY, lw=0.8, ls=":")
axes[0].text(at[-1], np.log(5), "guessing: log 5", ha="right", va="bottom", color=pictures.GREY)
axes[0].set(xlabel="epoch", ylabel="loss", ylim=(0, None))
axes[1].plot(at, of_each_step("accuracy"), color=pictures.INK, lw=1.5, label="while learning")
axes[1].plot(
    [e.epoch for e in epochs],
    [e.validation_accuracy for e in epochs],
    "o",
    color=pictures.PLUS,
    label="on drawings set aside",
)
axes[1].set(xlabel="epoch", ylabel="share recognised", ylim=(0, 1.02))
axes[1].legend(loc="lower right")
plt.show()

# %% [markdown]
# ## 3.6 How good is it?
#
# Now, and only now, the drawings that we set aside at the beginning:

# %%
model = Model(network, fitted.parameters, classes)
probabilities = model.predict_proba(test.bitmaps)
evaluation = evaluate(probabilities, test.labels, classes)
print(f"{evaluation.top1:.1%} of {evaluation.n} drawings that it has never seen are recognised;")
print(f"guessing would get {1 / 5:.0%}.")

# %% [markdown]
# The *confusion matrix* shows which animals are taken for which. Each row is what was drawn, each
# column what the network answered; a perfect network would have zeros beside the diagonal.

# %%
answers = probabilities.argmax(axis=1)
matrix = np.zeros((5, 5), int)
np.add.at(matrix, (test.labels, answers), 1)
assert matrix.trace() / matrix.sum() == evaluation.top1
figure = pictures.confusion(matrix, classes)

# %% [markdown]
# **Was the convolution worth it?** Let us ask a network without any: one dense layer, straight from
# the 784 cells to the five logits. All that it can learn is, for each animal, where ink speaks for
# it and where against.

# %%
linear = Network([Flatten(), Dense(5)])
fitted_linear = fit(linear, train, recipe=Recipe(epochs=12, batch_size=64, seed=42))
linear_model = Model(linear, fitted_linear.parameters, classes)
right = np.mean(linear_model.predict_proba(test.bitmaps).argmax(axis=1) == test.labels)
print(f"one dense layer: {right:.1%}; the seed network: {evaluation.top1:.1%}")
assert right < evaluation.top1

templates = fitted_linear.parameters["dense1.weight"].T.reshape(5, 28, 28)
figure = pictures.row(templates, classes, with_sign=True, height=1.9)

# %% [markdown]
# These are its five templates, orange for, blue against. They are hard to read, and that is the
# point: a cat may sit anywhere and look either way, and one template must do for them all. A filter
# that slides over the picture does not mind where the ear is.
#
# ## 3.7 What has it learnt to look at?
#
# How far has training moved each table of weights, compared with its size at the start?

# %%
first = network.initialise(seed=42)
for name in first:
    if name.endswith("weight"):
        moved = np.linalg.norm(fitted.parameters[name] - first[name]) / np.linalg.norm(first[name])
        print(f"{name:14} {moved:4.0%}")

# %%
learnt = fitted.parameters["conv1.weight"] - first["conv1.weight"]
for title, filters in [
    ("the 32 filters of the first convolution, random", first["conv1.weight"]),
    ("and after training", fitted.parameters["conv1.weight"]),
    ("the difference (colours stretched)", learnt),
]:
    figure = pictures.grid(filters[:, 0], columns=16, title=title, with_sign=True)

# %% [markdown]
# A surprise: in so short a training the first filters hardly change. They need not. Thirty-two
# random filters answer to lines of all directions already (we saw it in chapter 1), and those that
# follow learn to make sense of their answers. Do they change more with more drawings and more
# epochs? Raise `limit` and `epochs` above, and look again.
#
# Our cat from chapter 1, as the network sees it now: the 32 channels after the first block, and the
# 64 after the second. The first are still pictures of the cat. Of the second, many stay blank and
# some answer at a few places only: they have begun to speak of parts, no longer of lines.

# %%
with open("cat.json") as file:
    strokes = json.load(file)
cat = to_bitmap(strokes)
x = cat[None, None] / np.float32(255)

y, maps = x, []
for stage in network.stages:
    y, _ = stage.layer.forward(y, **fitted.parameters.of(stage))
    if isinstance(stage.layer, MaxPool2D):
        maps.append(y[0])
figure = pictures.grid(maps[0], columns=16, title="after the first block: (32, 14, 14)")
figure = pictures.grid(maps[1], columns=16, title="after the second block: (64, 7, 7)")

# %% [markdown]
# And the question that we put off in chapter 2: which ink should be added (blue) or wiped away
# (orange) to make this picture more of a cat? We send the gradient all the way back to the picture,
# as before; this time through a network that knows something. It has come to care about parts of
# the outline, though not only about those that you and I would point at.


# %%
def slope_of_picture(parameters, x, label):
    """dL/dx: the backward pass, past the first layer, to the picture itself."""
    y, trail = x, []
    for stage in network.stages:
        y, saved = stage.layer.forward(y, **parameters.of(stage))
        trail.append((stage, saved))
    dy = SoftmaxCrossEntropy().backward(SoftmaxCrossEntropy().forward(y, np.array([label]))[1])
    for stage, saved in reversed(trail):
        dy, _ = stage.layer.backward(dy, saved)
    return dy[0, 0]


figure = pictures.row(
    [x[0, 0], slope_of_picture(first, x, 0), slope_of_picture(fitted.parameters, x, 0)],
    ["the cat", "dL/d(picture), untrained", "dL/d(picture), trained"],
    with_sign=[False, True, True],
    height=2.6,
)

# %% [markdown]
# ## 3.8 What does it get wrong?
#
# The best way to know a network is to look at its mistakes, those of which it was surest first:

# %%
worst = most_confident_mistakes(probabilities, test.labels, 12)
print(f"{(answers != test.labels).sum()} mistakes in {len(test)} drawings")

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 6, figsize=(pictures.WIDTH, 3.5))
for ax in axes.flat:
    ax.axis("off")
for ax, i in zip(axes.flat, worst, strict=False):
    ax.axis("on")
    pictures.paper(ax, test.bitmaps[i])
    said = f"{classes[answers[i]]} {probabilities[i].max():.0%}"
    ax.set_title(f"{classes[test.labels[i]]},\ntaken for {said}", fontsize=7.5)
plt.show()

# %% [markdown]
# Would you have known them all?
#
# ## 3.9 The cat
#
# At last: the drawing with which everything began. The network has never seen it.

# %%
before = Model(network, first, classes).predict_proba([strokes])[0]
after = model.predict_proba([strokes])[0]
print("it says:", model.predict([strokes])[0])

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.2), width_ratios=[1, 1.4, 1.4])
pictures.paper(axes[0], cat, "the cat")
pictures.bars(axes[1], classes, before, "untrained", marked="cat")
pictures.bars(axes[2], classes, after, "trained", marked="cat")
plt.show()

# %% [markdown]
# Sums, products, maxima, and the chain rule.
#
# ## Where to go from here
#
# - Go deeper: [chapter 4](4_modern.py) builds the modern network, with batch norm
#   and residual paths.
# - Draw an animal yourself: change the numbers in `cat.json`, or save a drawing as a PNG, and ask
#   `inkgrad predict`.
# - Train on real drawings, tens of thousands of them: `inkgrad demo`, then `inkgrad train`
#   ([the command line](../command-line.md)).
# - Build another network: a `Network([...])` of your own, with more filters or fewer. Can you do as
#   well with a tenth of the parameters?
# - Add a layer of your own: [the layers](../layers.md) show how each is made, and
#   `CONTRIBUTING.md` takes you through adding one, step by step.
