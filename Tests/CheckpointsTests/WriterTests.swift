// What is written is read back, and half a file never stands.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

private typealias Announced = (name: String, dtype: DType, shape: [Int])

/// Writes one file whose tensors have these bytes, in pieces of at most `pieceBytes`.
private func write(_ tensors: [(Announced, [UInt8])], to path: String, pieceBytes: Int = .max) throws {
    var writer = try SafetensorsWriter(path: path, tensors: tensors.map(\.0), metadata: ["format": "pt"])
    for (_, bytes) in tensors {
        var rest = bytes[...]
        while !rest.isEmpty {
            try rest.prefix(pieceBytes).withUnsafeBytes { try writer.append($0) }
            rest = rest.dropFirst(pieceBytes)
        }
    }
    try writer.finish()
}

@Suite struct WriterTests {
    private static let tensors: [(Announced, [UInt8])] = [
        (("model.wide", .float32, [3, 2]), (0..<24).map { UInt8($0) }),
        (("model.none", .float32, [0, 4]), []),
        (("model.scalar", .float32, []), [0, 0, 0x80, 0x3F]),
        (("model.half", .bfloat16, [3]), [0x80, 0x3F, 0, 0x40, 1, 0]),
        (("model.other", .float16, [1, 1]), [0, 0x3C]),
        (("model.last", .float16, [0]), []),
    ]

    private func files(in folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test(arguments: [1, 5, .max])
    func `a checkpoint reads what was written`(pieceBytes: Int) throws {
        let folder = try modelFolder([:])
        try write(Self.tensors, to: folder.path + "/model.safetensors", pieceBytes: pieceBytes)
        #expect(try files(in: folder) == ["config.json", "model.safetensors"])
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.tensors.count == Self.tensors.count)
        for ((name, dtype, shape), bytes) in Self.tensors {
            let tensor = try checkpoint.load(name)
            #expect(tensor.dtype == dtype && tensor.shape == shape && tensor.withBytes(Array.init) == bytes)
        }
        #expect(checkpoint.tensors["model.wide"]?.fileOffset.isMultiple(of: 8) == true)
    }

    @Test func `a second write takes the first one's place`() throws {
        let folder = try modelFolder([:])
        let path = folder.path + "/model.safetensors"
        for value in [UInt8(1), 2] {
            try write([(("t", .bfloat16, [1]), [value, 0])], to: path)
            #expect(try Checkpoint(folder: folder.path).load("t").withBytes(Array.init) == [value, 0])
        }
        #expect(try files(in: folder) == ["config.json", "model.safetensors"])
    }

    /// Bytes for the tensors `a` [2] and `b` [1] of float32, and what is refused.
    @Test(arguments: [
        ([8], CheckpointError.tensor("b", file: "", .wrongByteCount(0, expected: 4))),
        ([7], .tensor("a", file: "", .wrongByteCount(7, expected: 8))),
        ([8, 3], .tensor("b", file: "", .wrongByteCount(3, expected: 4))),
        ([9], .tensor("a", file: "", .wrongByteCount(9, expected: 8))),
        ([4, 8], .tensor("a", file: "", .wrongByteCount(12, expected: 8))),
        ([8, 5], .tensor("b", file: "", .wrongByteCount(5, expected: 4))),
        ([8, 4, 1], .header(file: "", .trailingBytes(1))),
        ([], .tensor("a", file: "", .wrongByteCount(0, expected: 8))),
    ])
    func `more or less than was announced is refused and leaves nothing`(
        pieces: [Int],
        expected: CheckpointError
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model.safetensors"
        let thrown = #expect(throws: CheckpointError.self) {
            var writer = try SafetensorsWriter(path: path, tensors: [("a", .float32, [2]), ("b", .float32, [1])])
            for count in pieces {
                try [UInt8](repeating: 0, count: count).withUnsafeBytes { try writer.append($0) }
            }
            try writer.finish()
        }
        #expect(thrown == expected.at(path))
        #expect(try files(in: folder) == [])
    }

    @Test func `a writer that is dropped leaves the file that stood there`() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/model.safetensors"
        try writeFile([1, 2, 3], to: path)
        do {
            var writer = try SafetensorsWriter(path: path, tensors: [("a", .float32, [1])])
            try [UInt8](repeating: 0, count: 2).withUnsafeBytes { try writer.append($0) }
        }
        #expect(try files(in: folder) == ["model.safetensors"])
        #expect(try Data(contentsOf: folder.url.appendingPathComponent("model.safetensors")) == Data([1, 2, 3]))
    }

    @Test(arguments: [
        ([("a", [1]), ("a", [1])], CheckpointError.header(file: "", .badTensorName("a"))),
        ([("", [1])], .header(file: "", .badTensorName(""))),
        ([("__metadata__", [1])], .header(file: "", .badTensorName("__metadata__"))),
        ([("e\u{301}", [1])], .header(file: "", .badTensorName("e\u{301}"))),
        ([("a", [-1])], .tensor("a", file: "", .field("shape"))),
        ([("a", [Int.max, 2])], .tensor("a", file: "", .sizeOverflows)),
        ([("a", [Int.max / 8]), ("b", [Int.max / 4 - 1])], .tensor("b", file: "", .sizeOverflows)),
        ([("a", [Int](repeating: 1, count: 9))], .tensor("a", file: "", .tooManyDimensions(9, limit: 8))),
    ])
    func `a layout that no reader would take is refused`(
        tensors: [(String, [Int])],
        expected: CheckpointError
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        let thrown = #expect(throws: CheckpointError.self) {
            _ = try SafetensorsWriter(path: path, tensors: tensors.map { ($0.0, .float32, $0.1) })
        }
        #expect(thrown == expected.at(path))
        #expect(try files(in: folder) == [])
    }

    @Test func `a tensor that would not be aligned is refused`() throws {
        let path = try TemporaryFolder().path + "/x.safetensors"
        #expect(throws: CheckpointError.tensor("b", file: path, .misaligned(offset: 2))) {
            _ = try SafetensorsWriter(path: path, tensors: [("a", .float16, [1]), ("b", .float32, [1])])
        }
    }

    @Test func `a place that cannot be written to is named`() throws {
        let path = "/nowhere/model.safetensors"
        #expect(throws: CheckpointError.notWritten(path: path, errno: ENOENT)) { try writeFile([], to: path) }
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("taken"),
            withIntermediateDirectories: false
        )
        #expect(throws: CheckpointError.notWritten(path: folder.path + "/taken", errno: EISDIR)) {
            try writeFile([1], to: folder.path + "/taken")
        }
        #expect(try files(in: folder) == ["taken"])
    }
}

extension CheckpointError {
    /// The same error of the file at `path`.
    fileprivate func at(_ path: String) -> CheckpointError {
        switch self {
        case .tensor(let name, _, let problem): .tensor(name, file: path, problem)
        case .header(_, let problem): .header(file: path, problem)
        default: self
        }
    }
}
