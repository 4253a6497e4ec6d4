"""PyTorch on a GPU, at the works of bench/gpu.sh. Prints a CSV row for each: work, program, value,
unit. Weights are random, and so are tokens; speed does not depend on them.

    gpu_torch.py [--warm] WORK...

WORK is one of the names in `works` below. With --warm each is done as little as it takes to compile
it, and nothing is printed: compiled code is kept on disk, so that timing it later begins at once.

The models are plain code, as a reader of PyTorch's own guides would write it: bf16, attention by
scaled_dot_product_attention, torch.compile, fused AdamW, a cache in room that was taken before, and
decoding steps that are captured as a CUDA graph. `generate` is what transformers offers.
"""
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WARM_STEPS, ROUNDS = 3, 3
DEVICE, BF16 = "cuda", torch.bfloat16
warming = False


class Shape:
    def __init__(self, layers, width, heads, vocabulary, activation):
        self.layers, self.width, self.heads = layers, width, heads
        self.vocabulary, self.activation = vocabulary, activation
        self.size = width // heads


OPT_125M = Shape(12, 768, 12, 50272, F.relu)
SCRATCH = Shape(4, 256, 4, 4096, lambda x: F.gelu(x, approximate="tanh"))


class Cache(nn.Module):
    """Keys and values of a layer: (batch, heads, positions, size)."""

    def __init__(self, shape, batch, positions):
        super().__init__()
        room = (batch, shape.heads, positions, shape.size)
        self.register_buffer("keys", torch.zeros(room, dtype=BF16, device=DEVICE))
        self.register_buffer("values", torch.zeros(room, dtype=BF16, device=DEVICE))


def attend_by_kernel(q, keys, values, seen):
    """One query a sequence, by PyTorch's kernels."""
    return F.scaled_dot_product_attention(q, keys, values, attn_mask=seen)


def attend_by_sums(q, keys, values, seen):
    """The same as products and sums, which torch.compile makes kernels of."""
    scores = (q.float() * keys.float()).sum(-1) * q.shape[-1] ** -0.5
    scores = scores.masked_fill(~seen[0], float("-inf")).softmax(-1)
    return (scores.unsqueeze(-1) * values.float()).sum(-2, keepdim=True).to(q.dtype)


