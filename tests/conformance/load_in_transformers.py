"""Loads a model directory with Python's transformers and compares its logits with a reference.

    python3 load_in_transformers.py MODEL REFERENCE

Exit status 0: equal within 1e-4 of the largest logit, and every tensor was used and none missing.
77: transformers, PyTorch or safetensors is not there. 1: anything else.
"""
import sys

try:
    import torch
    import transformers
    from safetensors.torch import load_file
except ImportError as missing:
    print(missing)
    sys.exit(77)

directory, reference_path = sys.argv[1:]
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
