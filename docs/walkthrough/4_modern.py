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
# # 4. Deeper: the modern network
#
# The network of chapters 1 to 3 has two convolutions. Its first filters see lines, its second ones
# see parts. Why not ten more, which see parts of parts? For years that question had a disappointing
# answer: very deep networks hardly learned at all.
#
# This chapter shows what goes wrong, on real numbers, and then adds the ideas that made depth work:
# **batch norm**, **residual paths**, **dropout** and **global average pooling**. At the end you can
# read every line of `sketch`, the network that inkgrad uses for many classes.
#
# The drawings are those of [chapter 3](3_training.py): yours, if `INKGRAD_DATA` names their folder,
# else the built-in doodles.

# %%
import matplotlib.pyplot as plt
import numpy as np

import pictures
from inkgrad.engines import make_engine
from inkgrad.fold import fold
from inkgrad.layers import (
    INFERENCE,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.network import Network, Parameters, seed_network, sketch_network
from inkgrad.quickdraw import load_drawings, split
from inkgrad.training import Adam, Cosine, Recipe, fit

pictures.use_style()

classes = ("cat", "dog", "dolphin", "elephant", "zebra")
loaded = load_drawings(classes, limit=160, offline=True, use_cache=False)
kept, aside = split(loaded.drawings, test_size=0.3, seed=42)
train, test = loaded.drawings.subset(kept), loaded.drawings.subset(aside)
print(loaded.source)
print(f"{len(train):,} drawings to learn from, {len(test):,} held out for testing")

# %% [markdown]
# ## 4.1 What goes wrong in a deep network?
#
# Here is a stack of fifteen small convolutions: one that shrinks the drawing, then seven pairs. The
# two switches, `norm` and `identity`, stay off for now.


# %%
def deep(norm=False, identity=False):
    """15 convolutions of 16 filters, the mean of each map, 5 logits."""

    def convolution(**settings):
        layer = Conv2D(16, 3, padding=1, bias=not norm, **settings)
        return [layer, BatchNorm()] if norm else [layer]

    layers = [*convolution(stride=2), ReLU(), MaxPool2D(2)]  # 28 × 28 → 14 × 14 → 7 × 7
    for _ in range(7):
        pair = [*convolution(), ReLU(), *convolution()]
        layers += [Parallel([pair, []])] if identity else pair
        layers += [ReLU()]
    return Network([*layers, GlobalAveragePool(), Dense(5)])


plain = deep()
start = plain.initialise(seed=0)
x, labels = train.batch(np.random.default_rng(0).choice(len(train), 64, replace=False))
print(f"{len(plain.layers)} layers, {plain.size:,} parameters; a batch of {len(x)} drawings")

# %% [markdown]
# To look inside, we run the layers one by one, forward and back, and keep everything: what each
# layer gives, and the slope of the loss by it.


# %%
def look(network, parameters, mode=INFERENCE):
    """Return each layer's output, dL/d(each output), and the loss's slope by every parameter."""
    outputs, trail, y = [], [], x
    for stage in network.stages:
        y, saved = stage.forward(y, parameters.numbers, mode)
        outputs.append(y)
        trail.append((stage, saved))
    loss = SoftmaxCrossEntropy()
    dy = loss.backward(loss.forward(y, labels)[1])
    slopes, gradient = [], {}
    for stage, saved in reversed(trail):
        slopes.append(dy)
        dy, own = stage.layer.backward(dy, saved)
        gradient.update({f"{stage.name}.{name}": values for name, values in own.items()})
    return outputs, slopes[::-1], gradient


def after(network, kind, values):
    """Pick what belongs to the layers of one kind."""
    pairs = zip(network.stages, values, strict=True)
    return [value for stage, value in pairs if isinstance(stage.layer, kind)]


def size(values):
    """The usual size of numbers: the root of their mean square."""
    return float(np.sqrt(np.mean(np.square(values))))


# %% [markdown]
# **Does the signal arrive at all?** Each output is a sum of $16 \cdot 9 = 144$ products, so its
# size depends on the size of the random weights. Chapter 1 used He's rule, a standard deviation of
# $\sqrt{2/144}$. It looks arbitrary until we try weights that are a little smaller or larger:

# %%
sizes = {}
for name, factor in [("He's rule × √2", 2**0.5), ("He's rule", 1), ("He's rule ÷ √2", 0.5**0.5)]:
    parameters = start.copy()
    parameters.vector *= factor
    sizes[name] = [size(y) for y in after(plain, ReLU, look(plain, parameters)[0])]
    print(f"{name:15} layer 1: {sizes[name][0]:5.2f}   layer 15: {sizes[name][-1]:7.3f}")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 2.3))
