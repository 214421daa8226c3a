// Spans by hand: what is shared, what is private, what is kept.

import Batching
import Testing

extension PrefixTree {
    /// Inserts a sequence and computes what is missing of it; returns its leaf.
    fileprivate mutating func compute(_ tokens: [Int32], reads: [Int] = []) -> Int {
        let leaf = insert(TokenWork(tokens: tokens, reads: reads))
        let positions = give(missing(leaf), to: leaf)
        let piece = piece(positions, of: leaf)
        store(piece.reads.map(Float.init)[...], of: piece.reads, to: leaf)
        settle(leaf, computed: true)
        return leaf
    }

    /// Tokens that a sequence would have computed for it now.
    fileprivate func cost(_ tokens: [Int32], reads: [Int] = []) -> Int {
        var copy = self
        let leaf = copy.insert(TokenWork(tokens: tokens, reads: reads))
        return copy.missing(leaf)
    }
}

@Suite struct PrefixTreeTests {
    @Test func `a sequence that branches off stands on the slots before the branch`() {
        var tree = PrefixTree(cachedTokens: 0)
        let first = tree.compute([1, 2, 3, 4])
        let second = tree.insert(sequence([1, 2, 9]))
        #expect(tree.missing(second) == 1 && tree.isComputed(first) && !tree.isComputed(second))
        let positions = tree.give(1, to: second)
        #expect(tree.piece(positions, of: second) == Round.Piece(path: [0, 1, 4], tokens: [9], reads: [2]))
        // A beginning of both ends in the middle of a span, and needs nothing.
        let third = tree.insert(TokenWork(tokens: [1], reads: []))
        #expect(tree.isComputed(third) && tree.slotsInUse == 5)
    }

    @Test func `spans that wait are shared before they are computed`() {
        var tree = PrefixTree(cachedTokens: 0)
        let leaves = [[1, 2, 3], [1, 2, 4, 5], [1, 2]].map { tree.insert(sequence($0)) }
        #expect(leaves.map { tree.missing($0) } == [3, 4, 2])
        let positions = tree.give(4, to: leaves[1])
        // The third sequence is read at position 1, which the second has computed for it.
        #expect(tree.piece(positions, of: leaves[1]).reads == [1, 3])
        #expect(leaves.map { tree.missing($0) } == [1, 0, 0])
    }

    @Test func `a span that runs can be split, and its answers find their places`() {
        var tree = PrefixTree(cachedTokens: 0)
        let long = tree.insert(TokenWork(tokens: [1, 2, 3, 4, 5], reads: [1, 4]))
        let positions = tree.give(4, to: long)
        let branch = tree.insert(TokenWork(tokens: [1, 2, 3, 9], reads: [1]))
        #expect(tree.missing(branch) == 1 && positions == 0..<4)
        tree.store([0.5], of: [1], to: long)
        tree.settle(long, computed: true)
        #expect(tree.missing(long) == 1 && !tree.isComputed(branch))
        #expect(tree.give(1, to: branch) == 3..<4)
        tree.settle(branch, computed: true)
        #expect(tree.isComputed(branch) && tree.answers(of: [1], to: branch) == [0.5])
    }

    @Test func `what a failed round filled is given back`() {
        var tree = PrefixTree(cachedTokens: 0)
        let leaf = tree.compute([1, 2])
        let longer = tree.insert(sequence([1, 2, 3, 4]))
        _ = tree.give(2, to: longer)
        tree.settle(longer, computed: false)
        #expect(tree.slotsInUse == 2 && tree.missing(longer) == 2 && tree.isComputed(leaf))
    }

    @Test func `a read that comes too late is computed again, in private, and leaves nothing behind`() {
        var tree = PrefixTree(cachedTokens: 100)
        tree.unpin(tree.compute([1, 2, 3, 4], reads: [1]))
        #expect(tree.cost([1, 2, 3, 4], reads: [1]) == 0 && tree.cost([1, 2, 3, 4], reads: []) == 0)
        #expect(tree.cost([1, 2, 3, 4], reads: [1, 2]) == 2 && tree.cost([1, 2, 3, 4], reads: [0]) == 4)
        let late = tree.compute([1, 2, 3, 4], reads: [1, 2])
        #expect(tree.slotsInUse == 6 && tree.answers(of: [1, 2], to: late) == [1, 2])
        #expect(tree.cost([1, 2, 3, 4], reads: [1, 2]) == 2)
        tree.unpin(late)
        #expect(tree.slotsInUse == 4 && tree.slotsKept == 4 && tree.cost([1, 2, 3, 4, 5]) == 1)
    }

