// The header of a safetensors file, checked before it is believed.
//
// `u64 length | JSON of that length | data`, all little-endian; github.com/huggingface/safetensors. Written by hand
// because the Swift package list has no reader that is strict.
import JSON

/// One tensor of a header whose layout has been checked.
struct SafetensorsEntry: Sendable {
    let name: String
    let file: String
    let dtypeName: String
    let shape: [Int]
    /// From the start of the data.
    let offsets: Range<Int>
    /// Nil where the element type is not one that we compute with.
    var info: TensorInfo?
}

/// The tensors of one file, in the order of their data: no holes, no overlaps, nothing after the last.
struct SafetensorsHeader {
    private(set) var entries: [SafetensorsEntry] = []

    /// The format allows 100 MB; a model of 80 layers needs 0.1 MB.
    static let byteLimit = 8 << 20
    static let dimensionLimit = 8
    private static let nameLimit = 512
    static let metadata = "__metadata__"

    init(of file: ModelFile) throws(CheckpointError) {
        let length = try Self.length(in: file)
        let text = try file.bytes(8..<8 + length)
        try file.checkUnchanged()
        guard text.first == UInt8(ascii: "{") else { throw .header(file: file.name, .doesNotStartWithBrace) }
        let object = try Checkpoint.object(parsing: text, file: file.name)
        guard object.count <= Weights.tensorLimit else {
            throw .header(file: file.name, .tooManyTensors(object.count, limit: Weights.tensorLimit))
        }
        for member in object {
            if member.key == Self.metadata {
                try Self.checkMetadata(member.value, file: file.name)
            } else {
                entries.append(try Self.entry(member.key, member.value, file: file.name))
            }
        }
        try checkLayout(file: file.name, dataStart: 8 + length, dataBytes: file.byteCount - 8 - length)
    }

    /// Checked against our limit and the file before anything is allocated for it.
    private static func length(in file: ModelFile) throws(CheckpointError) -> Int {
        guard file.byteCount >= 8 else { throw .header(file: file.name, .fileTooShort(bytes: file.byteCount)) }
        let length = try file.bytes(0..<8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(file.byteCount - 8) else {
            throw .header(file: file.name, .longerThanFile(length, fileBytes: file.byteCount))
        }
        guard length <= UInt64(byteLimit) else { throw .header(file: file.name, .tooLong(length, limit: byteLimit)) }
        return Int(length)
    }

    private static func checkMetadata(_ value: JSONValue, file: String) throws(CheckpointError) {
        guard let object = value.object, object.allSatisfy({ $0.value.string != nil }) else {
            throw .header(file: file, .metadataNotStrings)
        }
    }

    /// Printable ASCII: names become dictionary keys, where Swift would merge what differs only by normalisation.
    static func isTensorName(_ name: String) -> Bool {
        (1...nameLimit).contains(name.utf8.count) && name.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }
}

// MARK: - One entry

extension SafetensorsHeader {
    private static func entry(
        _ name: String,
        _ value: JSONValue,
        file: String
    ) throws(CheckpointError) -> SafetensorsEntry {
        guard isTensorName(name) else { throw .header(file: file, .badTensorName(name)) }
        guard let object = value.object else { throw .tensor(name, file: file, .notAnObject) }
        // A field that we do not know could change what the data means.
        for key in object.keys where !["dtype", "shape", "data_offsets"].contains(key) {
            throw .tensor(name, file: file, .field(key))
        }
        guard let dtype = object["dtype"]?.string else { throw .tensor(name, file: file, .field("dtype")) }
        guard let shape = counts(object["shape"]) else { throw .tensor(name, file: file, .field("shape")) }
        guard let offsets = counts(object["data_offsets"]), offsets.count == 2 else {
            throw .tensor(name, file: file, .field("data_offsets"))
        }
        guard shape.count <= dimensionLimit else {
            throw .tensor(name, file: file, .tooManyDimensions(shape.count, limit: dimensionLimit))
        }
        guard offsets[0] <= offsets[1] else {
            throw .tensor(name, file: file, .reversedOffsets(offsets[0], offsets[1]))
        }
        return SafetensorsEntry(
            name: name,
            file: file,
            dtypeName: dtype,
            shape: shape,
            offsets: offsets[0]..<offsets[1],
            info: nil
        )
    }

    /// A list of integers, none of them negative.
    private static func counts(_ value: JSONValue?) -> [Int]? {
        guard let elements = value?.array else { return nil }
        let counts = elements.compactMap(\.integer)
        return counts.count == elements.count && counts.allSatisfy { $0 >= 0 } ? counts : nil
    }
}

// MARK: - All entries

extension SafetensorsHeader {
    /// The reference reader's `validate`: sorted by offset, each tensor begins where the one before ends.
    private mutating func checkLayout(file: String, dataStart: Int, dataBytes: Int) throws(CheckpointError) {
        entries.sort {
            ($0.offsets.lowerBound, $0.offsets.upperBound, $0.name)
                < ($1.offsets.lowerBound, $1.offsets.upperBound, $1.name)
        }
        var end = 0
        for index in entries.indices {
            let entry = entries[index]
            guard entry.offsets.upperBound <= dataBytes else {
                throw .tensor(entry.name, file: file, .outsideFile(end: entry.offsets.upperBound, dataBytes: dataBytes))
            }
            guard entry.offsets.lowerBound <= end else {
                throw .tensor(entry.name, file: file, .hole(from: end, to: entry.offsets.lowerBound))
            }
            guard entry.offsets.lowerBound == end else {
                throw .tensor(entry.name, file: file, .overlaps(index > 0 ? entries[index - 1].name : entry.name))
            }
            entries[index].info = try Self.info(entry, dataStart: dataStart)
            end = entry.offsets.upperBound
        }
        guard end == dataBytes else { throw .header(file: file, .trailingBytes(dataBytes - end)) }
    }

    /// Nil for another element type: its size is not ours to know, and it is refused when it is asked for.
    private static func info(_ entry: SafetensorsEntry, dataStart: Int) throws(CheckpointError) -> TensorInfo? {
        let dtype = DType(rawValue: entry.dtypeName)
        guard let expected = byteCount(entry.shape, elementBytes: dtype?.byteCount ?? 1) else {
            throw .tensor(entry.name, file: entry.file, .sizeOverflows)
        }
        guard let dtype else { return nil }
        guard entry.offsets.count == expected else {
            throw .tensor(entry.name, file: entry.file, .wrongByteCount(entry.offsets.count, expected: expected))
        }
        return TensorInfo(
            name: entry.name,
            dtype: dtype,
            shape: entry.shape,
            file: entry.file,
            fileOffset: dataStart + entry.offsets.lowerBound,
            byteCount: expected
        )
    }

    /// Nil where the product does not fit: a wrapped one would make a huge tensor look small.
    static func byteCount(_ shape: [Int], elementBytes: Int) -> Int? {
        var total = elementBytes
        for size in shape {
            let (product, overflows) = total.multipliedReportingOverflow(by: size)
            if overflows { return nil }
            total = product
        }
        return total
    }
}
