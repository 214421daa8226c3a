// One hostile safetensors file for each rule.
import Checkpoints
import Fixtures
import Glibc
import JSON
import Testing

@Suite struct HeaderTests {
    private static let file = "model.safetensors"

    /// Text and data bytes that make a header, and what it is refused with.
    private static let headers: [(String, Int, HeaderProblem?)] = [
        ("{}", 0, nil), ("{}   ", 0, nil), (#"{"__metadata__":{"format":"pt"}}"#, 0, nil),
        (" {}", 0, .doesNotStartWithBrace), ("[]", 0, .doesNotStartWithBrace),
        ("\u{FEFF}{}", 0, .doesNotStartWithBrace),
        (#"{"__metadata__":{"format":1}}"#, 0, .metadataNotStrings), (#"{"__metadata__":[]}"#, 0, .metadataNotStrings),
        (#"{"__metadata__":null}"#, 0, .metadataNotStrings), ("{}", 1, .trailingBytes(1)),
        (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, nil),
        (#"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, .trailingBytes(1)),
        (#"{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, .badTensorName("")),
        (#"{"\u0000":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, .badTensorName("\0")),
        (#"{"\u00e9":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, .badTensorName("\u{E9}")),
    ]

    @Test(arguments: headers)
    func `a header is taken or refused by its own rule`(text: String, dataBytes: Int, problem: HeaderProblem?) throws {
        let bytes = safetensors(header: text, data: [UInt8](repeating: 0, count: dataBytes))
        #expect(try refusal(ofHeader: bytes) == problem.map { .header(file: Self.file, $0) })
    }

    private static let lengths: [(UInt64, Int, HeaderProblem)] = [
        (0, 0, .doesNotStartWithBrace), (1, 0, .longerThanFile(1, fileBytes: 8)),
        (100_000_001, 0, .longerThanFile(100_000_001, fileBytes: 8)),
        (1 << 63, 2, .longerThanFile(1 << 63, fileBytes: 10)), (.max, 2, .longerThanFile(.max, fileBytes: 10)),
        (.max - 7, 2, .longerThanFile(.max - 7, fileBytes: 10)), (3, 2, .longerThanFile(3, fileBytes: 10)),
        ((8 << 20) + 1, (8 << 20) + 1, .tooLong((8 << 20) + 1, limit: 8 << 20)),
    ]

    @Test(arguments: lengths)
    func `a length is checked before anything is read for it`(
        length: UInt64,
        bytesAfter: Int,
        problem: HeaderProblem
    ) throws {
        let text = String(repeating: " ", count: bytesAfter)
        #expect(try refusal(ofHeader: safetensors(header: text, length: length)) == .header(file: Self.file, problem))
    }

    @Test(arguments: [100_000_000, 100_000_001, 1 << 40] as [UInt64])
    func `a length that its file has but no model needs is refused before it is read`(length: UInt64) throws {
        let folder = try modelFolder([Self.file: safetensors(header: "{", length: length)])
        // A sparse file: its length is all that it has.
        #expect(truncate(folder.path + "/" + Self.file, off_t(8 + length)) == 0)
        #expect(refusal(of: folder) == .header(file: Self.file, .tooLong(length, limit: 8 << 20)))
    }

    @Test func `another file behind the data is refused, so that no file is two`() throws {
        let zip: [UInt8] = [0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18)
        let bytes = safetensors([("t", [1])]) + zip
        #expect(try refusal(ofHeader: bytes) == .header(file: Self.file, .trailingBytes(22)))
    }

    @Test func `a header as long as the limit is read`() throws {
        let text = "{}" + String(repeating: " ", count: (8 << 20) - 2)
        #expect(try refusal(ofHeader: safetensors(header: text)) == nil)
    }

    @Test(arguments: 0...7)
    func `a file shorter than its length field is refused`(count: Int) throws {
        let bytes = [UInt8](repeating: 0, count: count)
        #expect(try refusal(ofHeader: bytes) == .header(file: Self.file, .fileTooShort(bytes: count)))
    }

    @Test(arguments: [
        (#"{"t":1,"t":2}"#, JSONError.Kind.duplicateKey("t")), (#"{"t":1,"\u0074":2}"#, .duplicateKey("t")),
        (#"{"t":{"dtype":"F32","dtype":"F16"}}"#, .duplicateKey("dtype")),
        (#"{"__metadata__":{},"__metadata__":{}}"#, .duplicateKey("__metadata__")),
        ("{", .unexpectedEnd), ("{}\0", .trailingBytes), ("{}{}", .trailingBytes),
        (#"{"t":NaN}"#, .unexpectedByte(0x4E)),
    ])
    func `a header that is not strict JSON is refused`(text: String, kind: JSONError.Kind) throws {
        guard case .notJSON(file: Self.file, let error) = try refusal(ofHeader: safetensors(header: text)) else {
            Issue.record("accepted, or refused for another reason")
            return
        }
        #expect(error.kind == kind)
    }

    @Test(arguments: [(65_536, false), (65_537, true)])
    func `there may be 65,536 tensors and no more`(count: Int, isRefused: Bool) throws {
        let entries = (0..<count).map { Entry(name: "t\($0)", shape: [0], offsets: [0, 0]) }
        let expected: CheckpointError? =
            isRefused ? .header(file: Self.file, .tooManyTensors(65_537, limit: 65_536)) : nil
        #expect(try refusal(ofHeader: safetensors(entries, dataBytes: 0)) == expected)
    }

    @Test(arguments: [(512, false), (513, true)])
    func `a name may have 512 bytes and no more`(count: Int, isRefused: Bool) throws {
        let bytes = safetensors([Entry(name: String(repeating: "n", count: count))], dataBytes: 8)
        #expect((try refusal(ofHeader: bytes) != nil) == isRefused)
    }
}
