"""Times training steps of a GPT-2 in PyTorch on random tokens, as training.c does ours. Prints
tokens a second, the best of three rounds, and the most memory that was used in MiB.

    train.py LAYERS WIDTH HEADS VOCABULARY BATCH LENGTH STEPS THREADS
"""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

layers, width, heads, vocabulary, batch, length, steps, threads = map(int, sys.argv[1:])
ROUNDS, WARM_STEPS = 3, 2
torch.set_num_threads(threads)
torch.manual_seed(1)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x, mask):
        q, k, v = (
            part.view(batch, length, heads, width // heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, dim=2)
        )
        scores = q @ k.transpose(2, 3) * (width // heads) ** -0.5 + mask
        attended = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.out(attended)
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)
        mask = torch.full((length, length), float("-inf")).triu(1)
        self.register_buffer("mask", mask)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.places.weight
        for block in self.blocks:
            x = block(x, self.mask)
        logits = F.linear(self.norm(x), self.tokens.weight)
        return F.cross_entropy(logits.view(-1, vocabulary), targets.view(-1))


model = GPT2()
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}],
    lr=3e-4, betas=(0.9, 0.95))
targets = torch.randint(vocabulary, (batch, length))
inputs = torch.cat([torch.zeros(batch, 1, dtype=torch.long), targets[:, :-1]], 1)


def step():
    loss = model(inputs, targets)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


for _ in range(WARM_STEPS):
    step()
best = 0
for _ in range(ROUNDS):
    start = time.perf_counter()
    for _ in range(steps):
        step()
    best = max(best, steps * batch * length / (time.perf_counter() - start))
print(f"{best:.1f} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}")
