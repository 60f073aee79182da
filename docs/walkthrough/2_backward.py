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
# # 2. Backward: whose fault was it?
#
# At the end of [chapter 1](1_forward.py) a drawing of a cat went through 4.2 million
# multiplications and came out as probably a dolphin. No wonder: the network's 420,997 numbers were
# random.
#
# Now we ask each of these numbers in turn: *if you were a tiny bit larger, would the answer get
# better or worse, and by how much?* This list of 420,997 answers is called the **gradient**. Once
# we have it, learning is easy: change every number a little in the direction that helps, and
# repeat. The gradient is the part where most explanations begin to wave their hands. We shall work
# it out by hand, layer by layer, and then check every claim.

# %%
import json
import time

import matplotlib.pyplot as plt
import numpy as np

import pictures
from inkgrad.drawing import rasterize
from inkgrad.engines import make_engine
from inkgrad.layers import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.layers.conv import add_patches
from inkgrad.network import seed_network

pictures.use_style()

classes = ["cat", "dog", "dolphin", "elephant", "zebra"]
with open("cat.json") as file:
    X = rasterize(json.load(file)) / 255.0
x = X[None, None]  # (1, 1, 28, 28)
label = np.array([0])  # it is a cat

network = seed_network(classes=5)
parameters = network.initialise(seed=0, dtype=np.float64)
engine = make_engine("reference", network)
p = engine.predict(parameters, x)
print({name: round(float(value), 3) for name, value in zip(classes, p[0], strict=True)})

# %% [markdown]
# ## 2.1 One number that says how wrong
#
# To speak of better and worse we need a single number, the **loss** $L$. We look only at the
# probability that the network gave to the *right* class, and take
#
# $$ L = -\log p_{\text{right}} $$
#
# This is how *surprised* the network was by the truth. Had it been certain ($p = 1$), the loss
# would be 0; the less it believed in the truth, the larger the loss, without limit. Why the
# logarithm? Because the probability of getting several drawings right is the *product* of the
# single ones, and the logarithm turns products into sums: surprises add up. Over a batch of $n$
# drawings we take the mean:
#
# $$ L = -\frac1n \sum_b \sum_k t_{b,k} \log p_{b,k}, \qquad
#    t_{b,k} = \begin{cases} 1 & \text{if drawing } b \text{ is of class } k \\
#    0 & \text{otherwise} \end{cases} $$
#
# This is the **cross-entropy** of the targets $t$ and the answers $p$; each inner sum has only one
# term that is not zero, the right class's.

# %%
logits = engine.forward(parameters, x)
loss, saved = SoftmaxCrossEntropy().forward(logits, label)
assert np.isclose(loss, -np.log(p[0, 0]))

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 2.5))
q = np.linspace(0.005, 1, 300)
ax.plot(q, -np.log(q), color=pictures.INK, lw=2)
for value, text in [(p[0, 0], "our cat"), (0.2, "pure guessing, −log 1/5"), (0.95, "fairly sure")]:
    ax.plot(value, -np.log(value), "o", color=pictures.PLUS)
    ax.annotate(
        f"{text}: L = {-np.log(value):.2f}",
        (value, -np.log(value)),
        (10, 6),
        textcoords="offset points",
        color=pictures.INK,
    )
ax.set(xlabel="probability given to the right class", ylabel="L = −log p", ylim=(0, 5))
plt.show()

# %%
pictures.code(SoftmaxCrossEntropy.forward)

# %% [markdown]
# ## 2.2 The honest but hopeless way
#
# Whether a weight should grow can simply be tried out: nudge it by a small $\varepsilon$ up and
# down, and see how the loss changes. The slope of the loss is
#
# $$ \frac{dL}{dw} \approx \frac{L(w + \varepsilon) - L(w - \varepsilon)}{2\varepsilon} $$


# %%
def slope_by_nudging(name, index, epsilon=1e-5):
    """dL/dw of one weight by trying."""
    nudged = parameters.copy()
    nudged[name][index] = parameters[name][index] + epsilon
    above = SoftmaxCrossEntropy().forward(engine.forward(nudged, x), label)[0]
    nudged[name][index] = parameters[name][index] - epsilon
    below = SoftmaxCrossEntropy().forward(engine.forward(nudged, x), label)[0]
    return (above - below) / (2 * epsilon)


