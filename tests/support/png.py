"""Makes the picture of a page smaller by a palette of 256 colours, counted in the browser."""

import base64
import struct
import zlib
from typing import Any

from playwright.sync_api import Page

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# The 256 commonest colours stay; every other one becomes the nearest of these.
_COUNT_COLORS_SCRIPT = """
async source => {
  const image = new Image();
  image.src = source;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  const pixels = new Uint32Array(bytes.length / 4);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = (bytes[4 * i] << 16) | (bytes[4 * i + 1] << 8) | bytes[4 * i + 2];
  }
  const uses = new Map();
  for (const pixel of pixels) uses.set(pixel, (uses.get(pixel) ?? 0) + 1);
  const palette = [...uses].sort((one, other) => other[1] - one[1]).slice(0, 256).map(([colour]) => colour);
  const place = new Map(palette.map((colour, index) => [colour, index]));
  const apart = (a, b) => [16, 8, 0].reduce((sum, bits) => sum + (((a >> bits) & 255) - ((b >> bits) & 255)) ** 2, 0);
  for (const colour of uses.keys()) {
    if (place.has(colour)) continue;
    let nearest = 0;
    for (let index = 1; index < palette.length; index++) {
      if (apart(colour, palette[index]) < apart(colour, palette[nearest])) nearest = index;
    }
    place.set(colour, nearest);
  }
  let indices = "";
  for (let at = 0; at < pixels.length; at += 8192) {
    indices += String.fromCharCode(...Array.from(pixels.subarray(at, at + 8192), pixel => place.get(pixel)));
  }
  return { width: image.width, height: image.height, palette, indices: btoa(indices) };
}
"""


def reduce_colors(page: Page, png: bytes) -> bytes:
    """The same picture as a PNG with a palette; `page` is an empty tab to count in."""
    counted: dict[str, Any] = page.evaluate(
        _COUNT_COLORS_SCRIPT, "data:image/png;base64," + base64.b64encode(png).decode()
    )
    width, height, indices = counted["width"], counted["height"], base64.b64decode(counted["indices"])
    rows = b"".join(b"\0" + indices[at : at + width] for at in range(0, width * height, width))
    palette = b"".join(struct.pack(">I", colour)[1:] for colour in counted["palette"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_png_chunk(kind, data) for kind, data in chunks)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
