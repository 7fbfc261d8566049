"""Golden cases of schedulers that the shared fixtures do not have: other options, batches and sizes. Float32, CPU.

Run with torch 2.13, diffusers 0.42.1, scipy: `python make.py` writes the folders beside this file.
"""

import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
SHAPE = (2, 3, 3, 2)
# Their own `sigmas` are none, or not those of the calls.
NO_SIGMAS = ("DDIMScheduler", "DDPMScheduler", "LCMScheduler", "TCDScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler")
STABLE_DIFFUSION = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def case(name, class_name, steps, config, set_timesteps=None, step=None, channels=1):
    """`channels`: how many times the sample's channels the model predicts (2 with a learned variance)."""
    set_timesteps, step = set_timesteps or {}, step or {}
    scheduler = getattr(diffusers, class_name)(**config)
    if "timesteps" in set_timesteps:
        scheduler.set_timesteps(**set_timesteps)
    else:
        scheduler.set_timesteps(steps, **{key: np.array(value) if key == "sigmas" else value for key, value in set_timesteps.items()})

    calls = len(scheduler.timesteps)
    generator = torch.Generator().manual_seed(len(name))
    outputs = torch.randn(calls, SHAPE[0], SHAPE[1] * channels, *SHAPE[2:], generator=generator)
    outputs[:, :, SHAPE[1] :].tanh_()
    noise = torch.randn(calls, *SHAPE, generator=generator)
    init_noise_sigma = float(getattr(scheduler, "init_noise_sigma", 1))
    sample = first = torch.randn(SHAPE, generator=generator) * init_noise_sigma

    drawn = []
    module = sys.modules[type(scheduler).__module__]
    randn_like = torch.randn_like
    scaled, samples = [], []
    for call, timestep in enumerate(scheduler.timesteps):
        draw = lambda *_, **__: drawn.append(call) or noise[call].clone()
        torch.randn_like = draw
        if hasattr(module, "randn_tensor"):
            module.randn_tensor = draw
        scaled.append(scheduler.scale_model_input(sample, timestep) if hasattr(scheduler, "scale_model_input") else sample)
        sample = scheduler.step(outputs[call], timestep, sample, **step, return_dict=False)[0]
        samples.append(sample)
    torch.randn_like = randn_like
    assert torch.isfinite(torch.stack(samples)).all(), name

    tensors = {
        "in.sample": first,
        "in.model_output": outputs,
        "out.timesteps": scheduler.timesteps.float(),
        "out.scaled": torch.stack(scaled),
        "out.sample": torch.stack(samples),
    }
    if drawn:
        tensors["in.noise"] = noise
    if hasattr(scheduler, "sigmas") and class_name not in NO_SIGMAS:
        tensors["out.sigmas"] = scheduler.sigmas.float()
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, folder / "io.safetensors")
    scheduler.save_config(folder)
    about = {
        "class_": class_name, "num_inference_steps": steps, "config": config, "set_timesteps": set_timesteps, "step": step,
        "init_noise_sigma": init_noise_sigma, "stochastic": bool(drawn),
    }
    (folder / "about.json").write_text(json.dumps(about, indent=1))