start = time.perf_counter()
by_nudging = slope_by_nudging("conv2.weight", (12, 5, 1, 1))
seconds = time.perf_counter() - start
print(f"dL/dw = {by_nudging:.8f}, found in {1000 * seconds:.0f} ms;")
print(f"all {network.size:,} weights would take {network.size * seconds / 60:.0f} minutes.")

# %% [markdown]
# All that for a *single* drawing and a *single* small step; learning takes many thousands of each.
# What follows finds all 420,997 slopes at once, exactly, at about twice the cost of the forward
# pass.
#
# ## 2.3 The chain rule, and the bargain between layers
#
# In school the chain rule reads: if $y = g(x)$ and $L = \ell(y)$, then
#
# $$ \frac{dL}{dx} = \frac{dL}{dy} \cdot \frac{dy}{dx} $$
#
# *The effect of $x$ on $L$ is its effect on $y$ times the effect of $y$ on $L$.* If $x$ acts on
# $L$ along several ways, through $y_1, y_2, \dots$, the effects add up:
#
# $$ \frac{dL}{dx} = \sum_k \frac{dL}{dy_k} \cdot \frac{\partial y_k}{\partial x} $$
#
# There is nothing more to it. A network is a chain of functions, so we begin at the end, with
# $dL/dL = 1$, and go back layer by layer. Every layer keeps the same bargain:
#
# > *Tell me how the loss depends on what I gave out ($dL/dy$), and I will tell you how it depends
# > on what I was given ($dL/dx$) and on my own weights ($dL/dw$).*
#
# The code has short names for these: `dy`, `dx`, `dw` always mean the derivative of the loss by
# `y`, `x`, `w`, and have the shape of `y`, `x`, `w`.

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 1.75))
ax.set(xlim=(0, 16.3), ylim=(0, 3.5), aspect="equal")
ax.axis("off")
names = ["conv", "ReLU", "pool", "…", "flatten", "dense", "softmax\nand loss"]
for i, name in enumerate(names):
    left = 1.0 + 2.15 * i
    learns = name in ("conv", "dense")
    ax.add_patch(
        plt.Rectangle(
            (left, 1.35),
            1.35,
            0.9,
            fc="white" if not learns else "#eef2fa",
            ec=pictures.INK,
            lw=1.2,
            ls=":" if name == "…" else "-",
        )
    )
    ax.text(left + 0.675, 1.8, name, ha="center", va="center", color=pictures.INK, fontsize=8.5)
    arrow = {"arrowstyle": "-|>", "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (left, 2.05), (left - 0.8, 2.05), arrowprops={**arrow, "color": pictures.INK})
    ax.annotate("", (left - 0.8, 1.55), (left, 1.55), arrowprops={**arrow, "color": pictures.PLUS})
    ax.text(left - 0.4, 2.2, "x" if i == 0 else "y", ha="center", color=pictures.INK, fontsize=8)
    ax.text(left - 0.4, 1.1, "dx" if i == 0 else "dy", ha="center", color=pictures.PLUS, fontsize=8)
    if learns:
        ax.annotate(
            "",
            (left + 0.67, 0.55),
            (left + 0.67, 1.35),
            arrowprops={**arrow, "color": pictures.PLUS},
        )
        ax.text(left + 0.67, 0.18, "dw, db", ha="center", color=pictures.PLUS, fontsize=8)
ax.text(1.0, 3.0, "forward: numbers", color=pictures.INK, fontsize=9)
ax.text(5.3, 3.0, "backward: their effect on the loss", color=pictures.PLUS, fontsize=9)
plt.show()

# %% [markdown]
# ## 2.4 Softmax and cross-entropy: what it said less what it should have said
#
# We take the two together, because their product is so much simpler than either. With
# $\log p_k = z_k - \log \sum_l e^{z_l}$,
#
# $$ \frac{\partial \log p_k}{\partial z_j} = [j = k] - \frac{e^{z_j}}{\sum_l e^{z_l}}
#    = [j = k] - p_j $$
#
# where $[j = k]$ is 1 if $j = k$ and 0 if not. So for one drawing, with
# $L = -\sum_k t_k \log p_k$,
#
# $$ \frac{dL}{dz_j} = -\sum_k t_k \bigl([j = k] - p_j\bigr) = -t_j + p_j \sum_k t_k = p_j - t_j $$
#
# since the targets add up to 1. (In a batch each drawing counts for $1/n$.) *What the network
# said, less what it should have said.* After pages of exponentials, what is left is a subtraction.

# %%
dlogits = SoftmaxCrossEntropy().backward(saved)
target = np.array([1.0, 0, 0, 0, 0])
assert np.allclose(dlogits[0], p[0] - target)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.1))
pictures.bars(axes[0], classes, p[0], "what it said: p")
pictures.bars(axes[1], classes, target, "what it should have said: t", form="{:g}")
pictures.bars(axes[2], classes, dlogits[0], "dL/dz = p − t", with_sign=True)
plt.show()

