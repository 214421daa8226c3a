// The order in which alarms ring.
import Sockets
import Testing

@Suite struct `Alarms` {
    private let start = Instant.now

    @Test func `come out in the order of their times`() {
        var heap = AlarmHeap()
        var random = SystemRandomNumberGenerator()
        let times = (0..<200).map { _ in Int.random(in: 0..<50, using: &random) }
        let alarms = times.map { _ in Alarm {} }
        for (alarm, time) in zip(alarms, times) { heap.insert(alarm, due: start + .seconds(time)) }
        var rung: [Instant] = []
        while let due = heap.firstDue, let alarm = heap.removeFirst(dueBy: due) {
            rung.append(due)
            #expect(alarms.contains { $0 === alarm })
        }
        #expect(rung == times.sorted().map { start + .seconds($0) })
    }

    @Test func `that are cleared never come out and leave nothing behind`() {
        var heap = AlarmHeap()
        let alarms = (0..<100).map { _ in Alarm {} }
        for (index, alarm) in alarms.enumerated() { heap.insert(alarm, due: start + .seconds((index * 37) % 100)) }
        for alarm in alarms where alarm !== alarms[42] { heap.remove(alarm) }
        heap.remove(alarms[7])
        #expect(heap.count == 1)
        #expect(heap.removeFirst(dueBy: start + .seconds(200)) === alarms[42])
        #expect(heap.firstDue == nil)
    }

    @Test func `do not come out before their time`() {
        var heap = AlarmHeap()
        heap.insert(Alarm {}, due: start + .seconds(5))
        #expect(heap.removeFirst(dueBy: start + .seconds(5) - .nanoseconds(1)) == nil)
        #expect(heap.removeFirst(dueBy: start + .seconds(5)) != nil)
    }
}