def main():
    sd = STABLE_DIFFUSION
    velocity = {**sd, "prediction_type": "v_prediction"}
    case("ddim-thresholding-eta", "DDIMScheduler", 6, {**sd, "thresholding": True, "sample_max_value": 1.5, "dynamic_thresholding_ratio": 0.8}, step={"eta": 0.7})
    case("ddpm-learned-range", "DDPMScheduler", 6, {**sd, "variance_type": "learned_range", "timestep_spacing": "trailing"}, channels=2)
    case("ddpm-timesteps-fixed-large", "DDPMScheduler", 4, {"variance_type": "fixed_large", "prediction_type": "sample"}, {"timesteps": [901, 402, 99, 0]})
    case("pndm-runge-kutta", "PNDMScheduler", 6, {**sd, "skip_prk_steps": False, "set_alpha_to_one": True})
    case("euler-continuous-exponential", "EulerDiscreteScheduler", 6, {**velocity, "timestep_type": "continuous", "use_exponential_sigmas": True, "final_sigmas_type": "sigma_min"})
    case("euler-log-linear", "EulerDiscreteScheduler", 6, {**velocity, "timestep_type": "continuous", "interpolation_type": "log_linear"})
    case("euler-beta-ends", "EulerDiscreteScheduler", 6, {**sd, "use_beta_sigmas": True, "sigma_min": 0.05, "sigma_max": 10.0, "prediction_type": "sample"})
    case("euler-zero-snr", "EulerDiscreteScheduler", 1, {**velocity, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"})
    case("euler-ancestral-zero-snr", "EulerAncestralDiscreteScheduler", 6, {**velocity, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"})
    case("heun-karras-clip", "HeunDiscreteScheduler", 5, {**velocity, "use_karras_sigmas": True, "clip_sample": True, "timestep_spacing": "trailing"})
    case("lms-karras", "LMSDiscreteScheduler", 7, {**velocity, "use_karras_sigmas": True})
    case("lcm-timesteps", "LCMScheduler", 3, {**sd, "clip_sample": True, "timestep_scaling": 0.05}, {"timesteps": [999, 499, 19]})
    case("tcd-eta", "TCDScheduler", 5, {"prediction_type": "sample", "original_inference_steps": 40}, step={"eta": 0.8})
    case("flow-euler-stochastic-beta", "FlowMatchEulerDiscreteScheduler", 6, {"stochastic_sampling": True, "use_beta_sigmas": True, "shift": 3.0})
    case("flow-euler-exponential-terminal", "FlowMatchEulerDiscreteScheduler", 6, {"use_dynamic_shifting": True, "use_exponential_sigmas": True, "shift_terminal": 0.1}, {"mu": 0.9})
    case("dpm-lu-order-3", "DPMSolverMultistepScheduler", 16, {**sd, "use_lu_lambdas": True, "solver_order": 3, "lower_order_final": False})
    case("dpm-noise-order-3", "DPMSolverMultistepScheduler", 7, {**velocity, "algorithm_type": "dpmsolver", "solver_order": 3, "final_sigmas_type": "sigma_min", "thresholding": True})
    case("dpm-sde-noise-heun", "DPMSolverMultistepScheduler", 7, {**sd, "algorithm_type": "sde-dpmsolver", "solver_type": "heun", "final_sigmas_type": "sigma_min", "euler_at_final": True, "lower_order_final": False})
    case("dpm-sde-order-3", "DPMSolverMultistepScheduler", 7, {**sd, "algorithm_type": "sde-dpmsolver++", "solver_order": 3, "variance_type": "learned"}, channels=2)
    case("dpm-clipped-cosine", "DPMSolverMultistepScheduler", 6, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1, "solver_type": "heun"})
    case("dpm-dynamic-flow", "DPMSolverMultistepScheduler", 6, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True}, {"mu": 0.8})
    case("unipc-noise-bh1", "UniPCMultistepScheduler", 7, {**velocity, "predict_x0": False, "solver_type": "bh1", "solver_order": 3, "final_sigmas_type": "sigma_min", "lower_order_final": False})
    case("unipc-correctors", "UniPCMultistepScheduler", 7, {**sd, "disable_corrector": [0, 3], "solver_order": 3, "use_exponential_sigmas": True, "sigma_min": 0.05, "thresholding": True})
    case("unipc-flow-sigmas", "UniPCMultistepScheduler", 5, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 2.0, "shift_terminal": 0.1}, {"sigmas": [1.0, 0.8, 0.5, 0.3, 0.1]})
    cosxl = {"sigma_min": 0.002, "sigma_max": 120.0, "sigma_data": 1.0, "prediction_type": "v_prediction", "sigma_schedule": "exponential"}
    case("edm-euler", "EDMEulerScheduler", 6, {})
    case("edm-euler-cosxl", "EDMEulerScheduler", 5, cosxl)
    case("edm-euler-rho", "EDMEulerScheduler", 1, {"rho": 5.0, "final_sigmas_type": "sigma_min"})
    case("edm-dpm", "EDMDPMSolverMultistepScheduler", 6, {"solver_order": 3})
    case("edm-dpm-heun", "EDMDPMSolverMultistepScheduler", 6, {**cosxl, "solver_type": "heun", "euler_at_final": True, "thresholding": True, "sample_max_value": 2.0, "final_sigmas_type": "sigma_min", "lower_order_final": False})
    case("edm-dpm-sde", "EDMDPMSolverMultistepScheduler", 5, {"algorithm_type": "sde-dpmsolver++", "euler_at_final": True})
    case("deis", "DEISMultistepScheduler", 6, {**sd, "timestep_spacing": "leading", "steps_offset": 1})
    case("deis-order-3", "DEISMultistepScheduler", 16, {**velocity, "solver_order": 3, "timestep_spacing": "trailing"})
    case("deis-karras", "DEISMultistepScheduler", 7, {**velocity, "use_karras_sigmas": True, "thresholding": True, "solver_order": 3})
    case("deis-exponential", "DEISMultistepScheduler", 5, {**sd, "use_exponential_sigmas": True, "prediction_type": "sample", "lower_order_final": False})
    case("deis-beta", "DEISMultistepScheduler", 5, {**sd, "use_beta_sigmas": True, "algorithm_type": "dpmsolver++", "solver_type": "heun"})
    case("deis-flow", "DEISMultistepScheduler", 6, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 3.0})
    case("deis-dynamic-flow", "DEISMultistepScheduler", 5, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True}, {"mu": 0.8})
    case("deis-flow-of-diffusion", "DEISMultistepScheduler", 5, {**sd, "prediction_type": "flow_prediction", "solver_order": 1})
    case("single-default", "DPMSolverSinglestepScheduler", 7, sd)
    case("single-order-3", "DPMSolverSinglestepScheduler", 7, {**velocity, "solver_order": 3, "final_sigmas_type": "sigma_min", "lower_order_final": True})
    case("single-order-3-heun", "DPMSolverSinglestepScheduler", 8, {**sd, "solver_order": 3, "solver_type": "heun", "final_sigmas_type": "sigma_min", "lower_order_final": True})
    case("single-order-3-even", "DPMSolverSinglestepScheduler", 6, {**sd, "solver_order": 3, "use_karras_sigmas": True, "thresholding": True})
    case("single-whole-steps", "DPMSolverSinglestepScheduler", 6, {**sd, "solver_order": 3, "solver_type": "heun", "final_sigmas_type": "sigma_min", "use_exponential_sigmas": True})
    case("single-noise", "DPMSolverSinglestepScheduler", 6, {**sd, "algorithm_type": "dpmsolver", "solver_order": 3, "solver_type": "heun", "final_sigmas_type": "sigma_min", "lower_order_final": True})
    case("single-noise-midpoint", "DPMSolverSinglestepScheduler", 5, {**sd, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}, {"timesteps": [951, 700, 401, 200, 3]})
    case("single-sde", "DPMSolverSinglestepScheduler", 6, {**sd, "algorithm_type": "sde-dpmsolver++", "solver_order": 3, "variance_type": "learned"}, channels=2)
    case("single-sde-heun", "DPMSolverSinglestepScheduler", 6, {**sd, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun", "solver_order": 3, "final_sigmas_type": "sigma_min"})
    case("single-clipped-beta", "DPMSolverSinglestepScheduler", 6, {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1, "solver_type": "heun"})
    case("single-beta", "DPMSolverSinglestepScheduler", 5, {**sd, "use_beta_sigmas": True, "prediction_type": "sample"})
    case("single-flow", "DPMSolverSinglestepScheduler", 6, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True, "solver_order": 3}, {"mu": 0.8})
    for kind, name in (("kdpm2", "KDPM2DiscreteScheduler"), ("kdpm2-ancestral", "KDPM2AncestralDiscreteScheduler")):
        case(kind, name, 5, {**sd, "timestep_spacing": "leading", "steps_offset": 1})
        case(f"{kind}-karras", name, 5, {**velocity, "use_karras_sigmas": True})
        case(f"{kind}-exponential", name, 4, {**sd, "use_exponential_sigmas": True, "timestep_spacing": "trailing"})
        case(f"{kind}-beta", name, 4, {"use_beta_sigmas": True})
        case(f"{kind}-defaults", name, 3, {})
    case("unipc-flow", "UniPCMultistepScheduler", 6, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "flow_shift": 3.0})
    case("unipc-dynamic-flow", "UniPCMultistepScheduler", 5, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True, "final_sigmas_type": "sigma_min", "solver_order": 3}, {"mu": 0.8})
    case("unipc-linear-flow", "UniPCMultistepScheduler", 5, {"use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_dynamic_shifting": True, "time_shift_type": "linear", "shift_terminal": 0.05}, {"mu": 1.7})
    case("unipc-zero-snr-beta", "UniPCMultistepScheduler", 5, {**velocity, "rescale_betas_zero_snr": True, "use_beta_sigmas": True, "sigma_max": 20.0})
    case("unipc-zero-snr-trailing", "UniPCMultistepScheduler", 5, {**velocity, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"})
    case("unipc-flow-epsilon", "UniPCMultistepScheduler", 5, {**sd, "use_flow_sigmas": True, "flow_shift": 2.0})
    case("unipc-flow-of-diffusion", "UniPCMultistepScheduler", 5, {**sd, "prediction_type": "flow_prediction"})
    case("unipc-flow-karras", "UniPCMultistepScheduler", 6, {**sd, "use_flow_sigmas": True, "prediction_type": "flow_prediction", "use_karras_sigmas": True, "final_sigmas_type": "sigma_min"})


main()