# %%
pictures.code(SoftmaxCrossEntropy.backward)

# %% [markdown]
# Read it like this: raising the cat's logit would *lower* the loss (blue), raising the dolphin's
# would raise it most (orange).
#
# ## 2.5 Dense: two matrix products
#
# Forward, $y_{b,k} = \sum_i x_{b,i}\, w_{i,k} + \beta_k$, for drawing $b$ of the batch (the bias is
# called $\beta$ here, so that $b$ is free). Write $G$ for what we are told, $G_{b,k} =
# dL/dy_{b,k}$.
#
# **The weight** $w_{i,k}$ acts on output $k$ of every drawing, and there it is multiplied by
# $x_{b,i}$. Add up the ways:
#
# $$ \frac{dL}{dw_{i,k}} = \sum_b G_{b,k} \frac{\partial y_{b,k}}{\partial w_{i,k}}
#    = \sum_b x_{b,i}\, G_{b,k} \qquad\Longrightarrow\qquad dW = X^{\mathsf T} G $$
#
# **The bias** is the same with 1 in place of $x$: $d\beta_k = \sum_b G_{b,k}$.
#
# **The input** $x_{b,i}$ acts on all outputs of its drawing, each through its own weight:
#
# $$ \frac{dL}{dx_{b,i}} = \sum_k G_{b,k} \frac{\partial y_{b,k}}{\partial x_{b,i}}
#    = \sum_k G_{b,k}\, w_{i,k} \qquad\Longrightarrow\qquad dX = G\, W^{\mathsf T} $$
#
# A good way to remember them: there is only one way to multiply the matrices at hand such that
# their shapes fit. Two drawings, three inputs, two outputs:

# %%
small_x = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0]])  # (2, 3)
W = np.array([[1.0, -1.0], [2.0, 0.0], [0.0, 1.0]])  # (3, 2)
y, saved = Dense(2).forward(small_x, W, np.zeros(2))
G = np.array([[1.0, 0.0], [-1.0, 2.0]])  # suppose that we are told this
dx, gradients = Dense(2).backward(G, saved)

assert np.array_equal(gradients["weight"], small_x.T @ G)
assert np.array_equal(gradients["bias"], G.sum(axis=0))
assert np.array_equal(dx, G @ W.T)
i, k = 1, 0  # one of them by hand: drawing 0 and drawing 1
assert gradients["weight"][i, k] == 2.0 * 1.0 + 1.0 * -1.0

# %% tags=["hide-input"]
figure, axes = plt.subplots(
    1, 9, figsize=(pictures.WIDTH, 1.6), width_ratios=[2, 0.6, 2, 0.6, 2, 0.9, 2, 0.6, 3]
)
draw = {"with_sign": True, "form": "{:g}"}
pictures.numbers(axes[0], small_x.T, "Xᵀ", **draw)
pictures.sign(axes[1], "·", 16)
pictures.numbers(axes[2], G, "G", **draw)
pictures.sign(axes[3], "=", 16)
pictures.numbers(axes[4], gradients["weight"], "dW", **draw)
axes[5].axis("off")
pictures.numbers(axes[6], G, "G", **draw)
pictures.sign(axes[7], "·Wᵀ =", 12)
pictures.numbers(axes[8], dx, "dX", **draw)
plt.show()

# %%
pictures.code(Dense.backward)

