// Loaded bytes are the file's, and finite.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Testing

@Suite struct LoadTests {
    /// A file with one tensor of these elements, at an odd place in the file.
    private func folder(_ dtype: String, _ elements: [[UInt8]]) throws -> TemporaryFolder {
        let data = Array(elements.joined())
        let entry = Entry(
            dtype: .string(dtype),
            shape: [JSONValue(elements.count)],
            offsets: [0, JSONValue(data.count)]
        )
        var header = String(decoding: JSONValue.object(["t": entry.json]).serialized(), as: UTF8.self)
        if header.utf8.count.isMultiple(of: 2) { header += " " }
        return try modelFolder(["model.safetensors": safetensors(header: header, data: data)])
    }

    /// Little-endian bits, and whether they are a finite number.
    private static let patterns: [(String, [UInt8], Bool)] = [
        ("F32", [0xFF, 0xFF, 0x7F, 0x7F], true), ("F32", [0, 0, 0x80, 0x7F], false),
        ("F32", [0, 0, 0x80, 0xFF], false),
        ("F32", [0, 0, 0xC0, 0x7F], false), ("F32", [1, 0, 0x80, 0xFF], false),
        ("F32", [0xFF, 0xFF, 0x7F, 0xFF], true),
        ("F16", [0xFF, 0x7B], true), ("F16", [0, 0x7C], false), ("F16", [0, 0xFC], false), ("F16", [1, 0x7E], false),
        ("F16", [0xFF, 0xFB], true), ("BF16", [0x7F, 0x7F], true), ("BF16", [0x80, 0x7F], false),
        ("BF16", [0x80, 0xFF], false), ("BF16", [0xC0, 0x7F], false), ("BF16", [0x7F, 0xFF], true),
        ("BF16", [1, 0], true),
    ]

    @Test(arguments: patterns, [0, 1, 40, 99])
    func `NaN and infinity are refused with their place`(pattern: (String, [UInt8], Bool), place: Int) throws {
        let (dtype, bits, isFinite) = pattern
        var elements = [[UInt8]](repeating: [UInt8](repeating: 0x3C, count: bits.count), count: 100)
        elements[place] = bits
        let folder = try folder(dtype, elements)
        let checkpoint = try Checkpoint(folder: folder.path)
        if isFinite {
            #expect(try checkpoint.load("t").withBytes(Array.init) == Array(elements.joined()))
        } else {
            #expect(throws: CheckpointError.tensor("t", file: "model.safetensors", .notFinite(element: place))) {
                try checkpoint.load("t")
            }
        }
    }

    @Test func `a bad number is found across the pieces of a large tensor`() throws {
        let count = 700_001
        for place in [0, 262_143, 262_144, 524_288, count - 1] {
            var values = [Float](repeating: 1, count: count)
            values[place] = .nan
            let folder = try modelFolder(["model.safetensors": safetensors([("x", [0]), ("t", values)])])
            let checkpoint = try Checkpoint(folder: folder.path)
            #expect(throws: CheckpointError.tensor("t", file: "model.safetensors", .notFinite(element: place))) {
                try checkpoint.load("t")
            }
            #expect(try floats(checkpoint.load("x")) == [0])
        }
    }

    @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8])
    func `data may begin at any byte of the file`(padding: Int) throws {
        let entry = Entry(shape: [3], offsets: [0, 12])
        let header = String(decoding: JSONValue.object(["t": entry.json]).serialized(), as: UTF8.self)
        let values: [Float] = [1.5, -2.25, 1e-30]
        let data = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        let bytes = safetensors(header: header + String(repeating: " ", count: padding), data: data)
        let folder = try modelFolder(["model.safetensors": bytes])
        let tensor = try Checkpoint(folder: folder.path).load("t")
        #expect(floats(tensor) == values)
        #expect(tensor.shape == [3] && tensor.dtype == .float32 && tensor.name == "t" && tensor.elementCount == 3)
        #expect(tensor.withBytes { UInt(bitPattern: $0.baseAddress) }.isMultiple(of: 64))
    }

    @Test func `a scalar and an empty tensor are loaded`() throws {
        let entries = [
            Entry(name: "s", shape: [], offsets: [0, 4]), Entry(name: "e", shape: [0, 7], offsets: [4, 4]),
        ]
        let folder = try modelFolder(["model.safetensors": safetensors(entries, dataBytes: 4)])
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(try floats(checkpoint.load("s")) == [0])
        #expect(try checkpoint.load("e").elementCount == 0)
    }

    @Test(arguments: [1_048_575, 1_048_576, 1_048_577, 1_600_000])
    func `a tensor around the size of huge pages is whole`(count: Int) throws {
        let values = (0..<count).map { Float($0) }
        let folder = try modelFolder(["model.safetensors": safetensors([("x", [0]), ("t", values)])])
        #expect(try floats(Checkpoint(folder: folder.path).load("t")) == values)
    }

    @Test func `progress counts the bytes`() throws {
        let folder = try modelFolder([
            "model.safetensors": safetensors([("a", [1, 2]), ("t", [Float](repeating: 1, count: 300_000))])
        ])
        let checkpoint = try Checkpoint(folder: folder.path)
        let progress = LoadProgress()
        progress.addTotal(checkpoint.tensors.values.reduce(0) { $0 + $1.byteCount })
        for name in checkpoint.tensors.keys { _ = try checkpoint.load(name, progress: progress) }
        #expect(progress.totalBytes == 1_200_008)
        #expect(progress.doneBytes == 1_200_008)
    }

    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: [
            ("qwen-prm", 43), ("qwen-prm-sharded", 43), ("skywork", 40), ("trl-prm", 40), ("qwen3-orm", 36),
            ("rlhflow", 30),
            ("math-shepherd", 30),
        ]
    )
    func `every fixture is loaded whole`(name: String, count: Int) throws {
        let folder = try fixtureCheckpoint(name)
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.unsupportedTensors.isEmpty)
        for (name, info) in checkpoint.tensors {
            let tensor = try checkpoint.load(name)
            #expect(tensor.bytes.count == info.shape.reduce(2, *))
            #expect(tensor.dtype == .bfloat16)
            let file = try Data(contentsOf: folder.url.appendingPathComponent(info.file), options: .alwaysMapped)
            #expect(
                file[info.fileOffset..<info.fileOffset + info.byteCount].elementsEqual(tensor.withBytes(Array.init))
            )
        }
        #expect(checkpoint.tensors["model.embed_tokens.weight"]?.shape[1] == checkpoint.config.hiddenSize)
        #expect(checkpoint.tensors.count == count)
    }
}