depth = np.arange(1, 16)
for (name, values), color in zip(
    sizes.items(), (pictures.PLUS, pictures.INK, pictures.MINUS), strict=True
):
    ax.semilogy(depth, values, "o-", color=color, ms=3.5)
    ax.text(15.2, values[-1], name, color=color, va="center")
ax.set(xlabel="layer", ylabel="size of its output", xlim=(0.7, 17.4), xticks=depth)
plt.show()

# %% [markdown]
# A factor of √2 per layer becomes $\sqrt 2^{\,15} \approx 180$ after fifteen. The 2 in He's rule
# makes up for the half that ReLU cuts off, and so the signal arrives.
#
# **And does it still say anything?** Here are three drawings, and what one channel makes of them on
# its way through the stack:

# %%
outputs, slopes, gradient = look(plain, start)
activations = after(plain, ReLU, outputs)
shown = [int(np.flatnonzero(labels == c)[0]) for c in (0, 2, 3)]
at = (0, 2, 4, 8, 14)


# %% tags=["hide-input"]
def liveliest(maps):
    """The channel with the most in it."""
    return int(np.argmax(np.square(maps).sum(axis=(0, 2, 3))))


figure, axes = plt.subplots(3, 6, figsize=(pictures.WIDTH, 4.1))
for line, i in zip(axes, shown, strict=True):
    pictures.paper(line[0], x[i, 0])
    line[0].set_ylabel(classes[labels[i]], rotation=0, ha="right", va="center")
    for ax, k in zip(line[1:], at, strict=True):
        maps = activations[k]
        pictures.paper(ax, maps[i, liveliest(maps)])
for ax, title in zip(axes[0], ["drawing", *(f"layer {k + 1}" for k in at)], strict=True):
    ax.set_title(title)
plt.show()

# %% [markdown]
# The deeper, the harder it is to say which animal it was. To put a number on it, take the cosine
# between the outputs for two drawings: 0 if they have nothing in common, 1 if one is a
# multiple of the other.


# %%
def likeness(y):
    """The mean cosine between the outputs for two different drawings."""
    rows = y.reshape(len(y), -1)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return float(((rows @ rows.T).sum() - len(y)) / (len(y) * (len(y) - 1)))


print("the drawings:", round(likeness(x), 2))
print("layers 1, …, 15:", *(f"{likeness(y):.2f}" for y in activations))

# %% [markdown]
# Every ReLU removes a little of what makes drawings differ: none of its outputs is negative, so
# they all point roughly the same way. Now think of the gradient. It is the mean over the drawings
# of what each would like to change. The cat asks that *these* maps mean "cat"; the dolphin asks
# that the *same* maps mean "dolphin". They cancel out:

# %%
convolutions = [name for name in start if "conv" in name and name.endswith("weight")]
own = []
for i in range(len(x)):
    found = make_engine("reference", plain).gradients(start, x[i : i + 1], labels[i : i + 1])
    mine = Parameters(plain, found.vector)
    own.append([np.linalg.norm(mine[name]) for name in convolutions])
alone = np.mean(own, axis=0)
together = np.array([np.linalg.norm(gradient[name]) for name in convolutions])
print(f"first layer: {alone[0]:.3f} for one drawing, {together[0]:.3f} for the batch")

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(pictures.WIDTH, 2.4))
axes[0].plot(depth, [likeness(y) for y in activations], "o-", color=pictures.INK, ms=3.5)
axes[0].axhline(likeness(x), color=pictures.GREY, lw=0.8, ls=":")
axes[0].text(
    15, likeness(x), "the drawings themselves", ha="right", va="bottom", color=pictures.GREY
)
axes[0].set(xlabel="layer", title="likeness of two drawings' outputs", ylim=(0, 1))
axes[1].semilogy(depth, alone, "o-", color=pictures.MINUS, ms=3.5, label="one drawing's")
axes[1].semilogy(depth, together, "o-", color=pictures.INK, ms=3.5, label="the batch's")
axes[1].set(xlabel="layer", title="length of the gradient of its weights")
axes[1].legend()
for ax in axes:
    ax.set_xticks(depth[::2])
plt.show()

