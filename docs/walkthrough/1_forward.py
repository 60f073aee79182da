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
# # 1. Forward: from a doodle to five numbers
#
# Someone draws a cat in twenty seconds. You see at once that it is a cat. How could a machine see
# it, when all that it is given is a table of grey levels?
#
# In four chapters we build such a machine out of school mathematics: sums, products, a maximum,
# an exponential, and a good deal of the chain rule. Nothing is hidden in a framework. Beside every
# formula you find the lines of [inkgrad](../index.md) that carry it out, and the numbers that come
# out when they run on this page.
#
# - **This chapter** follows a drawing *forward* through the network, to five numbers that say how
#   much it looks like a cat, a dog, a dolphin, an elephant or a zebra.
# - [**Chapter 2**](2_backward.py) goes *backward*: it works out how each of the network's 420,997
#   numbers ought to change for the answer to get better.
# - [**Chapter 3**](3_training.py) repeats the two until the network has learnt.
# - [**Chapter 4**](4_modern.py) goes deeper: what keeps a network of many layers from learning, and
#   the ideas that changed that.
#
# You need to know what a function and a derivative are. Of Python you need little more than
# arrays.

# %%
import json

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import Normalize

import pictures
from inkgrad.drawing import rasterize
from inkgrad.engines import make_engine
from inkgrad.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU, log_softmax, softmax
from inkgrad.layers.conv import patches
from inkgrad.layers.layer import he_normal, output_length
from inkgrad.network import seed_network

pictures.use_style()

# %% [markdown]
# ## 1.1 A picture is a table of numbers
#
# A drawing begins as *strokes*: for each stroke, where the pen went. Here is one cat of ten
# strokes, with x to the right and y **down**, as screens have it.

# %%
with open("cat.json") as file:
    strokes = json.load(file)

print("strokes:", len(strokes))
print("the left whiskers:", strokes[6], strokes[7])

# %% [markdown]
# *Rasterising* lays a grid of 28 × 28 cells over the drawing and notes how much of each cell the
# ink covers, from 0 (blank) to 255 (full). We divide by 255, so that every number lies between 0
# and 1, and call the table $X$. Its cell in row $r$ and column $t$ is $x_{r,t}$; rows and columns
# are counted from 0.

# %%
bitmap = rasterize(strokes)
X = bitmap / 255.0
print(bitmap.dtype, bitmap.shape, "from", bitmap.min(), "to", bitmap.max())

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 3.0), width_ratios=[1, 1, 1.25])
for xs, ys in strokes:
    axes[0].plot(
        xs, ys, color=pictures.INK, lw=2, marker="o", ms=2.5, mfc=pictures.PLUS, mec="none"
    )
axes[0].set(aspect="equal", xlim=(-14, 270), ylim=(262, -10), xticks=[], yticks=[])
axes[0].set_title("strokes: points in a row")
for spine in axes[0].spines.values():
    spine.set(visible=True, color=pictures.PALE)
pictures.paper(axes[1], X, "the picture X: 28 × 28")
pictures.frame(axes[1], 2, 2, 7, 7)
pictures.numbers(axes[2], X[2:9, 2:9], "its left ear, as the network is given it", size=8)
plt.show()

# %% [markdown]
# That is all there is. Whatever the network will know about cats, it must get out of these 784
# numbers.
#
# ## 1.2 The patch sum: how well does a small picture fit here?
#
# No single cell says much. What matters is how a cell stands to its neighbours: ink with blank
# paper on both sides is a line, and lines make ears and whiskers. So we take a *filter* $K$, a
# tiny picture of weights $k_{i,j}$, lay it on a *patch* of the same size, multiply cell by cell,
# and add up. A constant $b$, the *bias*, is added too:
#
# $$ z = \sum_{i=0}^{f-1} \sum_{j=0}^{f-1} x_{r+i,\;t+j}\; k_{i,j} \;+\; b $$
#
# The filter has $f$ rows and columns (here $f = 3$), and $(r, t)$ is where its top left corner
# lies. Where the weights are positive, ink raises the sum; where they are negative, ink lowers it.
# So the sum is large where the picture looks like the filter. This filter looks for an upright
# line, one cell wide:

