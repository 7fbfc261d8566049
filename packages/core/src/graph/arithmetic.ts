import { onnxType } from "../onnx/onnx-types";
import type { DType } from "../tensor";
import { Emitter } from "./emitter";
import * as infer from "./infer";
import type { Value } from "./value";

/** Operators that compute element by element, and products of matrices. */
export abstract class Arithmetic extends Emitter {
  /** `a + b`, element by element. @returns the shape that both broadcast to, as numpy does */
  add(a: Value, b: Value): Value {
    return this.binary("Add", a, b);
  }
  /** `a - b`, element by element. @returns the shape that both broadcast to */
  sub(a: Value, b: Value): Value {
    return this.binary("Sub", a, b);
  }
  /** `a * b`, element by element. @returns the shape that both broadcast to */
  mul(a: Value, b: Value): Value {
    return this.binary("Mul", a, b);
  }
  /** `a / b`, element by element. @returns the shape that both broadcast to */
  div(a: Value, b: Value): Value {
    return this.binary("Div", a, b);
  }
  /** Product of matrices. @param a `[..., M, K]` @param b `[..., K, N]` @returns `[..., M, N]` */
  matmul(a: Value, b: Value): Value {
    return this.node("MatMul", [a, b], infer.matmul(this.path, a.shape, b.shape));
  }
  /** `a` where `condition` (bool), else `b`. */
  where(condition: Value, a: Value, b: Value): Value {
    const shape = infer.broadcast(
      this.path,
      "Where",
      condition.shape,
      infer.broadcast(this.path, "Where", a.shape, b.shape),
    );
    return this.node("Where", [condition, a, b], shape, { dtype: a.dtype });
  }
  /** Plus one: `1 + x`. */
  onePlus(x: Value): Value {
    return this.add(x, this.constant(1));
  }
  /** `x sigmoid(x)`; QuickGelu with alpha 1 is the fused kernel. */
  silu(x: Value): Value {
    return this.node("QuickGelu", [x], x.shape, { domain: "com.microsoft", attributes: { alpha: { float: 1 } } });
  }
  /** `x sigmoid(1.702 x)`. */
  quickGelu(x: Value): Value {
    return this.node("QuickGelu", [x], x.shape, { domain: "com.microsoft", attributes: { alpha: { float: 1.702 } } });
  }
  /** Gaussian error linear unit, exact or with the tanh approximation. */
  gelu(x: Value, approximate: "none" | "tanh" = "none"): Value {
    return this.node("Gelu", [x], x.shape, { attributes: { approximate: { text: approximate } } });
  }
  /** `max(x, 0)`, in the shape of `x`. */
  relu(x: Value): Value {
    return this.unary("Relu", x);
  }
  /** Hyperbolic tangent, in the shape of `x`. */
  tanh(x: Value): Value {
    return this.unary("Tanh", x);
  }
  /** Sine of radians, in the shape of `x`. */
  sin(x: Value): Value {
    return this.unary("Sin", x);
  }
  /** Cosine of radians, in the shape of `x`. */
  cos(x: Value): Value {
    return this.unary("Cos", x);
  }
  /** Square root, in the shape of `x`. */
  sqrt(x: Value): Value {
    return this.unary("Sqrt", x);
  }
  /** `exp(x)` over its sum along an axis, in the shape of `x`. */
  softmax(x: Value, axis = -1): Value {
    return this.node("Softmax", [x], x.shape, { attributes: { axis: { int: axis } } });
  }
  /** The same values in another type, in the shape of `x`. */
  cast(x: Value, dtype: DType): Value {
    return this.node("Cast", [x], x.shape, { dtype, attributes: { to: { int: onnxType[dtype] } } });
  }

  private binary(op: string, a: Value, b: Value): Value {
    return this.node(op, [a, b], infer.broadcast(this.path, op, a.shape, b.shape));
  }

  private unary(op: string, x: Value): Value {
    return this.node(op, [x], x.shape);
  }
}
