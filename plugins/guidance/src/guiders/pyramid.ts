/** A picture of one channel. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly data: Float64Array;
}

/** Binomial weights of a blur along one axis. */
const kernel = [1, 4, 6, 4, 1].map((weight) => weight / 16);

/**
 * Laplacian pyramid, https://doi.org/10.1109/TCOM.1983.1095851: each level but the last is what the next smaller picture
 * lacks; `joined` gives the picture again.
 * @param levels 1 or more; sides are multiples of `2 ** (levels - 1)`
 */
export function pyramidOf(picture: Plane, levels: number): Plane[] {
  if (levels === 1) return [picture];
  const smaller = resized(blurred(picture), picture.height / 2, picture.width / 2);
  const guess = doubled(smaller);
  const rest = picture.data.map((value, i) => value - guess.data[i]!);
  return [{ ...picture, data: rest }, ...pyramidOf(smaller, levels - 1)];
}

export function joined([finest, ...others]: readonly Plane[]): Plane {
  if (others.length === 0) return finest!;
  const guess = doubled(joined(others));
  return { ...finest!, data: finest!.data.map((value, i) => value + guess.data[i]!) };
}

/** With sides that a pyramid can halve: powers of two where they need to be, mirrored at the right and at the bottom. */
export function padded(picture: Plane, levels: number): Plane {
  const { height, width, data } = picture;
  const isPower = (side: number): boolean => (side & (side - 1)) === 0;
  const isWhole = (side: number): boolean => side % 2 ** (levels - 1) === 0;
  if ((isPower(height) || isPower(width)) && isWhole(height) && isWhole(width)) return picture;
  const [rows, columns] = [height, width].map((side) => 2 ** Math.ceil(Math.log2(side))) as [number, number];
  const result = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++)
    for (let x = 0; x < columns; x++) result[y * columns + x] = data[mirrored(y, height) * width + mirrored(x, width)]!;
  return { height: rows, width: columns, data: result };
}

/** The upper left of a picture. */
export function cropped({ width: whole, data }: Plane, height: number, width: number): Plane {
  const result = new Float64Array(height * width);
  for (let y = 0; y < height; y++) result.set(data.subarray(y * whole, y * whole + width), y * width);
  return { height, width, data: result };
}

function doubled(picture: Plane): Plane {
  return blurred(resized(picture, 2 * picture.height, 2 * picture.width));
}

/** By a binomial kernel of 5 x 5; beyond its edge the picture is mirrored. */
function blurred({ height, width, data }: Plane): Plane {
  const [rows, result] = [new Float64Array(data.length), new Float64Array(data.length)];
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      rows[y * width + x] = kernel.reduce((sum, w, i) => sum + w * data[y * width + mirrored(x + i - 2, width)]!, 0);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      result[y * width + x] = kernel.reduce((sum, w, i) => sum + w * rows[mirrored(y + i - 2, height) * width + x]!, 0);
  return { height, width, data: result };
}

/** Bilinear, of pixels as areas. */
function resized({ height, width, data }: Plane, rows: number, columns: number): Plane {
  const result = new Float64Array(rows * columns);
  for (let y = 0; y < rows; y++) {
    const [top, bottom, down] = between(y, rows, height);
    for (let x = 0; x < columns; x++) {
      const [left, right, along] = between(x, columns, width);
      const at = (row: number): number => data[row * width + left]! * (1 - along) + data[row * width + right]! * along;
      result[y * columns + x] = at(top) * (1 - down) + at(bottom) * down;
    }
  }
  return { height: rows, width: columns, data: result };
}

/** The two pixels that a resized one lies between, and how far it is from the first. */
function between(at: number, count: number, source: number): readonly [number, number, number] {
  const place = Math.max(0, ((at + 0.5) * source) / count - 0.5);
  const first = Math.min(Math.floor(place), source - 1);
  return [first, Math.min(first + 1, source - 1), place - first];
}

/** A place beyond the edge is as far within it; the edge itself counts once. */
function mirrored(at: number, count: number): number {
  const within = at < 0 ? -at : at;
  return within < count ? within : 2 * (count - 1) - within;
}