# %% [markdown]
# ## 2.6 Flatten and ReLU: renaming, and a gate
#
# **Flatten** computed nothing, it only renamed. So the derivative of each number is the derivative
# of the same number under its new name, and the backward pass is the reshape back.
#
# **ReLU**, $y = \max(x, 0)$, acts on each number alone. Its slope is 1 where $x > 0$ and 0 where
# $x < 0$:
#
# $$ dx = dy \cdot [x > 0] $$
#
# A gate: where the signal went through, the gradient goes back through; where it was stopped, the
# gradient is stopped. At $x = 0$ exactly there is a kink and no derivative. We have to choose, and
# choose 0, so that a cell that says nothing learns nothing. (Blank paper is full of exact zeros, so
# this is no rare case.)

# %%
rng = np.random.default_rng(1)
before = rng.normal(size=(5, 5)).round(1)
dy = rng.normal(size=(5, 5)).round(1)
_, saved = ReLU().forward(before)
dx, _ = ReLU().backward(dy, saved)
assert np.array_equal(dx, np.where(before > 0, dy, 0))

_, saved = Flatten().forward(np.zeros((2, 64, 7, 7)))
assert Flatten().backward(np.ones((2, 3136)), saved)[0].shape == (2, 64, 7, 7)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.4))
draw = {"with_sign": True, "form": "{:.1f}", "size": 7.5}
pictures.numbers(axes[0], before, "x, as it came in", **draw)
pictures.numbers(axes[1], dy, "dy, as it comes back", **draw)
pictures.numbers(axes[2], dx + 0.0, "dx: only where x was positive", **draw)
plt.show()

# %%
pictures.code(ReLU.backward, Flatten.backward)

# %% [markdown]
# ## 2.7 Pooling: the winner takes it all
#
# Max-pooling gives out the largest number of each window. Nudge the winner, and the output moves
# just as much; nudge another cell, and nothing happens, for it is not the largest. So the slope is
# 1 for the winner and 0 for all others: each window's gradient goes whole to the cell that won it.
#
# $$ dx_{r,t} = \sum_{\text{windows } (u,v) \text{ that } (r,t) \text{ won}} dy_{u,v} $$
#
# (A sum, because windows may overlap, and one cell may win several.) If cells tie, we must choose
# again, and take the first in reading order. Forward, the layer saves who won; the backward pass
# needs no more.

# %%
before = np.array([[1.0, 3, 2, 0], [4, 2, 0, 7], [0, 0, 5, 1], [0, 0, 2, 6]])
dy = np.array([[1.5, -1.0], [0.8, 2.0]])
y, saved = MaxPool2D(2).forward(before[None, None])
dx, _ = MaxPool2D(2).backward(dy[None, None], saved)
assert dx[0, 0, 1, 0] == 1.5
assert dx[0, 0, 1, 3] == -1.0
assert dx[0, 0, 2, 0] == 0.8  # four zeros tie: the first has it
assert dx[0, 0, 3, 3] == 2.0

# %% tags=["hide-input"]
figure, axes = plt.subplots(
    1, 6, figsize=(pictures.WIDTH, 2.0), width_ratios=[4, 0.8, 2, 2, 0.8, 4]
)
pictures.numbers(axes[0], before, "x", form="{:g}")
pictures.sign(axes[1], "→")
pictures.numbers(axes[2], y[0, 0], "y", form="{:g}")
pictures.numbers(axes[3], dy, "dy", with_sign=True, form="{:g}")
pictures.sign(axes[4], "→")
pictures.numbers(axes[5], dx[0, 0], "dx", with_sign=True, form="{:g}")
for ax in (axes[0], axes[5]):
    for u in range(2):
        for v in range(2):
            pictures.frame(ax, 2 * u, 2 * v, 2, 2, color=pictures.INK)
plt.show()

# %%
pictures.code(MaxPool2D.backward)

