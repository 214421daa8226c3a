// Time grows with the text, not with its square.
import Fixtures
import JSON
import Testing

@Suite(.serialized) struct LinearTimeTests {
    /// The best of three, so that a busy machine does not decide.
    private func seconds(toParse bytes: [UInt8]) throws -> Double {
        var best = Duration.seconds(1000)
        for _ in 0..<3 {
            let start = ContinuousClock.now
            _ = try JSONValue(parsing: bytes)
            best = min(best, ContinuousClock.now - start)
        }
        return best / .seconds(1)
    }

    private static let growing: [@Sendable (Int) -> String] = [
        { count in "{" + (0..<count).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}" },
        { count in "[" + (0..<count).map { "\"a b\($0)\"" }.joined(separator: ",") + "]" },
        { count in "\"" + String(repeating: "a\\n\\u00e9", count: count) + "\"" },
        { count in "[" + (0..<count).map { "\($0).25e-3" }.joined(separator: ",") + "]" },
        { count in "[" + (0..<count).map { _ in "{\"a\":[{}]}" }.joined(separator: ",") + "]" },
    ]

    @Test(arguments: growing)
    func `eight times the text takes no more than sixteen times the time`(text: @Sendable (Int) -> String) throws {
        let small = try seconds(toParse: Array(text(20_000).utf8))
        let large = try seconds(toParse: Array(text(160_000).utf8))
        #expect(large < 16 * max(small, 0.002))
    }

    @Test(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)))
    func `a real tokenizer of 5 MB is read in a moment`() throws {
        let bytes = try Shared.bytes("tokenizers/qwen2.5.tokenizer.json")
        let vocabulary = try #require(JSONValue(parsing: bytes)["model"]?["vocab"]?.object)
        #expect(vocabulary.count == 151_643)
        #expect(vocabulary["!"] == 0)
        let taken = try seconds(toParse: bytes)
        print("JSON: \(bytes.count) bytes of tokenizer.json in \(taken) s")
        // Debug builds are some ten times slower; the aim for release is 0.25 s.
        #expect(taken < 5)
    }
}
