// Every request of the corpus, whole and in pieces.
import Fixtures
import HTTPTypes
import Serving
import Sockets
import Testing

@Suite(.enabled(if: Shared.isPresent, Comment(rawValue: Shared.skipped)), .timeLimit(.minutes(5)))
struct `The corpus of requests` {
    @Test func `has all its 258 cases, and the table of differences names no other`() {
        #expect(CorpusCase.all.count == 258)
        #expect(Set(corpusDifferences.keys).isSubset(of: CorpusCase.all.map(\.name)))
    }

    @Test(arguments: CorpusCase.all)
    func `gets the verdict of its suite, or one that we can explain`(example: CorpusCase) {
        let verdict = Verdict(on: example.withHost)
        let agrees =
            switch example.theirs {
            case "accept": verdict.accepts && (!verdict.requests.isEmpty || verdict.isCutShort)
            case "reject": !verdict.accepts
            default: true
            }
        #expect(agrees != (corpusDifferences[example.name] != nil), "\(example.theirs), but \(verdict)")
    }

    @Test(arguments: CorpusCase.all.filter { !$0.hasHost })
    func `is refused without a Host in HTTP 1_1`(example: CorpusCase) {
        let verdict = Verdict(on: example.raw)
        // Those that begin with HTTP/1.0 are answered once, and need no Host for that.
        let mayBegin = ["valid/019", "valid/020", "valid/022", "llhttp-109"].contains(example.name)
        #expect(verdict.requests.isEmpty || mayBegin, "\(verdict)")
        #expect(verdict.refusal != nil || mayBegin, "\(verdict)")
    }

    @Test(arguments: CorpusCase.all)
    func `reads the same at every split point`(example: CorpusCase) {
        for bytes in Set([example.raw, example.withHost]) {
            let whole = Outcome(of: [bytes])
            #expect(Outcome(of: bytes.map { [$0] }) == whole, "byte by byte")
            var parser = RequestParser()
            var events: [RequestParser.Event] = []
            for (index, byte) in bytes.enumerated() {
                events += parser.take([byte])
                let split = Outcome(parser, [Array(bytes[(index + 1)...])], after: events)
                guard split == whole else { return #expect(split == whole, "split after byte \(index)") }
            }
        }
    }

    @Test func `is echoed or refused once over real sockets`() async throws {
        try await TestServer.run { server in
            for example in CorpusCase.all {
                let verdict = Verdict(on: example.withHost)
                let answers = try await server.exchange(example.withHost, finishing: true)
                let statuses = answers.map(\.status)
                let refusal = verdict.refusal.map(\.statusCode)
                #expect(statuses == verdict.requests.map { _ in 200 } + [refusal].compactMap(\.self), "\(example.name)")
                for (answer, request) in zip(answers, verdict.requests) where request.method != .head {
                    #expect(answer.body == request.body, "\(example.name)")
                }
                if verdict.refusal != nil { #expect(answers.last?.headers["connection"] == "close", "\(example.name)") }
            }
        }
    }
}
