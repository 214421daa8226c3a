// A kernel so simple that a wrong slot shows in its answers.

import Batching
import Testing

/// What a kernel keeps in slots: each holds a hash of everything up to its token.
struct SlotMemory {
    /// Numbers a read: the second is made of what is asked there too.
    let width: Int
    private var slots: [Int32: UInt64] = [:]

    init(width: Int = 1) { self.width = width }

    /// Computes a round: each answer is made of all slots of its path, so that none of them may be another's.
    mutating func run(_ round: Round) -> [Float] {
        round.pieces.flatMap { piece in
            let first = piece.path.count - piece.tokens.count
            #expect(first >= 0 && !piece.tokens.isEmpty, "a piece ends where its path ends")
            #expect(piece.reads.allSatisfy((first..<piece.path.count).contains), "it reads what it computes")
            var answers: [Float] = []
            var before: UInt64 = 0
            var all: UInt64 = 0
            var reads = piece.reads[...]
            for (position, slot) in piece.path.enumerated() {
                if position >= first { slots[slot] = Self.mix(before, piece.tokens[position - first]) }
                // An empty slot is another sequence's mistake: it must spoil the answer, not the test's process.
                before = slots[slot] ?? 0
                all = Self.mix(all, before)
                guard reads.first == position else { continue }
                reads.removeFirst()
                answers += Self.answer(all, piece.tokens[position - first], width)
            }
            return answers
        }
    }

    /// What a sequence is answered with nobody beside it.
    static func alone(_ work: TokenWork) -> [Float] { alone(work, width: 1) }

    static func alone(_ work: TokenWork, width: Int) -> [Float] {
        var before: UInt64 = 0
        var all: UInt64 = 0
        let answers = work.tokens.map { token in
            before = mix(before, token)
            all = mix(all, before)
            return answer(all, token, width)
        }
        return work.reads.flatMap { answers[$0] }
    }

    private static func mix(_ left: UInt64, _ token: Token) -> UInt64 {
        mix(left, UInt64(truncatingIfNeeded: token.id) << 32 | UInt64(UInt32(bitPattern: token.asked)))
    }

    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        var mixed = (left ^ (right &* 0x9E37_79B9_7F4A_7C15)) &+ 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 29)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 32)
    }

    private static func answer(_ hash: UInt64, _ token: Token, _ width: Int) -> [Float] {
        width == 1 ? [answer(hash)] : [answer(hash), answer(mix(hash, token))]
    }

    /// The first 24 bits, which a float32 holds exactly.
    private static func answer(_ hash: UInt64) -> Float { Float(hash >> 40) }
}

/// A sequence of its own: `length` tokens that begin with `number`, read at the last of them.
func sequence(_ number: Int, _ length: Int = 1) -> TokenWork {
    TokenWork(tokens: (0..<length).map { Int32($0 == 0 ? number : -$0) }, reads: length > 0 ? [length - 1] : [])
}

/// A sequence of these tokens, read at the last of them unless told.
func sequence(_ tokens: [Int32], reads: [Int]? = nil) -> TokenWork {
    TokenWork(tokens: tokens, reads: reads ?? (tokens.isEmpty ? [] : [tokens.count - 1]))
}
