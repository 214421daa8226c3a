// The line against an array.

import Batching
import Fixtures
import Testing

@Suite struct LineTests {
    @Test(arguments: 0..<10)
    func `it keeps the order that an array keeps`(seed: UInt64) {
        var chance = SeededGenerator(seed: seed)
        var line = Line()
        var array: [Int] = []
        for number in 0..<500 {
            switch Int.random(in: 0..<2, using: &chance) {
            case 0:
                line.append(number)
                array.append(number)
            default:
                let leaving = Int.random(in: 0...number, using: &chance)
                let stood = array.contains(leaving)
                #expect(line.contains(leaving) == stood)
                #expect(line.remove(leaving) == stood)
                array.removeAll { $0 == leaving }
            }
            #expect(line.first == array.first && line.count == array.count && line.isEmpty == array.isEmpty)
        }
        var walked: [Int] = []
        var next = line.first
        while let number = next {
            walked.append(number)
            next = line.next(after: number)
        }
        #expect(walked == array)
    }
}
