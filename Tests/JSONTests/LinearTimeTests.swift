// Time grows with the text, not with its square.
import Fixtures
import Foundation
import JSON
import Testing

@Suite(.serialized) struct LinearTimeTests {
    /// Of this thread's own time, the best of three: what else the machine does must not decide.
    private func seconds(toParse bytes: [UInt8]) throws -> Double {
        var best = Double.infinity
        for _ in 0..<3 {
            let start = Self.threadSeconds()
            _ = try JSONValue(parsing: bytes)
            best = min(best, Self.threadSeconds() - start)
        }
        return best
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static let growing: [@Sendable (Int) -> String] = [
        { count in "{" + (0..<count).map { "\"key\($0)\":\($0)" }.joined(separator: ",") + "}" },
        { count in "[" + (0..<count).map { "\"a b\($0)\"" }.joined(separator: ",") + "]" },
        { count in "\"" + String(repeating: "a\\n\\u00e9", count: count) + "\"" },
        { count in "[" + (0..<count).map { "\($0).25e-3" }.joined(separator: ",") + "]" },
        { count in "[" + (0..<count).map { _ in "{\"a\":[{}]}" }.joined(separator: ",") + "]" },
    ]

    @Test(arguments: growing)
    func `eight times the text takes nowhere near 64 times the time`(text: @Sendable (Int) -> String) throws {
        let small = try seconds(toParse: Array(text(20_000).utf8))
        let large = try seconds(toParse: Array(text(160_000).utf8))
        #expect(large < 24 * max(small, 0.002))
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
