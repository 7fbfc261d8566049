"""Small pictures of every kind that people begin with, and their pixels as diffusers' load_image gives them.

Made with diffusers 0.42.1 and Pillow 13.0: python make.py. expected.json: pictures by name, [rows of [r, g, b]].
"""

import json
from pathlib import Path

import numpy as np
from diffusers.utils import load_image
from PIL import Image, ImageCms

here = Path(__file__).parent
height, width = 6, 8
y, x = np.mgrid[0:height, 0:width]
red, green, blue = (x * 36).astype("uint8"), (y * 51).astype("uint8"), ((x + y) * 21).astype("uint8")
alpha = ((x * 31 + y * 17) % 256).astype("uint8")
alpha[0] = 0
rgb = np.stack([red, green, blue], -1)
image = Image.fromarray(rgb)
smooth = Image.fromarray(np.stack([x * 12 + 80, y * 12 + 90, (x + y) * 6 + 70], -1).astype("uint8"))  # JPEG's losses stay small

made = {}


def keep(name, picture, **options):
    picture.save(here / name, **options)
    made[name] = np.asarray(load_image(str(here / name))).tolist()


keep("rgb.png", image)
keep("rgba.png", Image.fromarray(np.dstack([rgb, alpha])))
keep("grey.png", Image.fromarray(green))
keep("grey-alpha.png", Image.fromarray(np.dstack([green, alpha]), mode="LA"))
keep("bits.png", Image.fromarray(((x + y) % 2 * 255).astype("uint8")).convert("1"))
palette = image.quantize(6)
keep("palette.png", palette)
keep("palette-alpha.png", palette, transparency=bytes([0, 90, 255, 10, 255, 0]))
keep("palette-index.png", palette, transparency=2)
keep("grey-key.png", Image.fromarray(green), transparency=51)
keep("rgb-key.png", image, transparency=(36, 0, 21))
keep("grey-16.png", Image.fromarray((y.astype("uint16") * 12000 + x.astype("uint16") * 300)))
keep("cmyk.jpg", smooth.convert("CMYK"), quality=95)
cmyk = np.stack([x * 20 + 20, y * 30 + 10, (x + y) * 12 + 5, x * 8 + y * 4], -1).astype("uint8")
keep("cmyk-black.jpg", Image.fromarray(cmyk, mode="CMYK"), quality=100)
keep("cmyk.tiff", Image.fromarray(cmyk, mode="CMYK"))
keep("grey.jpg", smooth.convert("L"), quality=95)
exif = Image.Exif()
for orientation in [3, 6, 8, 5]:
    exif[0x0112] = orientation
    keep(f"turned-{orientation}.png", image, exif=exif)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
# A profile whose red and blue primaries are swapped: whoever applies it shows it.
swapped = bytearray(wide.tobytes())
at = {bytes(swapped[128 + 4 + 12 * i : 132 + 4 + 12 * i]): 128 + 4 + 12 * i for i in range(int.from_bytes(swapped[128:132], "big"))}
r, b = at[b"rXYZ"], at[b"bXYZ"]
swapped[r + 4 : r + 12], swapped[b + 4 : b + 12] = swapped[b + 4 : b + 12], swapped[r + 4 : r + 12]
keep("profile.png", image, icc_profile=bytes(swapped))
keep("lossless.webp", image, lossless=True)
keep("alpha.webp", Image.fromarray(np.dstack([rgb, alpha])), lossless=True, exact=True)
keep("moving.webp", image, save_all=True, append_images=[Image.fromarray(255 - rgb)], lossless=True, duration=100)
keep("moving.gif", palette, save_all=True, append_images=[Image.fromarray(255 - rgb).quantize(6)], duration=100)
keep("still.gif", palette)
keep("pages.tiff", image, save_all=True, append_images=[Image.fromarray(255 - rgb)])
keep("rgb-16.tiff", image)  # written anew below
keep("moving.png", image, save_all=True, append_images=[Image.fromarray(255 - rgb)], duration=100)
keep("smooth.avif", smooth, quality=100, subsampling="4:4:4")
(here / "rgb-16.tiff").unlink()
made.pop("rgb-16.tiff")

import struct, zlib  # noqa: E401, E402  a PNG of 16 bits a channel, which Pillow does not write

deep = np.stack([x * 9000 + 300, y * 13000 + 77, (x + y) * 5000 + 200], -1).astype(">u2")
rows = b"".join(b"\0" + row.tobytes() for row in deep)
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
(here / "rgb-16.png").write_bytes(png)
made["rgb-16.png"] = np.asarray(load_image(str(here / "rgb-16.png"))).tolist()

(here / "expected.json").write_text(json.dumps(made, separators=(",", ":")))
