"""Runs one model in OpenVINO or PyTorch, for bench/peers. Argument: what to run, as JSON. Then for each line of standard
input "run" a line of JSON with wall and processor seconds; for "output PATH" the last output as raw float32."""

import gc
import json
import os
import sys
import time

ask = json.loads(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = str(ask["threads"])


def say(document):
    print(json.dumps(document), flush=True)


try:
    import numpy
    import torch
    import diffusers

    if ask["peer"] == "openvino":
        import openvino
    if ask["precision"] == "int8":
        import nncf
except ImportError as error:
    say({"missing": f"{error.name} is not installed"})
    sys.exit()

torch.set_num_threads(ask["threads"])
torch.set_grad_enabled(False)


def wave(shape):
    """The same numbers as bench/some-inputs.ts."""
    return torch.from_numpy(numpy.sin(numpy.arange(numpy.prod(shape), dtype=numpy.float64)).astype(numpy.float32).reshape(shape))


def decoder():
    vae = diffusers.AutoencoderKL.from_pretrained(ask["folder"])

    class Decoder(torch.nn.Module):
        def forward(self, z):
            return vae.decoder(vae.post_quant_conv(z))

    module = Decoder()
    module.vae = vae
    side = ask["sizes"]["h"]
    # Traced on a small picture: any other runs through the same layers.
    return module, (wave((1, vae.config.latent_channels, side, side)),), (wave((1, vae.config.latent_channels, 8, 8)),)


def dit():
    model = diffusers.DiTTransformer2DModel.from_pretrained(ask["folder"])
    batch, side = ask["sizes"]["B"], ask["sizes"]["H"]
    width = model.config.num_attention_heads * model.config.attention_head_dim
    model.pos_embed.pos_embed = wave((1, (side // model.config.patch_size) ** 2, width))

    class Denoiser(torch.nn.Module):
        def forward(self, hidden, timestep, labels):
            return model(hidden, timestep, labels, return_dict=False)[0]

    module = Denoiser()
    module.model = model
    labels = torch.ones(batch, dtype=torch.int64)
    inputs = (wave((batch, model.config.in_channels, side, side)), wave((batch,)), labels)
    return module, inputs, inputs


def z_image():
    model = diffusers.ZImageTransformer2DModel.from_pretrained(ask["folder"])
    side, length = 2 * ask["sizes"]["h"], ask["sizes"]["L"]

    class Denoiser(torch.nn.Module):
        def forward(self, hidden, timestep, caption):
            return model([hidden], timestep, [caption], return_dict=False)[0][0]

    module = Denoiser()
    module.model = model
    inputs = (wave((model.config.in_channels, 1, side, side)), wave((1,)).add(0.5), wave((length, model.config.cap_feat_dim)))
    return module, inputs, inputs


def resident():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


module, inputs, traced = {"decoder": decoder, "dit": dit, "z-image": z_image}[ask["model"]]()
module.eval()


def of_torch():
    if ask["precision"] == "bfloat16":
        module.to(torch.bfloat16)
        given = tuple(x.bfloat16() if x.is_floating_point() else x for x in inputs)
        return lambda: module(*given).float().numpy()
    return lambda: module(*inputs).numpy()


def of_openvino():
    core = openvino.Core()
    module(*traced)  # what is made at the first call, such as tables of rotary embeddings, is no part of the trace
    script = torch.jit.trace(module, traced, check_trace=False, strict=False)
    made = openvino.convert_model(script, example_input=traced)
    made.reshape({place: list(x.shape) for place, x in enumerate(inputs)})
    arrays = [x.numpy() for x in inputs]
    if ask["precision"] == "int8":
        again = [[x if x.dtype.kind == "i" else x * numpy.float32(scale) for x in arrays] for scale in (1, 0.8)]
        kind = nncf.ModelType.TRANSFORMER if ask["model"] == "dit" else None
        made = nncf.quantize(made, nncf.Dataset(again), subset_size=len(again), model_type=kind)
    between = {"float32": "f32", "bfloat16": "bf16", "int8": ask.get("between", "bf16")}[ask["precision"]]
    config = {"INFERENCE_PRECISION_HINT": between, "INFERENCE_NUM_THREADS": ask["threads"], "NUM_STREAMS": 1}
    if ask["precision"] != "int8":
        config["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = "0"
    request = core.compile_model(made, "CPU", config).create_infer_request()
    return lambda: numpy.array(request.infer(arrays)[0], dtype=numpy.float32)


try:
    run = {"torch": of_torch, "openvino": of_openvino}[ask["peer"]]()
except Exception as error:  # what it cannot convert
    say({"missing": f"{ask['peer']}: {str(error).strip().splitlines()[0][:200]}"})
    sys.exit()
if ask["peer"] == "openvino":  # what was converted, which others need the memory of
    del module
    gc.collect()
output = run()
version = {"torch": torch, "openvino": sys.modules.get("openvino")}[ask["peer"]].__version__
say({"ready": version.split("-")[0]})
for line in sys.stdin:
    command, _, path = line.strip().partition(" ")
    if command == "run":
        wall, processor = time.perf_counter(), time.process_time()
        output = run()
        cost = {"seconds": time.perf_counter() - wall, "processor": time.process_time() - processor}
        say({**cost, "bytes": resident()})
    else:
        numpy.ascontiguousarray(output).tofile(path)
        say({"written": path})
