/** A value as errors show it: JSON where it is some, cut where it is long. Takes whatever code may pass. */
export function shown(value: unknown, most = 60): string {
  return cut(textOf(value, most), most);
}

/** A text, with dots for the end of a long one. @param most letters, the dots among them */
export function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 3)}...` : text;
}

function textOf(value: unknown, most: number): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > most ? value.slice(0, most) : value);
    case "object":
      return value === null ? "null" : (jsonOf(value) ?? (Array.isArray(value) ? "a list" : "an object"));
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    default:
      return String(value); // a number as it is: NaN and Infinity are none in JSON
  }
}

/** `undefined` for what holds itself, a bigint or what is nested too deep, and for classes with a will of their own. */
function jsonOf(value: object): string | undefined {
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
