"""Reading the header of GGUF files."""

import os
import re
import struct

from slipway_host.fault import Failure
from slipway_host.model.shape import gguf_shape
from slipway_host.units import size_text

# Bytes per block and values per block of each tensor type of GGUF.
GGML_TYPES = {
    0: (4, 1), 1: (2, 1), 2: (18, 32), 3: (20, 32), 6: (22, 32), 7: (24, 32), 8: (34, 32), 9: (36, 32),
    10: (84, 256), 11: (110, 256), 12: (144, 256), 13: (176, 256), 14: (210, 256), 15: (292, 256),
    16: (66, 256), 17: (74, 256), 18: (98, 256), 19: (50, 256), 20: (18, 32), 21: (110, 256),
    22: (82, 256), 23: (136, 256), 24: (1, 1), 25: (2, 1), 26: (4, 1), 27: (8, 1), 28: (8, 1),
    29: (56, 256), 30: (2, 1), 34: (54, 256), 35: (66, 256), 39: (17, 32),
}
GGUF_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?",
                10: "<Q", 11: "<q", 12: "<d"}
LONGEST_GGUF_TEXT = 64 * 1024 * 1024


class GgufReader:
    """Reads the header of a GGUF file: metadata, and how long the file has to be."""

    def __init__(self, path):
        self.path = path
        self.metadata = {}
        self.expected_bytes = 0
        # Parameters of the model, and bytes of tensors by type.
        self.values = 0
        self.length = 0
        self.by_type = {}

    def read(self):
        try:
            size = os.stat(self.path).st_size
            if not os.path.isfile(self.path):
                raise Failure("model_not_gguf", "%s is not a file." % self.path, path=self.path)
            with open(self.path, "rb") as self.source:
                self.size = size
                self.header()
        except (FileNotFoundError, NotADirectoryError):
            raise Failure("model_not_found", "There is no model file %s on the host." % self.path, path=self.path)
        except OSError as error:
            raise Failure("model_not_found", "The model file %s cannot be read: %s." % (self.path, error.strerror),
                          path=self.path)
        except (EOFError, struct.error):
            raise self.truncated(size + 1)
        if size < self.expected_bytes:
            raise self.truncated(self.expected_bytes)
        return self

    def read_from(self, source, size):
        """Reads the header from an open source; the rest of the file need not be there."""
        self.source, self.size = source, size
        try:
            self.header()
        except (EOFError, struct.error):
            raise self.truncated(size + 1)
        return self

    def truncated(self, expected):
        return Failure("model_truncated", "The model file %s is cut: it has %s of at least %s."
                       % (self.path, size_text(self.size), size_text(expected)),
                       path=self.path, expected=expected, actual=self.size)

    def bad(self):
        return Failure("model_not_gguf", "%s is not a GGUF model file." % self.path, path=self.path)

    def header(self):
        magic = self.source.read(4)
        if magic != b"GGUF":
            raise self.bad()
        version, tensors, pairs = struct.unpack("<IQQ", self.take(20))
        if version not in (2, 3) or tensors > 1000000 or pairs > 1000000:
            raise self.bad()
        for _ in range(pairs):
            key = self.text()
            value = self.value(self.number("<I"))
            if key == "tokenizer.ggml.tokens":
                self.metadata[key + ".length"] = self.length
            if value is not None:
                self.metadata[key] = value
        ends = [0]
        for _ in range(tensors):
            self.text()
            dimensions = self.number("<I")
            if dimensions > 8:
                raise self.bad()
            count = 1
            for _ in range(dimensions):
                count *= self.number("<Q")
            kind, offset = struct.unpack("<IQ", self.take(12))
            block_bytes, block_values = GGML_TYPES.get(kind, (0, 1))
            size = count * block_bytes // block_values
            ends.append(offset + size)
            self.values += count
            self.by_type[kind] = self.by_type.get(kind, 0) + size
        alignment = self.metadata.get("general.alignment", 32)
        if not isinstance(alignment, int) or alignment < 1:
            raise self.bad()
        start = self.source.tell()
        self.expected_bytes = start + (-start % alignment if tensors else 0) + max(ends)

    def take(self, count):
        if count > self.size:
            raise EOFError
        data = self.source.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def text(self):
        length = self.number("<Q")
        if length > LONGEST_GGUF_TEXT:
            raise self.bad()
        return self.take(length).decode("utf-8", "replace")

    def skip(self, count):
        if self.source.tell() + count > self.size:
            raise EOFError
        self.source.seek(count, os.SEEK_CUR)

    def value(self, kind):
        """A scalar or text; of arrays only short ones of numbers are kept, others give None."""
        if kind in GGUF_SCALARS:
            return self.number(GGUF_SCALARS[kind])
        if kind == 8:
            return self.text()
        if kind != 9:
            raise self.bad()
        inner, count = struct.unpack("<IQ", self.take(12))
        if count > self.size:
            raise EOFError
        self.length = count
        if inner in GGUF_SCALARS:
            size = struct.calcsize(GGUF_SCALARS[inner])
            if count <= 4096:
                # One figure per layer, as some architectures have it.
                return list(struct.unpack("<%d%s" % (count, GGUF_SCALARS[inner][1]), self.take(count * size)))
            self.skip(count * size)
        elif inner == 8:
            for _ in range(count):
                self.skip(self.number("<Q"))
        else:
            raise self.bad()
        return None


def gguf_facts(path):
    """{name, architecture, context_train} of a complete GGUF file; all parts of a split one."""
    return gguf_facts_of([GgufReader(part).read() for part in model_files(path)])


def gguf_facts_of(readers):
    """The same from the readers of all parts."""
    metadata = readers[0].metadata
    architecture = metadata.get("general.architecture")
    context = metadata.get("%s.context_length" % architecture)
    name = metadata.get("general.name")
    return {"name": name if isinstance(name, str) and name else None,
            "architecture": architecture if isinstance(architecture, str) else None,
            "context_train": context if isinstance(context, int) else None,
            "shape": gguf_shape(metadata, readers)}


def model_files(path):
    """The file, or all the parts of a model that is split over several."""
    split = re.match(r"(.*)-00001-of-(\d{5})\.gguf\Z", path)
    if not split:
        return [path]
    return ["%s-%05d-of-%s.gguf" % (split.group(1), part, split.group(2)) for part in range(1, int(split.group(2)) + 1)]


def model_label(path):
    """The name under which the engine serves a file: without folder, ending and part number.

    It is an argument of some engines, which a dash at its beginning would make an option.
    """
    stem = re.sub(r"(?i)\.gguf\Z", "", os.path.basename(path))
    return re.sub(r"-00001-of-\d{5}\Z", "", stem).lstrip("-") or "model"