# %% [markdown]
# Is that enough to stop it from learning? Let us train it for fifty steps. A *trainer* does what
# the loop of chapter 3 did: gradient, then update.


# %%
def train_briefly(network, steps=50):
    """Return the parameters after some steps of Adam, and the loss at each step."""
    parameters = network.initialise(seed=0)
    trainer = make_engine("auto", network).trainer(parameters, Adam(), seed=0)
    schedule = Cosine(rate=4e-3, steps=steps, warmup=5)
    rng, losses = np.random.default_rng(0), []
    for step in range(steps):
        batch = train.batch(rng.choice(len(train), 64, replace=False))
        losses.append(trainer.step(*batch, schedule(step)).loss)
    return trainer.read_back(), losses


def accuracy(network, parameters, drawings=test):
    """The share of some drawings that are recognised."""
    pixels, truth = drawings.batch(np.arange(len(drawings)))
    answers = make_engine("auto", network).predict(parameters, pixels).argmax(axis=1)
    return float(np.mean(answers == truth))


plain_trained, plain_losses = train_briefly(plain)
print(f"last ten losses: {np.mean(plain_losses[-10:]):.3f}; guessing: {np.log(5):.3f}")
print(f"recognised: {accuracy(plain, plain_trained):.1%}; guessing: 20.0%")

# %% [markdown]
# It is still closer to guessing than to knowing. Nothing is broken: the gradient is right, and so
# are the sizes. There is just too little in them.
#
# ## 4.2 Batch norm: measure, centre, rescale
#
# If all outputs point the same way, subtract what they have in common. If they get too small or too
# large, divide by their size. **Batch norm** (Ioffe and Szegedy, 2015) does this for each channel,
# between the convolution and ReLU:
#
# $$ y = \gamma\, \hat x + \beta, \qquad \hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}} $$
#
# Here $\mu$ and $\sigma^2$ are the mean and the variance of that channel over all drawings of the
# batch and all places. The scale $\gamma$ and the shift $\beta$ are learnt, one of each per
# channel, so that the network can undo the norm where that is better. $\varepsilon$ is tiny and
# prevents division by zero.

# %%
pictures.code(BatchNorm.forward)

# %% [markdown]
# The backward pass has a catch: a number acts on the loss through its own $\hat x$, *and* through
# $\mu$ and $\sigma^2$, which it shares with all others. With $m$ numbers in the channel, and $g$
# the slope by $\hat x$, the chain rule gives (the whole derivation is with [the
# layer](../layers.md))
#
# $$ \frac{dL}{dx_i} = \frac{1}{\sqrt{\sigma^2 + \varepsilon}}
#    \Big( g_i - \frac1m \sum_j g_j - \hat x_i \cdot \frac1m \sum_j g_j \hat x_j \Big) $$
#
# The gradient loses its mean and its part along $\hat x$. That makes sense: shifting or stretching
# a whole channel changes nothing, so nothing can be gained by it.
#
# Here is the same stack with its norms, from the same random filters. (A filter needs no bias any
# more, since $\mu$ takes it away.) The histograms show what ReLU is given, of all drawings and
# places; only what is right of the line gets through.

# %%
normed = deep(norm=True)
normed_start = normed.initialise(seed=0)
assert all(np.array_equal(start[name], normed_start[name]) for name in convolutions)
normed_trained, normed_losses = train_briefly(normed)

training = Mode.of_step(seed=0, step=0)
given = {
    "plain": [look(plain, p)[0] for p in (start, plain_trained)],
    "with norms": [look(normed, p, training)[0] for p in (normed_start, normed_trained)],
}

# %% tags=["hide-input"]
figure, axes = plt.subplots(2, 4, figsize=(pictures.WIDTH, 3.6), sharex=True, sharey=True)
for line, (name, network), kind in zip(
    axes, [("plain", plain), ("with norms", normed)], (Conv2D, BatchNorm), strict=True
):
    for ax, k in zip(line, (0, 4, 9, 14), strict=True):
        for outputs, color, when in zip(
            given[name], (pictures.GREY, pictures.PLUS), ("untrained", "trained"), strict=True
        ):
            values = after(network, kind, outputs)[k].ravel()
            ax.hist(
                values,
                80,
                range=(-4, 4),
                density=True,
                histtype="stepfilled",
                color=color,
                alpha=0.35,
            )
            ax.hist(
                values, 80, range=(-4, 4), density=True, histtype="step", color=color, label=when
            )
        ax.axvline(0, color=pictures.INK, lw=0.8)
        ax.set(yticks=[], ylim=(0, 1.2))
        ax.spines["left"].set_visible(False)
        if name == "plain":
            ax.set_title(f"layer {k + 1}")
    line[0].set_ylabel(name)