class Block(nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.norm1, self.norm2 = nn.LayerNorm(shape.width), nn.LayerNorm(shape.width)
        self.qkv = nn.Linear(shape.width, 3 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        self.up = nn.Linear(shape.width, 4 * shape.width)
        self.down = nn.Linear(4 * shape.width, shape.width)

    def heads_of(self, x):
        batch, length, _ = x.shape
        return (part.view(batch, length, self.shape.heads, self.shape.size).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(self.shape.width, dim=2))

    def rest(self, x, attended):
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        return x + self.down(self.shape.activation(self.up(self.norm2(x))))

    def forward(self, x, cache=None):
        """Whole sequences; keeps keys and values where there is a cache."""
        q, k, v = self.heads_of(x)
        if cache is not None:
            cache.keys[:, :, :x.shape[1]] = k
            cache.values[:, :, :x.shape[1]] = v
        return self.rest(x, F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def step(self, x, place, cache, seen, attend):
        """One token a sequence, at position `place`, a tensor (1)."""
        q, k, v = self.heads_of(x)
        cache.keys.index_copy_(2, place, k)
        cache.values.index_copy_(2, place, v)
        return self.rest(x, attend(q, cache.keys, cache.values, seen))


class Model(nn.Module):
    def __init__(self, shape, positions):
        super().__init__()
        self.shape = shape
        self.tokens = nn.Embedding(shape.vocabulary, shape.width)
        self.places = nn.Embedding(positions, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(shape.width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)

    def logits(self, x):
        return F.linear(self.norm(x), self.tokens.weight)

    def loss(self, tokens, targets):
        x = self.tokens(tokens) + self.places.weight[:tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return F.cross_entropy(self.logits(x).view(-1, self.shape.vocabulary), targets.view(-1))

    def prefill(self, tokens, caches):
        x = self.tokens(tokens) + self.places.weight[:tokens.shape[1]]
        for block, cache in zip(self.blocks, caches):
            x = block(x, cache)
        return draw(self.logits(x[:, -1]))

    def step(self, token, place, caches, attend):
        x = (self.tokens(token) + self.places(place)).unsqueeze(1)
        seen = (torch.arange(caches[0].keys.shape[2], device=DEVICE) <= place).view(1, 1, 1, -1)
        for block, cache in zip(self.blocks, caches):
            x = block.step(x, place, cache, seen, attend)
        return draw(self.logits(x[:, 0]))


def draw(logits):
    """A token of each row from its softmax: the first of exponential clocks."""
    p = logits.float().softmax(-1)
    return torch.argmax(p / torch.empty_like(p).exponential_(1), dim=-1)


def seconds(call):
    torch.cuda.synchronize()
    start = time.perf_counter()
    call()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def row(work, program, value, unit="tokens/s"):
    if not warming:
        print(f"{work},{program},{value:.2f},{unit}", flush=True)


# Training ----------------------------------------------------------------------------------------


class Training:
    def __init__(self, shape, batch, length, mode=None):
        with torch.device(DEVICE):
            self.model = Model(shape, length)
        matrices = [p for p in self.model.parameters() if p.dim() > 1]
        vectors = [p for p in self.model.parameters() if p.dim() == 1]
        self.optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0}],
            lr=3e-4, betas=(0.9, 0.95), fused=True)
        self.targets = torch.randint(shape.vocabulary, (batch, length), device=DEVICE)
        self.inputs = self.targets.roll(1, 1)
        self.loss = torch.compile(self.model.loss, mode=mode)

    def steps(self, count):
        for _ in range(count):
            torch.compiler.cudagraph_mark_step_begin()
            with torch.autocast("cuda", dtype=BF16):
                loss = self.loss(self.inputs, self.targets)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)


def train(work, batch, length, steps):
    training = Training(OPT_125M, batch, length)
    training.steps(WARM_STEPS)
    rounds = 0 if warming else ROUNDS
    best = max((steps * batch * length / seconds(lambda: training.steps(steps))
                for _ in range(rounds)), default=0)
    row(work, "PyTorch: autocast + compile", best)


# Sampling ----------------------------------------------------------------------------------------


class Sampling:
    """Continues prompts of one length; a decoding step is a CUDA graph."""

    def __init__(self, shape, batch, prompt, new, attend):
        self.prompt, self.new = prompt, new
        with torch.device(DEVICE):
            self.model = Model(shape, prompt + new).to(BF16)
        room = -(-(prompt + new) // 8) * 8  # kernels like multiples of 8
        self.caches = nn.ModuleList(Cache(shape, batch, room) for _ in range(shape.layers))
        self.prompts = torch.randint(shape.vocabulary, (batch, prompt), device=DEVICE)
        self.prefill = torch.compile(self.model.prefill)
        self.token = torch.zeros(batch, dtype=torch.long, device=DEVICE)
        self.place = torch.full((1,), prompt, dtype=torch.long, device=DEVICE)
        step = torch.compile(self.model.step)

        def advance():
            self.token.copy_(step(self.token, self.place, self.caches, attend))
            self.place.add_(1)

        self.start()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(WARM_STEPS):
                self.place.fill_(prompt)
                advance()
        torch.cuda.current_stream().wait_stream(aside)
        self.graph = torch.cuda.CUDAGraph()
        self.place.fill_(prompt)
        with torch.cuda.graph(self.graph):
            advance()

    def start(self):
        self.token.copy_(self.prefill(self.prompts, self.caches))
        self.place.fill_(self.prompt)

    def run(self):
        self.start()
        made = [self.token.clone()]
        for _ in range(self.new - 1):
            self.graph.replay()
            made.append(self.token.clone())
        return torch.stack(made, 1).cpu()


def sample(work, attend, name):
    batch, prompt, new = 1024, 64, 64
    with torch.no_grad():
        sampling = Sampling(OPT_125M, batch, prompt, new, attend)
        best = 0
        for _ in range(0 if warming else ROUNDS + 1):
            best = max(best, batch * new / seconds(sampling.run))
    row(work, f"PyTorch: static cache + compile + graph ({name})", best)


def generate(work, batch, prompt, new, beams):
    from transformers import OPTConfig, OPTForCausalLM
    if warming:
        return
    config = OPTConfig(vocab_size=50272, hidden_size=768, num_hidden_layers=12, ffn_dim=3072,
                       num_attention_heads=12, max_position_embeddings=2048,
                       word_embed_proj_dim=768, dropout=0.0)
    model = OPTForCausalLM(config).to(DEVICE, BF16).eval()
    prompts = torch.randint(4, 50272, (batch, prompt), device=DEVICE)

    def run(count):
        made = model.generate(prompts, attention_mask=torch.ones_like(prompts),
                              max_new_tokens=count, min_new_tokens=count, do_sample=beams == 1,
                              num_beams=beams, top_k=0, pad_token_id=1)
        assert made.shape == (batch, prompt + count)

    with torch.no_grad():
        run(4)
        row(work, "transformers: generate", batch * new / seconds(lambda: run(new)))


# An arm of scratch-lm ------------------------------------------------------------------------

SCRATCH_TOKENS = 3_060_000  # of WikiText-2's training text, by a tokenizer of 4,096 trained on it


def scratch():
    batch, length, epochs = 256, 128, 4
    steps = epochs * SCRATCH_TOKENS // (batch * length)
    training = Training(SCRATCH, batch, length, "reduce-overhead")
    training.steps(WARM_STEPS)
    fit = seconds(lambda: training.steps(1 if warming else steps))
    del training
    torch.cuda.empty_cache()
    rows, calls = 2048, -(-SCRATCH_TOKENS // (2048 * length))
    with torch.no_grad():
        sampling = Sampling(SCRATCH, rows, 1, length, attend_by_kernel)
        drawn = seconds(lambda: [sampling.run() for _ in range(1 if warming else calls)])
    row("scratch-lm-arm-wikitext-2", "PyTorch: 8 x (fit + sample); no metrics", 8 * (fit + drawn),
        "s")


works = {
    "train-512x64": lambda: train("train-512x64", 512, 64, 20),
    "train-32x1024": lambda: train("train-32x1024", 32, 1024, 20),
    "sample-1024": lambda: sample("sample-1024", attend_by_kernel, "sdpa"),
    "sample-1024-sums": lambda: sample("sample-1024", attend_by_sums, "sums"),
    "generate-1024": lambda: generate("sample-1024", 1024, 64, 64, 1),
    "beam5-256": lambda: generate("beam5-256", 256, 64, 64, 5),
    "scratch-lm": scratch,
}


def main(names):
    global warming
    warming = "--warm" in names
    names = [name for name in names if name != "--warm"]
    if not names or any(name not in works for name in names):
        print(f"usage: gpu_torch.py [--warm] WORK..., of {', '.join(works)}", file=sys.stderr)
        return 2
    if not torch.cuda.is_available():
        print("gpu_torch.py: PyTorch finds no GPU here", file=sys.stderr)
        return 77
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    failed = 0
    for name in names:
        try:
            works[name]()
        except Exception as error:  # what is left is measured all the same
            print(f"gpu_torch.py: {name}: {error}"[:2000], file=sys.stderr)
            failed = 1
        torch.compiler.reset()
        torch.cuda.empty_cache()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