# %%
upright = np.array([[-1.0, 2.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, 2.0, -1.0]])
b = -0.5
r, t = 6, 3  # the side of its left ear

z = (X[r : r + 3, t : t + 3] * upright).sum() + b
figure = pictures.patch_sum(X, r, t, upright, b)
print("z =", round(z, 4))

# %% [markdown]
# A bias of −0.5 says: *do not speak up unless the fit is better than 0.5.*
#
# ## 1.3 Sliding the filter: Z = X ∗ K + b
#
# Now lay the same filter on **every** patch and write each sum where it was taken. The result is a
# picture again, of *where* the filter fits:
#
# $$ Z = X * K + b, \qquad
#    z_{u,v} = \sum_{i=0}^{f-1} \sum_{j=0}^{f-1} x_{u+i,\;v+j}\; k_{i,j} + b $$
#
# This is called *convolution*. (A mathematician would object: in a true convolution the filter is
# first turned round by 180°, and what we have is a *correlation*. As the network will choose the
# weights itself, it makes no difference, and the whole field says convolution.)
#
# Written as a program, it is the formula with four loops:


# %%
def convolve(X, K, b):
    """The formula, word for word."""
    f = len(K)
    rows, columns = X.shape[0] - f + 1, X.shape[1] - f + 1
    Z = np.zeros((rows, columns))
    for u in range(rows):
        for v in range(columns):
            Z[u, v] = b
            for i in range(f):
                for j in range(f):
                    Z[u, v] += X[u + i, v + j] * K[i, j]
    return Z


filters = {
    "upright": upright,
    "level": upright.T,
    "rising": np.array([[-1.0, -1, 2], [-1, 2, -1], [2, -1, -1]]),
    "falling": np.array([[2.0, -1, -1], [-1, 2, -1], [-1, -1, 2]]),
}
answers = {name: convolve(X, K, b) for name, K in filters.items()}

# %% tags=["hide-input"]
figure, axes = plt.subplots(
    2, 5, figsize=(pictures.WIDTH, 2.9), height_ratios=[0.55, 1.35], width_ratios=[1] * 5
)
axes[0, 0].axis("off")
pictures.paper(axes[1, 0], X, "X")
for column, name in enumerate(filters, start=1):
    pictures.numbers(axes[0, column], filters[name], name, with_sign=True, form="{:g}", size=7)
    pictures.paper(axes[1, column], answers[name], "Z: where it fits", with_sign=True)
plt.show()

# %% [markdown]
# Orange is a good fit, blue the opposite. Four filters have taken the cat apart into upright,
# level, rising and falling lines: look for the sides of the ears in the first, for the top of the
# head, the mouth and the chin in the second, and for both sides of the jaw in the last two.
#
# Here is inkgrad's own convolution, on the same four filters. A layer takes a whole *batch* of
# pictures at once, so arrays have four axes: (which picture, channel, row, column). A channel is
# one table of a picture; ours has a single one, the ink.

# %%
x = X[None, None]  # (1, 1, 28, 28): one picture, one channel
weight = np.stack(list(filters.values()))[:, None]  # (4, 1, 3, 3): four filters for one channel
bias = np.full(4, b)

Z, _ = Conv2D(filters=4, size=3).forward(x, weight, bias)
print(x.shape, "→", Z.shape)
assert np.allclose(Z[0], list(answers.values()))  # the same numbers, for all four

# %% [markdown]
# ### How the library does it
#
# Four nested loops in Python are slow. The library writes every patch as one **column** of a big
# matrix $P$, and every filter as one **row** of a matrix $W$. Then row times column is precisely
# the patch sum, and all of them together are a single matrix product, $Z = WP + b$. In small, with
# a picture of 3 × 4 cells and a 2 × 2 filter:

# %%
small = np.arange(1.0, 13.0).reshape(3, 4)
K = np.array([[1.0, 0.0], [0.0, -1.0]])
P = patches(small[None, None], size=(2, 2), stride=(1, 1), padding=(0, 0))

# %% tags=["hide-input"]
figure, axes = plt.subplots(
    1, 6, figsize=(pictures.WIDTH, 1.9), width_ratios=[4.2, 0.5, 4, 6.2, 0.5, 6.2]
)
pictures.numbers(axes[0], small, "a picture", form="{:g}")
pictures.frame(axes[0], 0, 0, 2, 2)
sign = pictures.sign
sign(axes[1], "→")
axes[2].axis("off")
pictures.numbers(
    axes[2].inset_axes([0, 0.34, 1, 0.32]), K.reshape(1, 4), "W", with_sign=True, form="{:g}"
)
pictures.numbers(axes[3], P, "P: a column for each patch", form="{:g}")
pictures.frame(axes[3], 0, 0, 4, 1)
sign(axes[4], "=")
axes[5].axis("off")
pictures.numbers(
    axes[5].inset_axes([0, 0.34, 1, 0.32]),
    K.reshape(1, 4) @ P,
    "Z = W P",
    with_sign=True,
    form="{:g}",
)
plt.show()

# %%
assert np.array_equal((K.reshape(1, 4) @ P).reshape(2, 3), convolve(small, K, 0))

# %% [markdown]
# (Every entry is −5, because in this picture each cell is 5 less than the one to its lower right.)
# Now you can read the real thing; comments at the ends of lines are the shapes, with $n$ pictures,
# $C$ channels and $K$ filters:

# %%
pictures.code(Conv2D.forward, patches)

# %% [markdown]
# ## 1.4 Padding, stride, and how large the answer is
#
# A 3 × 3 filter has only 26 places to lie on an axis of 28 cells, so $Z$ came out smaller than
# $X$. There is a second loss: a corner cell is seen by a single patch, and a cell in the middle by
# nine. What happens at the edge is nearly overlooked.
#
# *Padding* mends both: before sliding, surround the picture by $p$ rows and columns of zeros
# (blank paper). With $f = 3$ and $p = 1$, the answer is as large as the picture.

# %% tags=["hide-input"]
seen_without = np.array(
    [[min(r + 1, 7 - r, 3) * min(t + 1, 7 - t, 3) for t in range(7)] for r in range(7)]
)
seen_with = np.array(
    [[min(r + 1, 9 - r, 3) * min(t + 1, 9 - t, 3) for t in range(9)] for r in range(9)]
)
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.9), width_ratios=[7, 9, 9])
norm = Normalize(0, 16)
pictures.numbers(
    axes[0],
    seen_without,
    "no padding: how many patches\nsee each cell of a 7 × 7 picture",
    norm=norm,
    form="{:d}",
)
pictures.numbers(
    axes[1],
    seen_with,
    "padding 1: the picture is the frame,\nits corners are seen by four",
    norm=norm,
    form="{:d}",
)
pictures.frame(axes[1], 1, 1, 7, 7)
pictures.paper(axes[2], np.pad(X, 1), "the cat with padding 1: 30 × 30,\nso Z is 28 × 28")
pictures.frame(axes[2], 1, 1, 28, 28, color=pictures.PLUS)
plt.show()

# %% [markdown]
# A *stride* $s$ takes steps of $s$ cells from one place to the next. How many places $m$ are there,
# then, on an axis of $n$ cells? Padding makes it $n + 2p$ cells long. The filter's first cell may
# stand at $0, s, 2s, \dots$, and at the latest at $n + 2p - f$, or its last cell would hang over
# the edge. Between $0$ and $n + 2p - f$ there are $\lfloor (n+2p-f)/s \rfloor$ steps of length
# $s$, and one more place than there are steps:
#
# $$ m = \left\lfloor \frac{n + 2p - f}{s} \right\rfloor + 1 $$
#
# > **Put right.** The notes that this project grew from print $m = (n + 2p - f + 1)/s$. At stride
# > 1 that is the same. At any other stride it is not: for a window of 2 with stride 2 on 28 cells
# > it gives 13.5 places. The 1 belongs outside the fraction, for it counts a place and not a
# > cell, and what remains of the division is dropped. The right figure is 14.
#
# We need not believe either formula; we can count.