# %% [markdown]
# ## 2.8 Convolution: every weight collects, every cell collects
#
# Here is the part that looks frightening and is not. Take one channel and one filter, stride 1 and
# no padding:
#
# $$ y_{u,v} = \sum_{i,j} x_{u+i,\;v+j}\; w_{i,j} + \beta $$
#
# **The weight** $w_{i,j}$ takes part in *every* place $(u, v)$, and there it is multiplied by the
# cell that it lies on, $x_{u+i,\,v+j}$. Add up the ways:
#
# $$ \frac{dL}{dw_{i,j}} = \sum_{u,v} \frac{dL}{dy_{u,v}}\; x_{u+i,\;v+j} $$
#
# Look closely: that is the patch sum again, of the picture $x$ with $dy$ as the filter. *Every
# weight collects, over all places, the gradient there times what it saw there.*
#
# **The bias** takes part in every place, with the factor 1: $d\beta = \sum_{u,v} dy_{u,v}$.
#
# **The cell** $x_{r,t}$ is lain on by weight $w_{i,j}$ when the filter stands at $(r - i, t - j)$.
# Add up the ways, leaving out places that do not exist:
#
# $$ \frac{dL}{dx_{r,t}} = \sum_{i,j} \frac{dL}{dy_{r-i,\;t-j}}\; w_{i,j} $$
#
# *Every cell collects, from all weights that passed over it, the weight times the gradient of the
# place where it happened.* The minus signs say that the filter is turned round by 180°.
#
# As programs, formula by formula:


# %%
def convolution_backward(x, w, dy):
    """dL/dw, dL/dbias and dL/dx, word for word."""
    dw, dx = np.zeros_like(w), np.zeros_like(x)
    for u in range(dy.shape[0]):
        for v in range(dy.shape[1]):
            for i in range(w.shape[0]):
                for j in range(w.shape[1]):
                    dw[i, j] += dy[u, v] * x[u + i, v + j]
                    dx[u + i, v + j] += dy[u, v] * w[i, j]
    return dw, dy.sum(), dx


picture = np.array([[0.0, 1, 2, 0], [0, 3, 1, 0], [1, 2, 0, 2], [2, 0, 3, 1]])
w = np.array([[1.0, -1.0], [2.0, 0.0]])
y, saved = Conv2D(1, 2).forward(picture[None, None], w[None, None], np.zeros(1))
dy = np.array([[1.0, 0, -1], [0, 2, 0], [0, 0, 1]])
dx, gradients = Conv2D(1, 2).backward(dy[None, None], saved)

dw_slow, db_slow, dx_slow = convolution_backward(picture, w, dy)
assert np.array_equal(gradients["weight"][0, 0], dw_slow)
assert np.array_equal(gradients["bias"], [db_slow])
assert np.array_equal(dx[0, 0], dx_slow)
# … and with words from the text: x correlated with dy, and dy with the filter turned round.
assert dw_slow[0, 1] == (picture[0:3, 1:4] * dy).sum()
turned = w[::-1, ::-1]
around = np.pad(dy, 1)
assert dx_slow[2, 1] == (around[2:4, 1:3] * turned).sum()

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 5, figsize=(pictures.WIDTH, 1.95), width_ratios=[4, 2, 3, 2, 4])
draw = {"with_sign": True, "form": "{:g}"}
pictures.numbers(axes[0], picture, "x", form="{:g}")
pictures.numbers(axes[1], w, "w", **draw)
pictures.numbers(axes[2], dy, "dy", **draw)
pictures.numbers(axes[3], dw_slow, "dw", **draw)
pictures.numbers(axes[4], dx_slow + 0.0, "dx", **draw)
pictures.frame(axes[0], 0, 1, 3, 3, color=pictures.INK)
pictures.frame(axes[3], 0, 1, 1, 1, color=pictures.INK)
plt.show()

# %%
terms = [f"{d:g}·{c:g}" for d, c in zip(dy.ravel(), picture[0:3, 1:4].ravel(), strict=True) if d]
print("dw, top right, is the framed part of x times dy:", " + ".join(terms), "=", dw_slow[0, 1])

# %% [markdown]
# ### How the library does it
#
# In [chapter 1](1_forward.py) convolution was a matrix product, $Z = WP + \beta$, with a patch in
# each column of $P$. So its backward pass is that of a dense layer, which we have just worked out.
# With $G = dL/dZ$:
#
# $$ dW = G\,P^{\mathsf T}, \qquad d\beta = \text{row sums of } G, \qquad dP = W^{\mathsf T} G $$
#
# Only one thing is new. A cell of $x$ stands in several columns of $P$, once for each weight that
# passes over it, and its derivative is the sum of theirs. So each column of $dP$ is *added back*
# where its patch was taken. That is `add_patches`, the mirror image of `patches`:

# %%
pictures.code(Conv2D.backward, add_patches)

