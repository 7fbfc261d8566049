#!/usr/bin/env bash
# ONNX Runtime 1.30 on the CPU, float16 weights behind a cast to float32, as models are stored that are to take half of the
# memory. With the optimizer "ConstantFolding" disabled the cast stays, at the levels "basic" and "extended". At the default
# level "all" it is gone all the same, and each weight is a float32 copy in memory: another optimizer,
# FuseFp16InitializerToFp32NodeTransformer, does the same behind it, and has to be disabled by its own name. Weights in
# bfloat16 keep their cast at every level.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q onnxruntime==1.30.0 onnx==1.23.2
cat > "$folder/fold.py" <<'PY'
import sys

import onnx
import onnxruntime
from onnx import TensorProto, helper

made = sys.argv[1]
LEVELS = onnxruntime.GraphOptimizationLevel
both = "ConstantFolding;FuseFp16InitializerToFp32NodeTransformer"


def weights(stored, disabled, level):
    """The type of the weight in the model that runs."""
    weight = helper.make_tensor("w", stored, [64, 64], bytes(2 * 64 * 64), raw=True)
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["x", "wide"], ["y"]),
        ],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 64])],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = made
    options.log_severity_level = 3
    options.add_session_config_entry("optimization.disable_specified_optimizers", disabled)
    onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return ",".join(TensorProto.DataType.Name(each.data_type) for each in onnx.load(made).graph.initializer)


half, brain = TensorProto.FLOAT16, TensorProto.BFLOAT16
print(
    "FOUND extended", weights(half, "ConstantFolding", LEVELS.ORT_ENABLE_EXTENDED),
    "all", weights(half, "ConstantFolding", LEVELS.ORT_ENABLE_ALL),
    "both off", weights(half, both, LEVELS.ORT_ENABLE_ALL),
    "bfloat16", weights(brain, "ConstantFolding", LEVELS.ORT_ENABLE_ALL),
)
PY
found=$("$folder/venv/bin/python" "$folder/fold.py" "$folder/made.onnx" 2>/dev/null | grep FOUND)
echo "$found"
[ "$found" = "FOUND extended FLOAT16 all FLOAT both off FLOAT16 bfloat16 BFLOAT16" ]