# %%
def count_places(n, f, s, p):
    """Walk along the axis and count."""
    place, count = 0, 0
    while place + f <= n + 2 * p:
        place, count = place + s, count + 1
    return count


for n in range(1, 31):
    for f in range(1, n + 1):
        for s in range(1, 5):
            for p in range(3):
                assert output_length(n, f, s, p) == count_places(n, f, s, p)

print("  n  f  s  p   m   the notes'")
for n, f, s, p in [(28, 3, 1, 0), (28, 3, 1, 1), (28, 2, 2, 0), (14, 2, 2, 0), (7, 3, 2, 0)]:
    wrong = (n + 2 * p - f + 1) / s
    print(f"{n:3} {f:2} {s:2} {p:2} {output_length(n, f, s, p):3} {wrong:8.1f}")

# %% tags=["hide-input"]
figure, ax = plt.subplots(figsize=(pictures.WIDTH, 1.5))
n, f, s = 8, 3, 2
ax.set(xlim=(-0.1, n + 4.4), ylim=(-0.1, 2.9), aspect="equal")
ax.axis("off")
for cell in range(n):
    ax.add_patch(plt.Rectangle((cell, 0), 1, 0.8, fc=pictures.PALE, ec=pictures.GREY, lw=0.8))
    ax.text(cell + 0.5, 0.4, str(cell), ha="center", va="center", color=pictures.INK)
for place in range(output_length(n, f, s)):
    y = 1.15 + 0.5 * place
    ax.plot(
        [place * s + 0.08, place * s + f - 0.08],
        [y, y],
        color=pictures.PLUS,
        lw=5,
        solid_capstyle="butt",
    )
ax.text(
    n + 0.4,
    1.3,
    "8 cells, filter 3, stride 2:\n⌊(8 − 3)/2⌋ + 1 = 3 places;\ncell 7 is reached by none",
    va="center",
    color=pictures.INK,
)
plt.show()

# %% [markdown]
# ## 1.5 ReLU: keep the good fits, drop the rest
#
# A patch sum is positive where the filter fits. Where it is negative, it only says *how badly* it
# does not fit, which is of little use. The *rectified linear unit* cuts that off:
#
# $$ A = \mathrm{ReLU}(Z), \qquad a = \max(z, 0) $$
#
# It looks too simple to matter, and yet the network could do nothing without it. Convolutions are
# sums of products, and a sum of products of sums of products is just another sum of products: a
# hundred such layers in a row can do no more than a single large one. (We shall see this happen
# with two in section 1.9.) The bend at zero is what makes depth worthwhile.

# %%
pictures.code(ReLU.forward)
A, _ = ReLU().forward(Z)
assert (A >= 0).all()
assert np.array_equal(A > 0, Z > 0)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.4))
line = np.linspace(-2, 2, 101)
axes[0].plot(line, np.maximum(line, 0), lw=2)
axes[0].axhline(0, color=pictures.PALE, zorder=0)
axes[0].axvline(0, color=pictures.PALE, zorder=0)
axes[0].set(xlabel="z", ylabel="a = max(z, 0)", aspect="equal", title="ReLU")
pictures.paper(axes[1], Z[0, 2], "Z of the rising lines", with_sign=True)
pictures.paper(axes[2], A[0, 2], "A = ReLU(Z)", with_sign=True)
plt.show()

# %% [markdown]
# ## 1.6 Pooling: that it is there matters more than where
#
# If the ear moves one cell to the left, it is still an ear. *Max-pooling* cuts the picture into
# windows of 2 × 2 and keeps only the largest number of each. That halves both sides, and so leaves
# a quarter of the numbers, and it makes the network care less about the exact place:
#
# $$ y_{u,v} = \max_{0 \le i, j < f}\; x_{su+i,\;sv+j} $$
#
# with $f = s = 2$ here. The size comes from the same formula:
# $\lfloor (28 - 2)/2 \rfloor + 1 = 14$.

