"""Times sampling from a transformer with random parameters in PyTorch, as sampling.c does ours:
prints new tokens a second of decode time, the prompts' own pass excluded, the best of three rounds.

    sample.py ARCHITECTURE LAYERS WIDTH HEADS VOCABULARY BATCH PROMPT NEW THREADS

Keys and values are written into room that was taken before; the first of NEW tokens comes from the
prompts' pass and is not counted.
"""
import sys
import time

import torch
from torch.nn import functional as F

architecture = sys.argv[1]
layers, width, heads, vocabulary, batch, prompt, new, threads = map(int, sys.argv[2:])
ROUNDS = 3
size = width // heads
torch.set_num_threads(threads)
torch.manual_seed(1)


def matrix(rows, columns):
    return torch.randn(rows, columns) * 0.02


def vectors(count):
    return torch.ones(count), torch.zeros(count)


class Layer:
    def __init__(self):
        self.norm1, self.norm2 = vectors(width), vectors(width)
        self.qkv = matrix(3 * width, width), torch.zeros(3 * width)
        self.out = matrix(width, width), torch.zeros(width)
        self.up = matrix(4 * width, width), torch.zeros(4 * width)
        self.down = matrix(width, 4 * width), torch.zeros(width)
        self.keys = torch.empty(batch, heads, prompt + new, size)
        self.values = torch.empty(batch, heads, prompt + new, size)


blocks = [Layer() for _ in range(layers)]
tokens_table = matrix(vocabulary, width)
places_table = matrix(prompt + new, width)
last_norm = vectors(width)


def norm(x, parameters):
    return F.layer_norm(x, (width,), *parameters)


def activation(x):
    return F.relu_(x) if architecture == "opt" else F.gelu(x, approximate="tanh")


def forward(tokens, start):
    """Tokens (batch, count) at positions start, ...; gives logits of the last ones."""
    count = tokens.shape[1]
    end = start + count
    x = tokens_table[tokens] + places_table[start:end]
    mask = torch.full((count, end), float("-inf")).triu(start + 1) if count > 1 else None
    for layer in blocks:
        qkv = F.linear(norm(x, layer.norm1), *layer.qkv).view(batch, count, 3, heads, size)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        layer.keys[:, :, start:end] = k
        layer.values[:, :, start:end] = v
        scores = (q * size ** -0.5) @ layer.keys[:, :, :end].transpose(2, 3)
        if mask is not None:
            scores += mask
        attended = scores.softmax(-1) @ layer.values[:, :, :end]
        x = x + F.linear(attended.transpose(1, 2).reshape(batch, count, width), *layer.out)
        x = x + F.linear(activation(F.linear(norm(x, layer.norm2), *layer.up)), *layer.down)
    return F.linear(norm(x[:, -1], last_norm), tokens_table)


def choose(logits):
    return torch.multinomial(logits.softmax(-1), 1)


with torch.inference_mode():
    best = 0
    for _ in range(ROUNDS):
        token = choose(forward(torch.randint(vocabulary, (batch, prompt)), 0))
        begun = time.perf_counter()
        for step in range(new - 1):
            token = choose(forward(token, prompt + step))
        best = max(best, batch * (new - 1) / (time.perf_counter() - begun))
print(f"{best:.1f}")