axes[0, 0].legend(loc="upper left", fontsize=7.5)
plt.show()

# %%
for name, network in [("plain", plain), ("with norms", normed)]:
    last = after(network, ReLU, given[name][0])[-1]
    print(
        f"{name:10}: size in layer 15 {size(last):.2f}, likeness of two drawings "
        f"{likeness(last):.2f}"
    )
print(f"after training: loss {np.mean(plain_losses[-10:]):.3f} without norms,")
print(f"                loss {np.mean(normed_losses[-10:]):.3f} with norms")

# %% [markdown]
# Every layer now gets numbers of the same size, centred at zero, before training and after, and
# drawings stay as different as they were. And the loss falls. How well the network does on drawings
# that it has not learned from, we see in section 4.3.
#
# **But then the answer depends on the company!** In training a drawing is measured together with
# the others of its batch. When the network is used, there may be a single drawing, and its answer
# must not depend on which others came with it. So each norm keeps *statistics*: running averages of
# the means and variances of its batches, each step replacing a tenth. They are used for answering.
# The `mode` of a pass says which of the two it is:

# %%
print("training:", Mode.of_step(seed=0, step=0))
print("use:     ", INFERENCE)

rng, pixels, truth = np.random.default_rng(3), *train.batch(np.arange(len(train)))
cat = int(np.flatnonzero(truth == 0)[0])
others = np.delete(np.arange(len(train)), cat)
reference = make_engine("reference", normed)
means, answers = [], []
for _ in range(60):  # the same cat in the company of 31 others
    company = [cat, *rng.choice(others, 31, replace=False)]
    y = pixels[company]
    for stage in normed.stages:
        if stage.name == "norm2":
            means.append(float(y[:, 0].mean()))  # μ of its first channel
        y, _ = stage.forward(y, normed_trained.numbers, training)
    answers.append(float(np.exp(y[0, 0]) / np.exp(y[0]).sum()))
running = float(normed_trained.statistics["norm2.mean"][0])
in_use = float(reference.predict(normed_trained, pixels[cat : cat + 1])[0, 0])

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.1), width_ratios=[0.8, 1.5, 1.5])
pictures.paper(axes[0], pixels[cat, 0], "one cat")
for ax, values, line, title in [
    (axes[1], means, running, "a mean μ in 60 batches"),
    (axes[2], answers, in_use, "probability of “cat” in 60 batches"),
]:
    ax.hist(values, 15, color=pictures.PALE, edgecolor=pictures.GREY)
    ax.axvline(line, color=pictures.PLUS, lw=2)
    ax.set(title=title, yticks=[], ylim=(0, None))
    ax.xaxis.set_major_locator(plt.MaxNLocator(4))
    ax.spines["left"].set_visible(False)
axes[1].set_xlabel("orange: the running average")
axes[2].set_xlabel("orange: in use, alone or not")
plt.show()

# %% [markdown]
# The scatter has a good side: no drawing is seen twice in quite the same way, which makes it harder
# to learn drawings by heart. How much scatter is right? inkgrad measures in *shards* of 32
# drawings, whatever the size of the batch ("ghost batch norm", Hoffer et al., 2017). A batch of 64
# is two shards, and neither knows of the other:

# %%
layer, numbers = BatchNorm(shard=32), normed_start.of(normed.stages[1])
y = normed.stages[0].forward(x, normed_start.numbers)[0]
whole = layer.forward(y, **numbers, mode=training)[0]
halves = [layer.forward(half, **numbers, mode=training)[0] for half in (y[:32], y[32:])]
assert np.array_equal(whole, np.concatenate(halves))
other = BatchNorm(shard=64).forward(y, **numbers, mode=training)[0]
print(f"two shards of 32 or one of 64: outputs differ by up to {np.abs(whole - other).max():.2f}")

