"""PyTorch as a peer: eager and compiled, float32 and int8. A peer takes the model and gives back what is called."""

import warnings

import torch

warnings.filterwarnings("ignore")


def eager_float32(model, _batches):
    return model


def eager_int8(model, _batches):
    """Weights per channel, activations per tensor, quantised on the fly (FBGEMM or oneDNN, as the machine has it)."""
    import torch.ao.quantization as quantization

    torch.backends.quantized.engine = "x86"
    recipe = {torch.nn.Linear: quantization.per_channel_dynamic_qconfig}
    return quantization.quantize_dynamic(model, recipe, inplace=True)


def compiled_float32(model, batches):
    return compiled(model, batches)


def compiled_int8(model, batches):
    """torchao's per-row activations and per-channel weights, in the compiler's own int8 products."""
    from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

    quantize_(model, Int8DynamicActivationInt8WeightConfig())
    return compiled(model, batches)


def compiled(model, batches):
    """Frozen weights are packed once; one batch shape is compiled as it stands, several as a dynamic one."""
    import torch._inductor.config as inductor

    inductor.freezing = True
    inductor.max_autotune = True
    inductor.max_autotune_gemm_backends = "CPP,ATEN"
    shapes = {(len(batch), max(map(len, batch))) for batch in batches}
    return torch.compile(model, dynamic=len(shapes) > 1)
