// Our ids against those of Hugging Face tokenizers.
import Fixtures
import Foundation
import JSON
import Testing
import Tokenizing

@Suite struct ParityTests {
    /// One of every kind: byte level, with whole pieces unmerged, and SentencePiece's by its ways with spaces.
    @Test(arguments: [
        ("tiny", 250), ("unmerged", 120), ("legacy", 120), ("first", 120), ("always", 120), ("never", 120),
    ])
    func `the small tokenizers give Hugging Face's ids`(name: String, count: Int) throws {
        let result = try compare(Golden.file("\(name).parity.jsonl"))
        #expect(result.compared == count)
        #expect(result.differences == [])
    }

    @Test(
        .enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)),
        arguments: ["qwen2.5", "qwen2.5-prm", "mistral"]
    )
    func `the 73 hard strings have Hugging Face's ids`(name: String) throws {
        try expectVectors(of: name, Tokenizer(parsing: Shared.bytes("tokenizers/\(name).tokenizer.json")))
    }

    @Test(.enabled(if: Llama3.isUsable, Comment(rawValue: Llama3.skipped)))
    func `the 73 hard strings have Llama-3's ids`() throws {
        try expectVectors(of: "llama3", Tokenizer(parsing: Llama3.tokenizer()))
    }

    private func expectVectors(of name: String, _ tokenizer: Tokenizer) throws {
        let rows = try JSONValue(parsing: Shared.bytes("tokenizers/tokenizer_vectors.json")).array ?? []
        #expect(rows.count == 73)
        for row in rows {
            let text = try #require(row["text"]?.string)
            let expected = try #require(row[name]?.array).map { $0.integer.map(Int32.init) }
            #expect(tokenizer.encodeWithAddedTokens(text) == expected, "\(text.debugDescription)")
        }
    }

    /// Written and run by parity.py: as many strings as one likes.
    @Test(.enabled(if: parityFile != nil, "SKIPPED: run Tests/TokenizingTests/parity.py, which needs PyPI"))
    func `strings made by the script have Hugging Face's ids`() throws {
        let file = try #require(parityFile)
        let result = try compare(URL(fileURLWithPath: file))
        print("parity: \(result.compared) strings compared, \(result.differences.count) differences")
        #expect(result.compared > 0)
        #expect(result.differences.prefix(20) == [])
    }
}

private let parityFile: String? = ProcessInfo.processInfo.environment["LINCHPIN_PARITY"]

/// Files that are committed beside the tests.
enum Golden {
    static func file(_ name: String) -> URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden/\(name)")
    }

    static func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer(parsing: [UInt8](Data(contentsOf: file("\(name).tokenizer.json"))))
    }

    static func tinyTokenizer() throws -> Tokenizer { try tokenizer("tiny") }
}

/// Encodes every line of a file of parity.py both ways; a line with `tokenizer` names the file that the next are for.
private func compare(_ file: URL) throws -> (compared: Int, differences: [String]) {
    var tokenizer: Tokenizer?
    var compared = 0
    var differences: [String] = []
    for line in try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")) {
        let row = try JSONValue(parsing: Array(line))
        if let path = row["tokenizer"]?.string {
            let url = URL(fileURLWithPath: path, relativeTo: file.deletingLastPathComponent())
            tokenizer = try Tokenizer(parsing: [UInt8](Data(contentsOf: url)))
            continue
        }
        let text = try #require(row["text"]?.string)
        let ids = try #require(row["ids"]?.array).compactMap { $0.integer.map(Int32.init) }
        let idsAdded = row["ids_added"]?.array?.compactMap { $0.integer.map(Int32.init) } ?? ids
        let current = try #require(tokenizer)
        if current.encode(text) != ids { differences.append("encode: \(text.debugDescription)") }
        if current.encodeWithAddedTokens(text) != idsAdded {
            differences.append("with added: \(text.debugDescription)")
        }
        compared += 1
    }
    return (compared, differences)
}