# %%
padded, _ = Conv2D(filters=4, size=3, padding=1).forward(x, weight, bias)  # (1, 4, 28, 28)
activation, _ = ReLU().forward(padded)
pooled, _ = MaxPool2D(2).forward(activation)
print(activation.shape, "→", pooled.shape)

corner = activation[0, 2, 2:8, 2:8]
corner_pooled = pooled[0, 2, 1:4, 1:4]
assert np.array_equal(
    corner_pooled,
    [[corner[2 * u : 2 * u + 2, 2 * v : 2 * v + 2].max() for v in range(3)] for u in range(3)],
)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 5, figsize=(pictures.WIDTH, 2.1), width_ratios=[6, 0.7, 3.6, 6, 6])
norm = Normalize(-activation[0, 2].max(), activation[0, 2].max())
pictures.numbers(axes[0], corner, "a corner of A", with_sign=True, norm=norm, form="{:.1f}", size=7)
for u in range(3):
    for v in range(3):
        pictures.frame(axes[0], 2 * u, 2 * v, 2, 2, color=pictures.INK)
sign(axes[1], "→")
pictures.numbers(
    axes[2], corner_pooled, "the largest of each", with_sign=True, norm=norm, form="{:.1f}", size=7
)
pictures.paper(axes[3], activation[0, 2], "A: 28 × 28", with_sign=True)
pictures.paper(axes[4], pooled[0, 2], "pooled: 14 × 14", with_sign=True)
plt.show()

# %%
pictures.code(MaxPool2D.forward)

# %% [markdown]
# ## 1.7 Many filters, many channels
#
# Four filters chosen by hand are a demonstration. The network has 32, and nobody chooses them: it
# will find them itself, in chapter 3. Until then they hold random numbers. The 32 answers to one
# picture are kept as 32 *channels* of a new picture, of shape (32, 28, 28), or (32, 14, 14) after
# pooling.
#
# The next convolution must look at all of these channels at once: *is there a rising line here
# **and** a falling one next to it?* So each of its filters has one 3 × 3 table of weights for
# **each** channel, and the sum runs over the channels too. With $c$ for the input's channel and
# $k$ for the filter's number:
#
# $$ z_{k,u,v} = \sum_{c} \sum_{i,j} x_{c,\;u+i,\;v+j}\; w_{k,c,i,j} + b_k $$
#
# That is the whole of convolution, but for the batch. (In the docstrings the picture's number in
# its batch is called $b$, and the bias therefore $\beta$.) The seed network has 64 filters in its
# second convolution. It turns (32, 14, 14) into (64, 14, 14), and pooling makes that (64, 7, 7).

# %%
network = seed_network(classes=5)
parameters = network.initialise(seed=0, dtype=np.float64)

for name in ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]:
    print(f"{name}: {parameters[name].shape}, {parameters[name].size:,} numbers")

# Layer by layer, by hand:
z1, _ = Conv2D(32, 3, padding=1).forward(x, parameters["conv1.weight"], parameters["conv1.bias"])
a1, _ = ReLU().forward(z1)
p1, _ = MaxPool2D(2).forward(a1)
z2, _ = Conv2D(64, 3, padding=1).forward(p1, parameters["conv2.weight"], parameters["conv2.bias"])
a2, _ = ReLU().forward(z2)
p2, _ = MaxPool2D(2).forward(a2)
print([a.shape[1:] for a in (x, z1, a1, p1, z2, a2, p2)])