    @Test func `a token is shared by those who ask the same of it, and what follows it too`() {
        var tree = PrefixTree(cachedTokens: 100, answerWidth: 2)
        func work(_ last: Int32) -> TokenWork { TokenWork(asking: [1, Token(2, asked: 7), Token(3, asked: last), 4]) }
        func cost(_ last: Int32) -> Int {
            var copy = tree
            let leaf = copy.insert(work(last))
            return copy.missing(leaf)
        }
        let leaf = tree.insert(work(8))
        let all = tree.give(4, to: leaf)
        #expect(work(8).reads == [1, 2] && all == 0..<4)
        tree.store([10, 11, 20, 21], of: [1, 2], to: leaf)
        tree.settle(leaf, computed: true)
        #expect(tree.answers(of: [1, 2], to: leaf) == [10, 11, 20, 21])
        #expect(cost(8) == 0 && cost(9) == 2 && cost(Token.nothing) == 2)
        let other = tree.insert(work(9))
        let positions = tree.give(2, to: other)
        #expect(positions == 2..<4 && tree.piece(positions, of: other).tokens == [Token(3, asked: 9), 4])
    }

    @Test func `what was used least lately is forgotten first`() {
        var tree = PrefixTree(cachedTokens: 9)
        for first in Int32(1)...3 { tree.unpin(tree.compute([first, 0, 0])) }
        #expect(tree.slotsKept == 9)
        tree.unpin(tree.compute([1, 0, 0]))
        tree.unpin(tree.compute([4, 0, 0]))
        #expect((1...4).map { tree.cost([$0, 0, 0]) } == [0, 3, 0, 0])
        #expect(tree.slotsInUse == 9)
    }

    @Test func `a sequence is forgotten from its end, branches before their trunk`() {
        var tree = PrefixTree(cachedTokens: 8)
        let leaves = [tree.compute([1, 2, 3, 4, 5, 6]), tree.compute([1, 2, 3, 7, 8])]
        for leaf in leaves { tree.unpin(leaf) }
        #expect(tree.slotsKept == 8)
        tree.unpin(tree.compute([9, 9]))
        #expect(tree.cost([1, 2, 3, 4, 5, 6]) == 2 && tree.cost([1, 2, 3, 7, 8]) == 0)
        tree.unpin(tree.compute([8, 8, 8]))
        #expect(tree.cost([1, 2, 3, 4, 5, 6]) == 3 && tree.cost([1, 2, 3, 7, 8]) == 2 && tree.slotsInUse == 8)
        tree.unpin(tree.compute([7, 7, 7, 7, 7, 7, 7, 7]))
        #expect(tree.cost([1, 2, 3]) == 3 && tree.slotsInUse == 8)
    }

    @Test func `what someone stands on may exceed the bound, and goes as soon as nobody does`() {
        var tree = PrefixTree(cachedTokens: 4)
        let leaves = [tree.compute([1, 2, 3, 4, 5, 6]), tree.compute([1, 2, 3, 4, 7, 8])]
        #expect(tree.slotsInUse == 8 && tree.slotsKept == 0)
        tree.unpin(leaves[0])
        #expect(tree.slotsInUse == 6 && tree.slotsKept == 0)
        tree.unpin(leaves[1])
        #expect(tree.slotsInUse == 4 && tree.slotsKept == 4 && tree.cost([1, 2, 3, 4]) == 0)
    }

    @Test func `of a sequence that left, the computed beginning is kept`() {
        var tree = PrefixTree(cachedTokens: 100)
        let leaf = tree.insert(sequence([1, 2, 3, 4, 5]))
        _ = tree.give(3, to: leaf)
        tree.settle(leaf, computed: true)
        tree.unpin(leaf)
        #expect(tree.slotsKept == 3 && tree.cost([1, 2, 3, 4, 5]) == 2)
    }

    /// 200,000 tokens moved at each of 2,000 splits would be 400 million.
    @Test(.timeLimit(.minutes(1)))
    func `splitting a long span costs what is split off`() {
        var tree = PrefixTree(cachedTokens: 0)
        let trunk = [Int32](repeating: 1, count: 200_000)
        let leaf = tree.compute(trunk, reads: Array(trunk.indices))
        let branches = (1...2000).map { tree.insert(sequence(Array(trunk.prefix($0)) + [2])) }
        #expect(branches.allSatisfy { tree.missing($0) == 1 })
        for branch in branches + [leaf] { tree.unpin(branch) }
        #expect(tree.slotsInUse == 0)
    }
}