# %% [markdown]
# ## 2.9 All the way back
#
# These are all the pieces. The engine runs forward, keeping what each layer saved, then runs
# through the layers again from last to first, handing `dy` from one to the next:

# %%
pictures.code(type(engine).gradients)
start = time.perf_counter()
loss, logits, gradient_vector = engine.gradients(parameters, x, label)
seconds = time.perf_counter() - start
print(f"loss {loss:.4f}, and {gradient_vector.size:,} slopes in {1000 * seconds:.0f} ms")

where, shape = network.layout["conv2.weight"]  # is the one that we nudged among them?
gradient = gradient_vector[where].reshape(shape)
print(f"backward {gradient[12, 5, 1, 1]:.8f}, nudged {by_nudging:.8f}")
assert np.isclose(gradient[12, 5, 1, 1], by_nudging)

# %% [markdown]
# Let us watch the gradient on its way. For this we do what the engine does, and keep every `dy`:

# %%
y, trail = x, []
for stage in network.stages:
    y, saved = stage.layer.forward(y, **parameters.of(stage))
    trail.append((stage, y, saved))

dy = SoftmaxCrossEntropy().backward(SoftmaxCrossEntropy().forward(y, label)[1])
values, slopes = {}, {}
for stage, y, saved in reversed(trail):
    values[stage.name], slopes[stage.name] = y, dy
    dy, _ = stage.layer.backward(dy, saved)
dx = dy

for name in reversed(slopes):
    shape = "×".join(str(n) for n in slopes[name].shape[1:])
    stopped = np.mean(slopes[name] == 0)
    print(f"dL/d(output of {name:8}) {shape:>9}   {stopped:4.0%} of it exactly zero")
print(f"dL/d(picture)            {'×'.join(str(n) for n in dx.shape[1:]):>9}")

# %%
strongest2 = np.argsort(-np.abs(slopes["pool2"][0]).sum(axis=(1, 2)))[:8]
strongest1 = np.argsort(-np.abs(slopes["pool1"][0]).sum(axis=(1, 2)))[:8]
rows = [
    ("pool2", strongest2, "after pool2"),
    ("relu2", strongest2, "back through the pool:\nto the winners only"),
    ("conv2", strongest2, "back through ReLU:\nthe gate"),
    ("pool1", strongest1, "back through conv2:\nspread over 3 × 3 patches"),
    ("conv1", strongest1, "back through pool\nand ReLU"),
]

# %% tags=["hide-input"]
figure, axes = plt.subplots(
    len(rows), 9, figsize=(pictures.WIDTH, 4.6), width_ratios=[2.1] + [1] * 8
)
for line, (name, channels, text) in zip(axes, rows, strict=True):
    line[0].axis("off")
    line[0].text(1, 0.5, text, ha="right", va="center", color=pictures.INK, fontsize=8)
    norm = pictures.limits(slopes[name][0, channels], with_sign=True)
    for ax, channel in zip(line[1:], channels, strict=True):
        pictures.paper(ax, slopes[name][0, channel], with_sign=True, norm=norm)
plt.show()

# %% [markdown]
# Eight of the channels with the strongest gradient, from the top down as the gradient flows. See
# how pooling hands each window's gradient to a single cell, how ReLU closes its gates, and how the
# convolution spreads every number over a patch again.
#
# At the very end comes the derivative by the *picture*. No one asked for it, and yet it is the
# nicest of all. It says which ink should be added (blue: there, more ink would lower the loss) or
# wiped away (orange) to make this picture more of a cat, *in the eyes of a network that knows
# nothing yet*. In chapter 3 we shall ask a network that has learnt.

# %%
figure = pictures.row(
    [X, dx[0, 0]], ["the cat", "dL/d(picture)"], with_sign=[False, True], height=2.7
)

# %% [markdown]
# ## 2.10 One step
#
# Now change every number a little **against** its slope, $w \leftarrow w - \eta\, \dfrac{dL}{dw}$,
# with a small step $\eta$, and look at the same drawing again:

# %%
stepped = parameters.copy()
stepped.vector -= 0.001 * gradient_vector
after = engine.predict(stepped, x)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(pictures.WIDTH, 2.1))
pictures.bars(axes[0], classes, p[0], f"before: L = {-np.log(p[0, 0]):.2f}", marked="cat")
pictures.bars(
    axes[1], classes, after[0], f"after one step: L = {-np.log(after[0, 0]):.2f}", marked="cat"
)
plt.show()