# One number of the second convolution, from the formula: filter 5, row 6, column 7.
k, u, v = 5, 6, 7
around = np.pad(p1[0], ((0, 0), (1, 1), (1, 1)))  # (32, 16, 16): padding
patch = around[:, u : u + 3, v : v + 3]  # (32, 3, 3)
by_hand = (patch * parameters["conv2.weight"][k]).sum() + parameters["conv2.bias"][k]
print(f"z[{k}, {u}, {v}] by hand {by_hand:.6f}, by the library {z2[0, k, u, v]:.6f}")
assert np.isclose(by_hand, z2[0, k, u, v])

# %% [markdown]
# The 32 channels after the first convolution, ReLU and pooling, each 14 × 14. Even random filters
# answer to lines of one direction or another:

# %%
figure = pictures.grid(p1[0], columns=16, title="after the first block: (32, 14, 14)")
figure = pictures.grid(p2[0], columns=16, title="after the second block: (64, 7, 7)")

# %% [markdown]
# *Where do random weights come from?* Each is drawn from a normal distribution with variance
# $2/\text{fan-in}$, where the fan-in is the number of terms in the sum (9 in the first convolution,
# 288 in the second). A sum of more terms varies more; smaller weights make up for it, and the 2
# makes up for the half that ReLU cuts away. Thus the numbers keep their size from layer to layer,
# neither dying out nor exploding. This is *He initialisation* (He, Zhang, Ren and Sun, 2015).

# %%
pictures.code(he_normal)

# %% [markdown]
# ## 1.8 Flatten: 3136 numbers in a row
#
# From here on, what counts is not *where* something is but *what it adds up to*. So we lay the
# $64 \times 7 \times 7 = 3136$ numbers in one row, channel by channel, row by row:
#
# $$ y_{(cH + r)W + t} = x_{c,r,t} $$
#
# Nothing is computed; numbers only get new names.

# %%
flat, _ = Flatten().forward(p2)
c, r_, t_ = 10, 3, 4
print(p2.shape, "→", flat.shape)
assert flat[0, (c * 7 + r_) * 7 + t_] == p2[0, c, r_, t_]

# %% [markdown]
# ## 1.9 Dense layers: every output weighs every input
#
# A *dense* layer is the patch sum again, with a patch as large as everything. Each of its outputs
# has a weight for each input:
#
# $$ z_k = \sum_i x_i\, w_{i,k} + b_k, \qquad\text{or, with rows and matrices,}\qquad
#    Z = XW + b $$
#
# The seed network has two in a row: 3136 → 128, ReLU, then 128 → 5, one output for each animal.
# With the flattened picture called $A^0$:
#
# $$ Z^1 = A^0 W^1 + b^1, \qquad A^1 = \mathrm{ReLU}(Z^1), \qquad
#    Z^2 = A^1 W^2 + b^2, \qquad A^2 = \mathrm{softmax}(Z^2) $$
#
# > **Put right.** The notes that this project grew from write $A^2 = \mathrm{softmax}(Z^1 W^2 +
# > b^2)$. The second layer must be fed the *activation* $A^1$, not $Z^1$. With $Z^1$ the ReLU
# > between them would be left out, and the two layers would collapse into one:
# >
# > $$ (A^0 W^1 + b^1) W^2 + b^2 = A^0 \underbrace{(W^1 W^2)}_{\text{one matrix}} +
# >    \underbrace{(b^1 W^2 + b^2)}_{\text{one bias}} $$

# %%
W1, b1 = parameters["dense1.weight"], parameters["dense1.bias"]  # (3136, 128), (128,)
W2, b2 = parameters["dense2.weight"], parameters["dense2.bias"]  # (128, 5), (5,)
b1 = b1 + 0.1  # first biases are zero; for this demonstration they shall not be

Z1, _ = Dense(128).forward(flat, W1, b1)
assert np.allclose(Z1, flat @ W1 + b1)

fed_z1, _ = Dense(5).forward(Z1, W2, b2)  # as the notes have it
one_layer, _ = Dense(5).forward(flat, W1 @ W2, b1 @ W2 + b2)
print("two layers without ReLU:", fed_z1[0].round(4))
print("one layer              :", one_layer[0].round(4))
assert np.allclose(fed_z1, one_layer)

