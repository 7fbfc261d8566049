"""Passes of the models that bench/device.ts measures, with PyTorch and diffusers on this machine's card: a JSON line each."""

import json
import sys
import time


def tell(what, how=None, **rest):
    print(json.dumps({"part": "torch", "what": what, **({"how": how} if how else {}), **rest}, separators=(",", ":")), flush=True)


def models(small):
    import torch
    from diffusers import DiTTransformer2DModel, UNet2DConditionModel, ZImageTransformer2DModel

    def unet(device, dtype):
        size = 16 if small else 64
        sizes = {"block_out_channels": (32, 64, 64, 64)} if small else {}
        model = UNet2DConditionModel(sample_size=size, cross_attention_dim=768, attention_head_dim=8, norm_num_groups=32, **sizes)
        inputs = (torch.randn(2, 4, size, size), torch.tensor([500]), torch.randn(2, 77, 768))
        return model, inputs, lambda m, x: m(*x).sample

    def dit(device, dtype):
        sizes = (2, 8, 2) if small else (16, 72, 28)
        model = DiTTransformer2DModel(
            num_attention_heads=sizes[0], attention_head_dim=sizes[1], num_layers=sizes[2],
            in_channels=4, out_channels=8, sample_size=32, patch_size=2, num_embeds_ada_norm=1000,
        )
        inputs = (torch.randn(2, 4, 32, 32), torch.tensor([500, 500]), torch.tensor([207, 1000]))
        return model, inputs, lambda m, x: m(x[0], timestep=x[1], class_labels=x[2]).sample

    def z_image(device, dtype):
        dim, layers, side = (128, 2, 8) if small else (1280, 10, 32)
        model = ZImageTransformer2DModel(
            dim=dim, n_layers=layers, n_heads=dim // 128, n_kv_heads=dim // 128, in_channels=32, cap_feat_dim=128,
        )
        inputs = ([torch.randn(32, 1, side, side)] * 2, torch.tensor([0.5, 0.5]), [torch.randn(32, 128)] * 2)
        return model, inputs, lambda m, x: m(*x)[0]

    return {"SD 1.5 U-Net": unet, "DiT-XL/2": dit, "Z-Image shape": z_image}


def moved(value, device, dtype):
    import torch

    if isinstance(value, (list, tuple)):
        return type(value)(moved(item, device, dtype) for item in value)
    return value.to(device, dtype if torch.is_floating_point(value) else None)


def main(small):
    try:
        import diffusers
        import torch
    except ImportError as error:
        return tell("PyTorch", said=f"not installed: {error}")
    if not torch.cuda.is_available() and not small:
        return tell("PyTorch", said=f"{torch.__version__} sees no card")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    card = torch.cuda.get_device_name() if device == "cuda" else "the CPU"
    tell("PyTorch", said=f"{torch.__version__}, diffusers {diffusers.__version__}, on {card}")
    if device == "cpu":
        torch.set_num_threads(1)  # small, and not what is measured
    wait = torch.cuda.synchronize if device == "cuda" else lambda: None
    for dtype in (torch.float32, torch.float16) if device == "cuda" else (torch.float32,):
        for name, make in models(small).items():
            title = f"{name}, small" if small else name
            how = str(dtype).removeprefix("torch.")
            try:
                model, inputs, run = make(device, dtype)
                model = model.to(device, dtype).eval()
                inputs = moved(inputs, device, dtype)
                with torch.no_grad():
                    for _ in range(2):
                        run(model, inputs)
                    wait()
                    times = []
                    for _ in range(5):
                        start = time.perf_counter()
                        run(model, inputs)
                        wait()
                        times.append(time.perf_counter() - start)
                tell(title, how, value=min(times) * 1000, unit="ms a pass")
            except Exception as error:
                tell(title, how, said=f"{type(error).__name__} {error}".splitlines()[0][:200])


main(sys.argv[1:] == ["small"])
