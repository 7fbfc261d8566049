/** A mask that is painted: opaque where the image is drawn anew. */
export class MaskCanvas {
  private readonly context: CanvasRenderingContext2D;
  private readonly past: ImageData[] = [];

  /** @param colour that marks what is painted */
  constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly colour: string,
  ) {
    this.context = canvas.getContext("2d", { willReadFrequently: true })!;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get isEmpty(): boolean {
    const { data } = this.pixels();
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) return false;
    return true;
  }

  /** Before a stroke, so that it can be taken back. */
  remember(): void {
    this.past.push(this.pixels());
    if (this.past.length > 12) this.past.shift();
  }

  undo(): void {
    const last = this.past.pop();
    if (last) this.context.putImageData(last, 0, 0);
  }

  /** @param width of the brush, in pixels of the image */
  stroke(from: Point, to: Point, width: number, isErasing: boolean): void {
    this.compose(isErasing ? "destination-out" : "source-over", (context) => {
      context.strokeStyle = this.colour;
      context.lineWidth = width;
      context.lineCap = "round";
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x + 0.01, to.y); // nothing is drawn from a point to itself
      context.stroke();
    });
  }

  clear(): void {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  invert(): void {
    this.compose("xor", (context) => this.fill(context));
  }

  /** Takes over a file: what is bright in it is painted. */
  async show(mask: Blob): Promise<void> {
    const bitmap = await createImageBitmap(mask);
    this.context.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
    bitmap.close();
    const pixels = this.pixels();
    for (let i = 0; i < pixels.data.length; i += 4) pixels.data[i + 3] = pixels.data[i]!;
    this.context.putImageData(pixels, 0, 0);
    this.compose("source-in", (context) => this.fill(context));
  }

  /** White where it is painted, black elsewhere. */
  async file(): Promise<Blob> {
    const { width, height } = this.canvas;
    const copy = new OffscreenCanvas(width, height);
    const context = copy.getContext("2d")!;
    context.drawImage(this.canvas, 0, 0);
    for (const [operation, colour] of [
      ["source-in", "#fff"],
      ["destination-over", "#000"],
    ] as const) {
      context.globalCompositeOperation = operation;
      context.fillStyle = colour;
      context.fillRect(0, 0, width, height);
    }
    return copy.convertToBlob({ type: "image/png" });
  }

  private fill(context: CanvasRenderingContext2D): void {
    context.fillStyle = this.colour;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  private compose(operation: GlobalCompositeOperation, paint: (context: CanvasRenderingContext2D) => void): void {
    this.context.globalCompositeOperation = operation;
    paint(this.context);
    this.context.globalCompositeOperation = "source-over";
  }

  private pixels(): ImageData {
    return this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
  }
}

/** Pixels of the image. */
export interface Point {
  readonly x: number;
  readonly y: number;
}