A1, _ = ReLU().forward(Z1)
fed_a1, _ = Dense(5).forward(A1, W2, b2)
print("two layers with ReLU   :", fed_a1[0].round(4))

# %%
pictures.code(Dense.forward)

# %% [markdown]
# ## 1.10 Softmax: five numbers become five probabilities
#
# The last five numbers are called *logits*. The largest stands for the network's answer, but how
# sure is it? The exponential makes every logit positive, and dividing by the sum makes them add up
# to 1:
#
# $$ p_k = \frac{e^{z_k}}{\sum_l e^{z_l}} $$
#
# Adding 1 to a logit multiplies its share by $e \approx 2.7$, whatever the others are. Adding the
# same constant to *all* logits changes nothing, as numerator and denominator grow by the same
# factor. The library uses this to stay out of trouble: $e^{1000}$ is too large for any computer,
# so it first takes the largest logit off them all, and works with logarithms as long as it can:
#
# $$ \log p_k = z_k - m - \log \sum_l e^{z_l - m}, \qquad m = \max_l z_l $$

# %%
classes = ["cat", "dog", "dolphin", "elephant", "zebra"]
logits = np.array([[3.0, 2.0, 0.0, -1.0, 0.5]])
p = softmax(logits)

assert np.allclose(p, np.exp(logits) / np.exp(logits).sum())  # the first formula
assert np.allclose(softmax(logits + 100), p)  # a constant changes nothing
assert np.array_equal(softmax(np.array([[10_000.0, 0.0]])), [[1.0, 0.0]])  # nothing overflows

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 3, figsize=(pictures.WIDTH, 2.1))
pictures.bars(axes[0], classes, logits[0], "logits z", with_sign=True)
pictures.bars(axes[1], classes, np.exp(logits[0]), "$e^z$: all positive")
pictures.bars(axes[2], classes, p[0], "softmax: adds up to 1")
plt.show()

# %%
pictures.code(log_softmax, softmax)

# %% [markdown]
# ## 1.11 All of it
#
# The whole network is the layers in a row. We only say what each does; sizes follow from one
# another:

# %%
pictures.code(seed_network)
print(network.summary())

# %% [markdown]
# Where do 420,997 numbers come from? A filter has $C f^2$ weights and a bias, a dense output has a
# weight for each input and a bias:
#
# $$ \underbrace{32\,(1 \cdot 9 + 1)}_{320} + \underbrace{64\,(32 \cdot 9 + 1)}_{18{,}496} +
#    \underbrace{(3136 + 1) \cdot 128}_{401{,}536} + \underbrace{(128 + 1) \cdot 5}_{645}
#    = 420{,}997 $$
#
# Who carries a network out is called an *engine*; the reference engine is a loop over the layers,
# no more. Does it find the same as our walk by hand?

# %%
assert network.size == 32 * 10 + 64 * 289 + 3137 * 128 + 129 * 5

engine = make_engine("reference", network)
pictures.code(type(engine).forward)

dense1, _ = Dense(128).forward(flat, W1, parameters["dense1.bias"])
by_hand = softmax(ReLU().forward(dense1)[0] @ W2 + b2)
p = engine.predict(parameters, x)
assert np.allclose(p, by_hand)

# %% tags=["hide-input"]
figure, axes = plt.subplots(1, 2, figsize=(pictures.WIDTH, 2.4), width_ratios=[1, 1.6])
pictures.paper(axes[0], X, "the cat")
pictures.bars(axes[1], classes, p[0], "what the untrained network says", marked="cat")
plt.show()

# %% [markdown]
# Nonsense, of course: its 420,997 numbers are random, so its answer is too. But look what we have:
# a function, built of nothing but sums, products and maxima, that is given a drawing and 420,997
# numbers and returns five probabilities. Other numbers would make it return other answers, and
# some would make it say *cat*.
#
# Finding them is the rest of the story. [Chapter 2](2_backward.py) asks of each number: **whose
# fault was it?**