# %% [markdown]
# ## 4.3 Residual paths: leave a way through
#
# There is another way to help a deep stack: do not ask a pair of convolutions for a new picture,
# only for a *correction* of the one that it was given (He et al., 2015). Their output is added to
# their input:
#
# $$ y = f(x) + x \qquad\text{and so}\qquad
#    \frac{dL}{dx} = f'(x)^{\mathsf T}\, \frac{dL}{dy} + \frac{dL}{dy} $$
#
# However small the first term is, the second brings the gradient through unharmed. In inkgrad a
# block like this is `Parallel([[convolution, relu, convolution], []])`: two branches with one
# input, joined by a sum. The empty branch is the identity.

# %%
pictures.code(Parallel.forward, Parallel.backward)

# %% [markdown]
# That is the second switch. It adds no parameters, so we can start all four networks with the same
# random filters. How long is the gradient that each layer gets?

# %%
networks = {
    "plain": plain,
    "identity": deep(identity=True),
    "norm": normed,
    "norm + identity": deep(norm=True, identity=True),
}
lengths = {}
for name, network in networks.items():
    outputs, _, gradient = look(network, network.initialise(seed=0), training)
    last = after(network, ReLU, outputs)[-1]
    in_order = [n for n in network.layout if "conv" in n and n.endswith("weight")]
    lengths[name] = [float(np.linalg.norm(gradient[n])) for n in in_order]
    print(
        f"{name:15}  first layer {lengths[name][0]:6.3f}, last layer {lengths[name][-1]:6.3f};  "
        f"output: size {size(last):5.2f}, likeness {likeness(last):.2f}"
    )

# %% [markdown]
# And how well do they learn, in fifty steps?

# %%
trained = {"plain": (plain_trained, plain_losses), "norm": (normed_trained, normed_losses)}
for name in ("identity", "norm + identity"):
    trained[name] = train_briefly(networks[name])
print(f"recognised:      of {len(train)} learned from   of {len(test)} held out")
for name, network in networks.items():
    shares = [accuracy(network, trained[name][0], drawings) for drawings in (train, test)]
    print(f"{name:15} {shares[0]:20.1%} {shares[1]:17.1%}")

# %% tags=["hide-input"]
colors = dict(
    zip(networks, (pictures.GREY, pictures.MINUS, pictures.INK, pictures.PLUS), strict=True)
)
figure, axes = plt.subplots(1, 2, figsize=(pictures.WIDTH, 2.8))
for name, color in colors.items():
    axes[0].semilogy(depth, lengths[name], "o-", color=color, ms=3, label=name)
    losses = trained[name][1]
    smooth = [np.mean(losses[max(0, i - 4) : i + 1]) for i in range(len(losses))]
    axes[1].plot(np.arange(1, len(losses) + 1), smooth, color=color, lw=1.5, label=name)
axes[0].set(xlabel="layer", title="length of the gradient at the start", xticks=depth[::2])
axes[1].axhline(np.log(5), color=pictures.GREY, lw=0.8, ls=":")
axes[1].text(50, np.log(5) + 0.02, "guessing", ha="right", va="bottom", color=pictures.GREY)
axes[1].set(xlabel="step", title="loss", ylim=(0, 2.2))
axes[1].legend(loc="lower left", fontsize=8)
plt.show()

# %% [markdown]
# With the identity alone the gradient arrives, and more than enough of it: each block adds its
# output to its input, so the numbers grow from block to block, and two drawings stay as alike as
# before. Norms alone keep the numbers at one size and the drawings apart, but what the network
# learns carries over to other drawings less well. With both, all layers get a gradient of about the
# same length, and the network learns fastest. This is the *ResNet*, with which the depth of
# networks went from about twenty layers to over a hundred.
#
# ## 4.4 Which part of the picture decides?
#
# Chapter 1's network ends with `Flatten`: each cell of each map has a weight of its own for every
# class. Our deep network takes the **mean of each map** instead (*global average pooling*, Lin
# et al., 2014), so that one weight per map and class is left:

# %%
pictures.code(GlobalAveragePool.forward)
print("dense weights after Flatten:", 7 * 7 * 16 * 5, " after the means:", 16 * 5)

# %% [markdown]
# There is a bonus. A class's logit is a sum of means, and a mean is a sum over places. So we can
# swap the sums, and see what each *place* says for the class $c$:
#
# $$ z_c = \sum_k w_{k,c} \Big( \frac{1}{HW} \sum_{r,t} a_{k,r,t} \Big) + b_c
#        = \frac{1}{HW} \sum_{r,t}
#          \underbrace{\sum_k w_{k,c}\, a_{k,r,t}}_{\text{vote of the place}} + b_c $$
#
# The votes are a picture, the *class activation map* (Zhou et al., 2016). Its mean, plus the bias,
# is exactly the logit:

# %%
network, (parameters, _) = networks["norm + identity"], trained["norm + identity"]
weight, bias = parameters["dense1.weight"], parameters["dense1.bias"]
pixels, truth = test.batch(np.arange(len(test)))
y = pixels
for stage in network.stages[:-1]:
    maps = y  # in the end: what GlobalAveragePool is given
    y, _ = stage.forward(y, parameters.numbers)
logits = y @ weight + bias
votes = np.einsum("nkrt,kc->ncrt", maps, weight)
assert np.allclose(votes.mean(axis=(2, 3)) + bias, logits, atol=1e-3)
probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
probabilities /= probabilities.sum(axis=1, keepdims=True)

# %% tags=["hide-input"]
outlines = pixels.mean(axis=(1, 2, 3)) < 0.25  # votes are hard to see on much ink
surest = [
    int(np.argmax(np.where(outlines & (truth == c), probabilities[:, c], 0))) for c in (0, 2, 3)
]
figure, axes = plt.subplots(3, 6, figsize=(pictures.WIDTH, 4.5))
for line, i in zip(axes, surest, strict=True):
    norm = pictures.limits(votes[i], with_sign=True)
    pictures.paper(line[0], pixels[i, 0], classes[truth[i]])
    for c, ax in enumerate(line[1:]):
        ax.imshow(
            votes[i, c], cmap=pictures.signed, norm=norm, extent=(-0.5, 27.5, 27.5, -0.5),
            interpolation="bilinear",
        )  # fmt: skip
        ax.imshow(np.zeros((28, 28)), cmap="gray", alpha=0.8 * pixels[i, 0])
        ax.set(xticks=[], yticks=[])
        ax.set_title(f"{classes[c]}? {logits[i, c]:.1f}".replace("-", "−"), fontsize=8.5)
plt.show()

# %% [markdown]
# Orange places vote for the class, blue ones against it; above each map is its logit. The maps have
# 7 × 7 cells, and a cell of layer 15 has seen most of the drawing, so take "place" with a grain of
# salt.
#
# ## 4.5 Dropout: no number may rely on another
#
# A network with many numbers and few drawings can learn the drawings by heart. **Dropout**
# (Srivastava et al., 2014) makes that harder: in training, each number is set to 0 with probability
# $p$, different ones at every step, and those that stay are divided by $1 - p$:
#
# $$ y_i = \frac{k_i}{1 - p}\, x_i, \qquad
#    k_i = 1 \text{ with probability } 1 - p, \text{ else } 0 $$
#
# On average nothing changes, since a share $1 - p$ of them is $1/(1-p)$ times as large. In use the
# layer does nothing. Its usual place is before the last dense layer. To see it at work, we put it
# on a drawing:

# %%
pictures.code(Dropout.forward)

drawing = pixels[surest[0] : surest[0] + 1]
masked = [Dropout(0.5).forward(drawing, mode=Mode.of_step(0, step))[0] for step in range(300)]
again = Dropout(0.5).forward(drawing, mode=Mode.of_step(0, 2))[0]
assert np.array_equal(again, masked[2])  # the chance of a step can be repeated
figure = pictures.row(
    [drawing[0, 0], *(y[0, 0] for y in masked[:3]), np.mean(masked, axis=0)[0, 0]],
    ["in use", "step 0", "step 1", "step 2", "mean of 300 steps"],
    height=1.9,
    shared=True,
)

# %% [markdown]
# ## 4.6 Sketch
#
# Now read inkgrad's network for many classes, line by line. A convolution with its norm and its
# ReLU is one step. Between groups of steps, a pool halves the sides and the number of filters
# doubles. At the end come the means, a little dropout, and one dense layer. Seven convolutions do
# without residual paths.

# %%
pictures.code(sketch_network)
print(sketch_network(classes=345).summary())

# %% [markdown]
# It is made for far more drawings than we have here. So we train a narrow version, a quarter as
# wide, next to the seed network of chapters 1 to 3: same drawings, same recipe, same seed.


# %%
def narrow_sketch(classes):
    """`sketch_network` with a quarter of its filters."""

    def block(filters):
        return [Conv2D(filters, 3, padding=1, bias=False), BatchNorm(), ReLU()]

    first, second = [*block(8), *block(8)], [*block(16), *block(16)]
    third = [*block(32), *block(32), *block(32)]
    head = [GlobalAveragePool(), Dropout(0.1), Dense(classes)]
    return Network([*first, MaxPool2D(2), *second, MaxPool2D(2), *third, *head])


