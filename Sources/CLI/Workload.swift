// What a bench sends: token ids in the patterns of real callers.
import Batching

/// Requests that follow one another; the rollouts of one request arrive together.
enum Workload: String, CaseIterable {
    /// One rollout of 512 tokens.
    case single = "1x512"
    /// Eight rollouts of 128 to 384 tokens.
    case mixed = "mixed8"
    /// Eight rollouts of 150 tokens after one prompt of 200.
    case group = "group8"
    /// A search: a trunk of 100 tokens, then eight times four candidates of 25, each sent with all that it stands on.
    case tree

    /// - Parameter salt: another number, other tokens.
    func requests(vocabulary: Int, salt: Int) -> [[TokenWork]] {
        var source = TokenSource(vocabulary: vocabulary, salt: salt)
        switch self {
        case .single: return [[work(source.take(512))]]
        case .mixed: return [[128, 384, 160, 352, 192, 320, 224, 288].map { work(source.take($0)) }]
        case .group:
            let prompt = source.take(200)
            return [(0..<8).map { _ in work(prompt + source.take(150)) }]
        case .tree:
            var trunk = source.take(100)
            return (0..<8).map { _ in
                let candidates = (0..<4).map { _ in source.take(25) }
                defer { trunk += candidates[0] }
                return candidates.map { work(trunk + $0) }
            }
        }
    }

    /// The same tokens, each sent once, with nothing to share and all at once; nil where nothing was shared.
    func uniqueTokens(vocabulary: Int, salt: Int) -> [TokenWork]? {
        var source = TokenSource(vocabulary: vocabulary, salt: salt)
        switch self {
        case .single, .mixed: return nil
        case .group: return [work(source.take(200))] + (0..<8).map { _ in work(source.take(150)) }
        case .tree: return [work(source.take(100))] + (0..<32).map { _ in work(source.take(25)) }
        }
    }

    /// A step every 25 tokens, read at its end.
    private func work(_ tokens: [Int32]) -> TokenWork {
        TokenWork(tokens: tokens, reads: Array(stride(from: 24, to: tokens.count - 1, by: 25)) + [tokens.count - 1])
    }

    static func named(_ name: String) throws -> Workload {
        guard let workload = Workload(rawValue: name) else {
            let known = allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.usage("--workload: \(name) is not one of \(known)")
        }
        return workload
    }
}

/// Token ids that do not repeat one another's beginnings.
struct TokenSource {
    let vocabulary: Int
    var state: UInt64

    init(vocabulary: Int, salt: Int) {
        self.vocabulary = vocabulary
        state = UInt64(truncatingIfNeeded: salt) &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func take(_ count: Int) -> [Int32] {
        (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32(truncatingIfNeeded: (state >> 33) % UInt64(vocabulary))
        }
    }
}
