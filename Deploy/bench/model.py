"""A process reward model of a Qwen2.5 shape with random weights, as transformers builds it."""

import torch
from transformers import Qwen2Config, Qwen2Model

from workloads import SHAPES, VOCABULARY, reads


class RewardModel(torch.nn.Module):
    """Tokens [batch][length] and places in them, flat, to the probability of class 1 at those places."""

    def __init__(self, shape):
        super().__init__()
        config = Qwen2Config(
            **SHAPES[shape], vocab_size=VOCABULARY, rope_theta=1e6, rms_norm_eps=1e-6, max_position_embeddings=4096,
            use_cache=False, attn_implementation="sdpa",
        )
        torch.manual_seed(20261121)
        self.body = Qwen2Model(config)
        self.head = torch.nn.Parameter(torch.randn(2, config.hidden_size) * 0.02)

    def forward(self, tokens, places):
        # No mask: padding stands on the right, where a causal model does not look, and without a mask the attention
        # takes its fastest way. The dictionary keeps transformers from making one.
        positions = torch.arange(tokens.shape[1]).unsqueeze(0)
        hidden = self.body(
            input_ids=tokens, attention_mask={"full_attention": None}, position_ids=positions
        ).last_hidden_state
        # A bare matrix, so that no library quantises the head.
        return torch.softmax(hidden.flatten(0, 1)[places] @ self.head.T, dim=-1)[:, 1]


def tensors(batch):
    """Requests, padded on the right, as tokens [batch][longest] and flat places of their rewards."""
    longest = max(map(len, batch))
    rows = torch.tensor([request + [0] * (longest - len(request)) for request in batch])
    places = torch.tensor([row * longest + place for row, request in enumerate(batch) for place in reads(request)])
    return rows, places