recipe = Recipe(epochs=6, batch_size=64, learning_rate=3e-3, seed=42)
print(f"learnt from {train.counts()}")
print(f"tested on   {test.counts()}\n")
print("network        parameters  multiply-adds   recognised")
fitted = {}
for name, network in [("seed", seed_network(5)), ("narrow sketch", narrow_sketch(5))]:
    fitted[name] = fit(network, train, recipe=recipe).parameters
    right = accuracy(network, fitted[name])
    print(
        f"{name:13} {network.size:11,} {network.multiply_adds:14,}   "
        f"{round(right * len(test))} of {len(test)}, {right:.1%}"
    )

# %% [markdown]
# Mind the size of the test: with so few drawings, a difference of less than about eight percentage
# points may be chance. The price is certain: the narrow sketch has a fifteenth of the seed
# network's parameters and about half of its multiplications.
#
# What the whole network can do takes more drawings and more time than a page has:
#
# ```text
# inkgrad train --task twenty --data DIR     90.3 %   (seed)
# inkgrad info twenty                        93.9 %   (sketch)
# ```
#
# Those are the shares of 20,950 real drawings of twenty classes that were held out (split 80/20,
# seed 42). The first command takes a few minutes. The second tells of the model that comes with
# inkgrad, which is the network `sketch`, trained for 24 minutes on two cores.
#
# ## 4.7 Folding: a norm costs nothing in the end
#
# In use, a norm multiplies each channel by a number and adds another. The convolution before it is
# a sum of products. So why not multiply the filter itself, once and for all?
#
# $$ \gamma\, \frac{(W * x) - \mu}{\sqrt{\sigma^2 + \varepsilon}} + \beta
#    = (a W) * x + (\beta - a \mu), \qquad a = \frac{\gamma}{\sqrt{\sigma^2 + \varepsilon}} $$
#
# `fold` does this for every norm that has a convolution or a dense layer before it, and leaves out
# dropout. The fast engine folds a network before it answers for a trained model.

# %%
before, numbers = narrow_sketch(5), fitted["narrow sketch"]
folded, folded_numbers = fold(before, numbers)
p = make_engine("reference", before).predict(numbers, pixels)
q = make_engine("reference", folded).predict(folded_numbers, pixels)
assert np.abs(p - q).max() < 1e-4
print(f"layers: {len(before.layers)} before, {len(folded.layers)} after")
print(f"largest difference of a probability, {len(test)} drawings: {np.abs(p - q).max():.0e}")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 1.7))
ax.set(xlim=(-0.6, len(before.layers) - 0.4), ylim=(-0.15, 2.6))
ax.axis("off")
places = []  # of the layers that stay
for i, stage in enumerate(before.stages):
    gone = isinstance(stage.layer, (BatchNorm, Dropout))
    places += [] if gone else [i]
    color = pictures.PLUS if gone else pictures.INK
    ax.add_patch(plt.Rectangle((i - 0.42, 1.6), 0.84, 0.95, fc="w", ec=color, lw=1))
    ax.text(i, 2.07, stage.name, rotation=90, ha="center", va="center", fontsize=6.5, color=color)
for i, stage in zip(places, folded.stages, strict=True):
    ax.add_patch(plt.Rectangle((i - 0.42, 0), 0.84, 0.95, fc="w", ec=pictures.INK, lw=1))
    ax.text(i, 0.47, stage.name, rotation=90, ha="center", va="center", fontsize=6.5)
    ax.plot([i, i], [0.98, 1.57], color=pictures.GREY, lw=0.8)
    if i + 1 not in places and i + 1 < len(before.layers) and "norm" in before.stages[i + 1].name:
        ax.plot([i + 1, i + 0.2], [1.57, 0.98], color=pictures.PLUS, lw=0.8)
plt.show()

# %% [markdown]
# The norms made the training possible, and now they are gone: what is left is convolutions, ReLUs
# and pools, as in chapter 1.
#
# ## Where to go from here
#
# - Change `deep`: other depths, other widths, another seed. How deep can the plain stack be and
#   still learn?
# - Train `sketch` yourself: `inkgrad train --network sketch --task twenty`
#   ([the command line](../command-line.md)).
# - Read the derivations that this chapter left out: [the layers](../layers.md).
