// Writes a safetensors file that our own reader takes.
import JSON

/// One safetensors file: header first, then each tensor's bytes in the order announced, streamed.
///
/// The file has its name only once `finish` returns; where anything throws, or the writer is dropped, nothing is left.
package struct SafetensorsWriter: ~Copyable {
    private var file: AtomicFile
    private let path: String
    private let tensors: [Announced]
    /// The tensor that the next bytes belong to, and how many it has.
    private var current = 0
    private var written = 0

    /// A tensor whose bytes are to come.
    private struct Announced {
        let name: String
        let dtype: DType
        let shape: [Int]
        let offsets: Range<Int>
    }

    /// - Parameter tensors: checked as the reader checks them; each must begin at a multiple of its element's size, so
    ///   wider elements come first where sizes are odd.
    package init(
        path: String,
        tensors: [(name: String, dtype: DType, shape: [Int])],
        metadata: [String: String] = [:]
    ) throws(CheckpointError) {
        let announced = try Self.laidOut(tensors, path: path)
        let header = try Self.header(announced, metadata, path: path)
        var file = try AtomicFile(path)
        try file.write(header)
        self.file = file
        self.path = path
        self.tensors = announced
        skipWholeTensors()
    }

    /// The next bytes: a whole tensor or a part of one, never of two.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws(CheckpointError) {
        if bytes.isEmpty { return }
        guard current < tensors.count else { throw .header(file: path, .trailingBytes(bytes.count)) }
        let (name, expected) = (tensors[current].name, tensors[current].offsets.count)
        guard bytes.count <= expected - written else {
            throw .tensor(name, file: path, .wrongByteCount(written + bytes.count, expected: expected))
        }
        try file.write(bytes)
        written += bytes.count
        skipWholeTensors()
    }

    /// Syncs the file and gives it its name; refused where a tensor has not all of its bytes.
    package consuming func finish() throws(CheckpointError) {
        guard current == tensors.count else {
            let tensor = tensors[current]
            throw .tensor(tensor.name, file: path, .wrongByteCount(written, expected: tensor.offsets.count))
        }
        try file.commit()
    }

    /// Tensors without elements are whole as soon as they begin.
    private mutating func skipWholeTensors() {
        while current < tensors.count, written == tensors[current].offsets.count {
            current += 1
            written = 0
        }
    }
}

// MARK: - The header

extension SafetensorsWriter {
    private static func laidOut(
        _ tensors: [(name: String, dtype: DType, shape: [Int])],
        path: String
    ) throws(CheckpointError) -> [Announced] {
        guard tensors.count <= Weights.tensorLimit else {
            throw .header(file: path, .tooManyTensors(tensors.count, limit: Weights.tensorLimit))
        }
        var announced: [Announced] = []
        var names: Set<String> = [SafetensorsHeader.metadata]
        var start = 0
        for (name, dtype, shape) in tensors {
            guard SafetensorsHeader.isTensorName(name), names.insert(name).inserted else {
                throw .header(file: path, .badTensorName(name))
            }
            guard shape.allSatisfy({ $0 >= 0 }) else { throw .tensor(name, file: path, .field("shape")) }
            guard shape.count <= SafetensorsHeader.dimensionLimit else {
                let problem = TensorProblem.tooManyDimensions(shape.count, limit: SafetensorsHeader.dimensionLimit)
                throw .tensor(name, file: path, problem)
            }
            guard start.isMultiple(of: dtype.byteCount) else {
                throw .tensor(name, file: path, .misaligned(offset: start))
            }
            guard let count = SafetensorsHeader.byteCount(shape, elementBytes: dtype.byteCount) else {
                throw .tensor(name, file: path, .sizeOverflows)
            }
            let (end, overflows) = start.addingReportingOverflow(count)
            guard !overflows else { throw .tensor(name, file: path, .sizeOverflows) }
            announced.append(Announced(name: name, dtype: dtype, shape: shape, offsets: start..<end))
            start = end
        }
        return announced
    }

    /// The length and the JSON, filled with spaces so that the data begins at a multiple of 8, as the format asks.
    private static func header(
        _ tensors: [Announced],
        _ metadata: [String: String],
        path: String
    ) throws(CheckpointError) -> [UInt8] {
        var object = JSONObject()
        if !metadata.isEmpty {
            let sorted = metadata.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
            object[SafetensorsHeader.metadata] = .object(JSONObject(sorted))
        }
        for tensor in tensors {
            object[tensor.name] = [
                "dtype": .string(tensor.dtype.rawValue),
                "shape": .array(tensor.shape.map { JSONValue($0) }),
                "data_offsets": [JSONValue(tensor.offsets.lowerBound), JSONValue(tensor.offsets.upperBound)],
            ]
        }
        var text = JSONValue.object(object).serialized()
        while !text.count.isMultiple(of: 8) { text.append(UInt8(ascii: " ")) }
        guard text.count <= SafetensorsHeader.byteLimit else {
            throw .header(file: path, .tooLong(UInt64(text.count), limit: SafetensorsHeader.byteLimit))
        }
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    }
}
