// Numbers of a language model that are none, or too large for what is made of them.
import Checkpoints
import Fixtures
import Foundation
import JSON
import Scoring
import Testing

/// Changes the numbers of one tensor of a safetensors file, two bytes each.
private func change(_ name: String, of file: inout [UInt8], _ body: (Int, inout UInt16) -> Void) throws {
    let headerCount = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let header = try JSONValue(parsing: file[8..<8 + headerCount])
    let offsets = header[name]?["data_offsets"]?.array?.compactMap(\.integer)
    let places = try #require(offsets)
    for (index, place) in stride(from: 8 + headerCount + places[0], to: 8 + headerCount + places[1], by: 2).enumerated()
    {
        var bits = UInt16(file[place]) | UInt16(file[place + 1]) << 8
        body(index, &bits)
        (file[place], file[place + 1]) = (UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8))
    }
}

private func model(of name: String, changing tensor: String, _ body: (Int, inout UInt16) -> Void) throws
    -> LanguageModelScorer
{
    var failure: (any Error)?
    let checkpoint = try variant(
        of: name,
        weights: { bytes in
            do { try change(tensor, of: &bytes, body) } catch { failure = error }
        }
    )
    if let failure { throw failure }
    return try LanguageModelScorer(checkpoint: checkpoint)
}

@Suite struct LanguageNumberTests {
    @Test func `a number that is none fails its rollout, by its place, and becomes no other`() async throws {
        // Large numbers of both signs in the output layer: each logit is a sum of infinities.
        let broken = try model(of: "tiny-prm", changing: "lm_head.weight") { index, bits in
            bits = index % 2 == 0 ? 0x7F7F : 0xFF7F
        }
        let text = policyText()
        let found = try await broken.signals(for: [
            SignalRequest(text, wantsTokens: true), SignalRequest(text, answers: ["10"]),
            SignalRequest(text, wantsTokens: true, answers: ["10"]),
        ])
        #expect(throws: ScoringError.nonFiniteSignal(token: -1)) { try found[0].get() }
        #expect(throws: ScoringError.nonFiniteAnswer(0, step: 0)) { try found[1].get() }
        #expect(throws: ScoringError.nonFiniteSignal(token: -1)) { try found[2].get() }
    }

    @Test func `a perplexity that is too large for a number is missing, and nothing else`() async throws {
        // Logits 2^16 times as far from each other.
        let certain = try model(of: "tiny-prm", changing: "lm_head.weight") { _, bits in
            if bits & 0x7F80 != 0 { bits += 16 << 7 }
        }
        let request = SignalRequest(policyText(), wantsTokens: true, answers: ["10"])
        let found = try await certain.signals(for: [request])[0].get()
        let tokens = try #require(found.tokens)
        #expect(tokens.logprobs.contains { $0 < -1e4 } && tokens.perplexities == [nil, nil])
        #expect(found.answerLogprobs[0].allSatisfy { $0.isFinite })
    }
}
