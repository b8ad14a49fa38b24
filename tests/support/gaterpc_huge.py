"""HugeData of gate-rpc, written from its specification: the compressed encoding of a value, in small chunks."""
import bz2
import lzma
import struct
import zlib

import msgpack

TAG, END, EXCEPTION = b"GateStreamHugData", b"HugeDataEND", b"GateStreamException"
CHUNK_BYTES = 1000
MASK = (1 << 64) - 1

COMPRESSORS = {
    "gzip": lambda: zlib.compressobj(1, zlib.DEFLATED, 31),
    "bz2": lambda: bz2.BZ2Compressor(1),
    "lzma": lzma.LZMACompressor,
}
DECOMPRESSORS = {
    "gzip": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "lzma": lzma.LZMADecompressor,
}


class HugeData:
    """A method returns it to have a value sent in chunks."""

    def __init__(self, value, then=lambda: None):
        self.value, self.then = value, then

    def chunks(self, codec):
        """Calls `then`, which may raise, before the last chunk."""
        compressor = COMPRESSORS[codec]()
        encoded = msgpack.packb(self.value)
        raw = compressor.compress(encoded) + compressor.flush()
        starts = range(0, len(raw), CHUNK_BYTES)
        for start in starts:
            if start == starts[-1]:
                self.then()
            yield raw[start : start + CHUNK_BYTES]
        yield b""


class Reader:
    """Takes chunks as they come."""

    def __init__(self, codec):
        self.decompressor, self.raw = DECOMPRESSORS[codec](), bytearray()

    def take(self, chunk):
        if chunk:
            self.raw += self.decompressor.decompress(chunk)

    def value(self):
        if not self.decompressor.eof:
            raise EOFError("the stream ended early")
        if self.decompressor.unused_data:
            raise ValueError("something follows the stream")
        return msgpack.unpackb(bytes(self.raw), strict_map_key=False, max_bin_len=1 << 30)


def bytes_at(size):
    """The bytes of huge_bytes.hpp, from offset 0 on."""

    def word(w):
        x = w // 512
        if x % 2 == 0:
            x = (w + 1) * 0x9E3779B97F4A7C15 & MASK
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
            x ^= x >> 31
        return x

    words = (size + 7) // 8
    return struct.pack(f"<{words}Q", *map(word, range(words)))[:size]
