"""Loads a model directory with Python's transformers and compares it with what is known of it.

    python3 load_in_transformers.py MODEL REFERENCE TEXT IDS

REFERENCE has logits; IDS, a JSON list, is what the directory's tokenizer makes of the file TEXT.

Exit status 0: logits are equal within 1e-4 of the largest, every tensor was used and none missing,
and the tokenizer gives the ids and from them the text. 77: transformers, PyTorch or safetensors is
not there. 1: anything else.
"""
import json
import pathlib
import sys

try:
    import torch
    import transformers
    from safetensors.torch import load_file
except ImportError as missing:
    print(missing)
    sys.exit(77)

directory, reference_path, text_path, ids_path = sys.argv[1:]

text = pathlib.Path(text_path).read_bytes().decode()
ids = json.loads(pathlib.Path(ids_path).read_text())
tokenizer = transformers.AutoTokenizer.from_pretrained(directory)
seen = tokenizer(text, add_special_tokens=False).input_ids
if seen != ids:
    sys.exit(f"{directory}: {type(tokenizer).__name__} gives {seen}, wanted {ids}")
if tokenizer.decode(ids) != text:
    sys.exit(f"{directory}: {type(tokenizer).__name__} decodes to {tokenizer.decode(ids)!r}")
if tokenizer.eos_token != "<|endoftext|>":
    sys.exit(f"{directory}: the end of a text is {tokenizer.eos_token!r}")

reference = load_file(reference_path)
model, report = transformers.AutoModelForCausalLM.from_pretrained(
    directory, output_loading_info=True, torch_dtype=torch.float32
)
for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
    if report[kind]:
        sys.exit(f"{directory}: {kind}: {report[kind]}")
model.eval()
with torch.no_grad():
    logits = model(reference["input_ids"].long()).logits
difference = (logits - reference["logits"]).abs().max() / reference["logits"].abs().max()
print(f"transformers {transformers.__version__}: logits differ by {difference:.1e}")
sys.exit(not difference < 1e-4)