# %%
assert after[0, 0] > p[0, 0]

# %% [markdown]
# It has learnt something, if only this one drawing by heart. Before we let it loose on thousands,
# one thing remains to be done.
#
# ## 2.11 Trust, but check
#
# A wrong gradient is a nasty fault. Nothing crashes; the network just learns badly, and one blames
# the data. But we have a way to *know*: section 2.2. Nudging is hopelessly slow for all weights,
# and exactly right for checking some of them.
#
# How large should $\varepsilon$ be? By Taylor's formula, the nudged slope is off by
# $\tfrac{\varepsilon^2}{6} L'''$, since the even terms cancel between up and down. So make it
# small! But a computer keeps about 16 digits, and the two losses agree in most of them: their
# difference is off by some $10^{-16}$, and dividing by $2\varepsilon$ makes that
# $10^{-16}/\varepsilon$. Too small is as bad as too large:

# %%
# First a little noise on all numbers: fresh biases are exactly 0, so on blank paper every ReLU
# would sit exactly on its kink, where there is no derivative to compare with.
parameters.vector += 0.01 * np.random.default_rng(7).normal(size=network.size)
gradient = parameters.copy()
gradient.vector[:] = engine.gradients(parameters, x, label).vector


def relative_error(a, b):
    return abs(a - b) / max(abs(a), abs(b))


name, index = "dense2.weight", (np.abs(gradient["dense2.weight"][:, 0]).argmax(), 0)
epsilons = 10.0 ** np.arange(-12, 0.1, 0.5)
errors = [relative_error(slope_by_nudging(name, index, e), gradient[name][index]) for e in epsilons]

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 2.5))
ax.loglog(epsilons, errors, "o-", color=pictures.INK, ms=4)
ax.text(1e-11, 1e-9, "too small:\nrounding", color=pictures.GREY)
ax.text(3e-2, 1e-7, "too large:\nthe curve bends", color=pictures.GREY, ha="center")
ax.set(xlabel="ε", ylabel="relative error")
plt.show()

# %% [markdown]
# At $\varepsilon \approx 10^{-5}$ nudging and chain rule agree in nine digits or more. Now the same
# for the weight with the steepest slope in each table of the network, and for three at random:

# %%
print(f"{'parameter':14} {'backward':>14} {'nudged':>14} {'relative error':>15}")
rng = np.random.default_rng(0)
for name in parameters:
    steepest = np.unravel_index(np.abs(gradient[name]).argmax(), gradient[name].shape)
    chosen = [steepest] + [tuple(rng.integers(gradient[name].shape)) for _ in range(3)]
    worst = 0.0
    for index in chosen:
        by_backward, by_nudging = gradient[name][index], slope_by_nudging(name, index)
        if max(abs(by_backward), abs(by_nudging)) > 1e-7:  # else both are zero, up to rounding
            worst = max(worst, relative_error(by_backward, by_nudging))
    assert worst < 1e-4
    numeric = slope_by_nudging(name, steepest)
    print(f"{name:14} {gradient[name][steepest]:14.10f} {numeric:14.10f} {worst:15.1e}")

# %% [markdown]
# And one check for *all* 420,997 at once. Pick a random direction $d$ in the space of all weights
# and walk along it. The slope of the loss on this walk must be $\sum_i \frac{dL}{dw_i} d_i$; a
# fault in any slope would show:

# %%
direction = np.random.default_rng(3).normal(size=network.size)
direction /= np.linalg.norm(direction)


def loss_along(step):
    moved = parameters.copy()
    moved.vector += step * direction
    return SoftmaxCrossEntropy().forward(engine.forward(moved, x), label)[0]


walked = (loss_along(1e-5) - loss_along(-1e-5)) / 2e-5
predicted = gradient.vector @ direction
print(
    f"walked {walked:.10f}, predicted {predicted:.10f}: "
    f"relative error {relative_error(walked, predicted):.1e}"
)
assert relative_error(walked, predicted) < 1e-5

# %% [markdown]
# The library's tests do this for every layer, for hundreds of random shapes, strides and paddings,
# and you can do it for any network with `inkgrad check`.
#
# We have a gradient, and we know that it is right. [Chapter 3](3_training.py): learning.
