# Writes gradients/: a tiny decoder, a batch, its losses and every gradient, by PyTorch.
#
#   pip install torch transformers safetensors     (made with torch 2.15.0, transformers 5.23.0)
#   python3 make_gradients.py
#
# Arithmetic in float64, so that what is written is right to float32. The loss is LCA's as credit-methods.md 1.2 has it
# (softmax-weighted sum of step probabilities, cross-entropy against the outcome, mean over rollouts), plus 0.3 times the
# mean next-token loss of the steps of correct rollouts.

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForTokenClassification

HERE = Path(__file__).resolve().parent / "gradients"
TEMPERATURE = 0.1
LANGUAGE_WEIGHT = 0.3

config = Qwen2Config(
    hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
    vocab_size=48, max_position_embeddings=256, rope_theta=10000.0, rms_norm_eps=1e-6, tie_word_embeddings=True,
    num_labels=2, attn_implementation="eager", use_sliding_window=False,
)
torch.manual_seed(20261121)
model = Qwen2ForTokenClassification(config).double().eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_(torch.randn_like(parameter) * (0.2 if parameter.dim() == 2 else 0.3))
        if name.endswith("norm.weight"):
            parameter.add_(1.0)
        parameter.copy_(parameter.float().double())

# Rollouts of one token less and more than a block of 64 queries, and a very short one.
generator = torch.Generator().manual_seed(1)
rollouts = []
for length, prompt, reads, correct in [
    (23, 7, [9, 14, 22], True), (65, 10, [12, 30, 63, 64], False), (130, 20, [40, 129], True), (2, 1, [1], False),
]:
    ids = torch.randint(0, config.vocab_size, (length,), generator=generator).tolist()
    rollouts.append({"ids": ids, "reads": reads, "correct": correct, "targets": [prompt, length] if correct else [0, 0]})

temperature = torch.tensor(TEMPERATURE, dtype=torch.float64, requires_grad=True)
losses, words, probabilities = [], [], []
for rollout in rollouts:
    ids = torch.tensor([rollout["ids"]])
    hidden = model.model(input_ids=ids).last_hidden_state[0]
    p = torch.softmax(model.score(hidden[rollout["reads"]]), dim=-1)[:, 1]
    weights = torch.softmax(-p / temperature, dim=0)
    pooled = (weights * p).sum()
    losses.append(-torch.log(pooled if rollout["correct"] else 1 - pooled))
    probabilities.append(p.tolist())
    start, end = rollout["targets"]
    if end > start:
        logits = hidden[start - 1 : end - 1] @ model.model.embed_tokens.weight.T
        words.append(torch.nn.functional.cross_entropy(logits, ids[0, start:end], reduction="none"))
language = torch.cat(words).mean()
outcome = torch.stack(losses).mean()
(outcome + LANGUAGE_WEIGHT * language).backward()

HERE.mkdir(exist_ok=True)
written = model.config.to_dict()
written["architectures"] = ["Qwen2ForTokenClassification"]
written["tie_word_embeddings"] = True
(HERE / "config.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
parameters = dict(model.named_parameters())
save_file({n: p.detach().float().contiguous() for n, p in parameters.items()}, HERE / "model.safetensors")
(HERE / "expected").mkdir(exist_ok=True)
(HERE / "expected/config.json").write_text((HERE / "config.json").read_text())
save_file({n: p.grad.float().contiguous() for n, p in parameters.items()}, HERE / "expected/model.safetensors")
case = {
    "temperature": TEMPERATURE, "language_weight": LANGUAGE_WEIGHT, "rollouts": rollouts,
    "losses": [loss.item() for loss in losses], "language_loss": language.item(),
    "temperature_gradient": temperature.grad.item(), "probabilities": probabilities,
}
(HERE / "case.json").write_text(json.dumps(case, indent=1) + "\n")
print(f"outcome {outcome.item():.6f}, language {language.item():.6f}")
