// One hostile entry for each rule of a tensor's layout.
import Checkpoints
import Fixtures
import JSON
import Testing

@Suite struct TensorEntryTests {
    private static let single: [(Entry, Int, TensorProblem?)] = [
        (Entry(), 8, nil),
        (Entry(shape: [], offsets: [0, 4]), 4, nil),
        (Entry(shape: [0], offsets: [0, 0]), 0, nil),
        (Entry(shape: [3, 0, 5], offsets: [0, 0]), 0, nil),
        (Entry(dtype: "BF16", offsets: [0, 4]), 4, nil),
        (Entry(dtype: "F16", offsets: [0, 4]), 4, nil),
        (Entry(shape: [1, 1, 1, 1, 1, 1, 1, 2]), 8, nil),
        (Entry(shape: [1, 1, 1, 1, 1, 1, 1, 1, 2]), 8, .tooManyDimensions(9, limit: 8)),
        (Entry(dtype: nil), 8, .field("dtype")), (Entry(dtype: 5), 8, .field("dtype")),
        (Entry(shape: nil), 8, .field("shape")), (Entry(shape: 2), 8, .field("shape")),
        (Entry(shape: [-2]), 8, .field("shape")), (Entry(shape: [2.0]), 8, .field("shape")),
        (Entry(shape: ["2"]), 8, .field("shape")), (Entry(shape: [nil]), 8, .field("shape")),
        (Entry(offsets: nil), 8, .field("data_offsets")), (Entry(offsets: [0]), 8, .field("data_offsets")),
        (Entry(offsets: [0, 8, 8]), 8, .field("data_offsets")), (Entry(offsets: [-8, 0]), 8, .field("data_offsets")),
        (Entry(offsets: [0, 8.0]), 8, .field("data_offsets")), (Entry(more: [("scale", 2)]), 8, .field("scale")),
        (Entry(offsets: [8, 0]), 8, .reversedOffsets(8, 0)),
        (Entry(offsets: [0, 9]), 8, .outsideFile(end: 9, dataBytes: 8)),
        (Entry(offsets: [0, 9_223_372_036_854_775_807]), 8, .outsideFile(end: .max, dataBytes: 8)),
        (Entry(offsets: [1, 9]), 9, .hole(from: 0, to: 1)),
        (Entry(shape: [3]), 8, .wrongByteCount(8, expected: 12)),
        (Entry(shape: [1]), 8, .wrongByteCount(8, expected: 4)),
        (Entry(dtype: "F16"), 8, .wrongByteCount(8, expected: 4)),
        (Entry(shape: []), 8, .wrongByteCount(8, expected: 4)),
        (Entry(shape: [2, 9_223_372_036_854_775_807]), 8, .sizeOverflows),
        (Entry(shape: [4_294_967_296, 4_294_967_296]), 8, .sizeOverflows),
        (Entry(shape: [2_305_843_009_213_693_952]), 8, .sizeOverflows),
        (Entry(shape: [4_194_305, 4_194_305, 211_106_198_978_564]), 8, .sizeOverflows),
        (Entry(dtype: "I64", shape: [4_294_967_296, 4_294_967_296]), 8, .sizeOverflows),
    ]

    @Test(arguments: single)
    func `an entry is taken or refused by its own rule`(entry: Entry, dataBytes: Int, problem: TensorProblem?) throws {
        let expected = problem.map { CheckpointError.tensor("t", file: "model.safetensors", $0) }
        #expect(try refusal(ofHeader: safetensors([entry], dataBytes: dataBytes)) == expected)
    }

    @Test(arguments: ["1", "null", "[]", "\"F32\""])
    func `an entry is an object`(text: String) throws {
        let bytes = safetensors(header: "{\"t\":\(text)}")
        #expect(try refusal(ofHeader: bytes) == .tensor("t", file: "model.safetensors", .notAnObject))
    }

    @Test func `an integer past 64 bits is refused`() throws {
        let text = #"{"t":{"dtype":"F32","shape":[18446744073709551618],"data_offsets":[0,8]}}"#
        let bytes = safetensors(header: text, data: [UInt8](repeating: 0, count: 8))
        #expect(try refusal(ofHeader: bytes) == .tensor("t", file: "model.safetensors", .field("shape")))
    }

    private static let pairs: [([Entry], Int, String, TensorProblem?)] = [
        ([Entry(name: "b", offsets: [8, 16]), Entry(name: "a", offsets: [0, 8])], 16, "", nil),
        ([Entry(name: "a"), Entry(name: "b")], 8, "b", .overlaps("a")),
        ([Entry(name: "a"), Entry(name: "b", offsets: [4, 12])], 12, "b", .overlaps("a")),
        ([Entry(name: "a"), Entry(name: "b", shape: [1], offsets: [2, 6])], 8, "b", .overlaps("a")),
        ([Entry(name: "a"), Entry(name: "b", offsets: [9, 17])], 17, "b", .hole(from: 8, to: 9)),
        ([Entry(name: "a"), Entry(name: "b", shape: [0], offsets: [8, 8])], 8, "", nil),
        ([Entry(name: "a"), Entry(name: "b", shape: [0], offsets: [0, 0])], 8, "", nil),
        ([Entry(name: "a"), Entry(name: "b", shape: [0], offsets: [4, 4])], 8, "b", .overlaps("a")),
        ([Entry(name: "a", dtype: "X1", offsets: [0, 3]), Entry(name: "b", offsets: [3, 11])], 11, "", nil),
        (
            [Entry(name: "a", dtype: "X1", offsets: [0, 3]), Entry(name: "b", offsets: [4, 12])], 12, "b",
            .hole(from: 3, to: 4)
        ),
    ]

    @Test(arguments: pairs)
    func `tensors lie side by side, in any order of the header`(
        entries: [Entry],
        dataBytes: Int,
        name: String,
        problem: TensorProblem?
    ) throws {
        let expected = problem.map { CheckpointError.tensor(name, file: "model.safetensors", $0) }
        #expect(try refusal(ofHeader: safetensors(entries, dataBytes: dataBytes)) == expected)
    }

    @Test(arguments: ["I64", "F64", "BOOL", "F8_E4M3", "U8", "f32", "F99", ""])
    func `another element type is refused when it is asked for, by name`(dtype: String) throws {
        let entries = [Entry(name: "buffer", dtype: .string(dtype)), Entry(name: "weight", offsets: [8, 16])]
        let folder = try modelFolder(["model.safetensors": safetensors(entries, dataBytes: 16)])
        let checkpoint = try Checkpoint(folder: folder.path)
        #expect(checkpoint.tensors.keys.sorted() == ["weight"])
        #expect(checkpoint.unsupportedTensors["buffer"]?.dtype == dtype)
        #expect(throws: CheckpointError.tensor("buffer", file: "model.safetensors", .unsupportedDType(dtype))) {
            try checkpoint.load("buffer")
        }
        #expect(throws: CheckpointError.missingTensor("other")) { try checkpoint.load("other") }
    }
}
