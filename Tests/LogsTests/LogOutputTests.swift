// Lines reach their reader whole, and wait for none.
import Dispatch
import Glibc
import JSON
import Logging
import Logs
import Testing

@Suite struct LogOutputTests {
    /// A pipe; nobody reads it until `readAll`.
    private final class Pipe: Sendable {
        let reading: Int32
        let writing: Int32

        init() {
            var ends: [Int32] = [-1, -1]
            pipe(&ends)
            (reading, writing) = (ends[0], ends[1])
        }

        /// Everything that is written until the other end is closed, by lines.
        func lines() -> [[UInt8]] {
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(reading, &piece, piece.count), count > 0 { bytes += piece[..<count] }
            return bytes.split(separator: UInt8(ascii: "\n")).map(Array.init)
        }
    }

    /// Not on a thread that other tests wait for.
    private func elsewhere<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "elsewhere").async { continuation.resume(returning: work()) }
        }
    }

    private func line(_ number: Int) -> [UInt8] {
        Array("\(number) \(String(repeating: "x", count: 95))\n".utf8)
    }

    @Test func `lines come whole and in order`() {
        let pipe = Pipe()
        let output = LogOutput(pipe.writing)
        for number in 0..<500 { output.write(line(number)) }
        output.finish(within: .seconds(10))
        close(pipe.writing)
        #expect(pipe.lines().map { $0 + [10] } == (0..<500).map(line))
        #expect(output.droppedLines == 0)
        close(pipe.reading)
    }

    @Test func `a pipe that nobody reads holds nobody up, and what has no room is counted`() async {
        let pipe = Pipe()
        let output = LogOutput(pipe.writing, capacity: 100_000)
        let start = ContinuousClock.now
        for number in 0..<20_000 { output.write(line(number)) }
        // 2 MB into 64 KiB of pipe and twice 100,000 bytes.
        #expect(start.duration(to: .now) < .seconds(20))
        #expect(output.droppedLines > 15_000)
        async let whole = elsewhere { pipe.lines() }
        await elsewhere { output.finish(within: .seconds(20)) }
        output.write(line(-1))
        await elsewhere { output.finish(within: .seconds(20)) }
        close(pipe.writing)
        let read = await whole
        // Those that were taken all come, whole, and it goes on when there is a reader again.
        #expect(read.count == 20_001 - output.droppedLines)
        #expect(read.last.map { $0 + [10] } == line(-1) && read.allSatisfy { $0.count > 95 })
        close(pipe.reading)
    }

    @Test func `a reader that has gone, or never was, costs lines and nothing else`() {
        signal(SIGPIPE, SIG_IGN)
        let pipe = Pipe()
        close(pipe.reading)
        for descriptor in [pipe.writing, 9999] {
            let output = LogOutput(descriptor)
            for number in 0..<3 { output.write(line(number)) }
            output.finish(within: .seconds(10))
            #expect(output.droppedLines == 3)
        }
        close(pipe.writing)
    }

    @Test func `a pipe that somebody made non-blocking gets every line`() async {
        let pipe = Pipe()
        _ = fcntl(pipe.writing, F_SETFL, fcntl(pipe.writing, F_GETFL) | O_NONBLOCK)
        let output = LogOutput(pipe.writing)
        for number in 0..<5000 { output.write(line(number)) }
        async let whole = elsewhere { pipe.lines() }
        await elsewhere { output.finish(within: .seconds(20)) }
        close(pipe.writing)
        #expect(await whole.count == 5000)
        #expect(output.droppedLines == 0)
        close(pipe.reading)
    }

    @Test func `a logger's own fields, and those of the event over them`() throws {
        let pipe = Pipe()
        let output = LogOutput(pipe.writing)
        var logger = Logger(label: "x") { _ in LineHandler(format: .json, output: output) }
        logger[metadataKey: "a"] = "1"
        logger[metadataKey: "b"] = "1"
        logger.debug("not told")
        logger.notice("told", metadata: ["b": "2"])
        output.finish(within: .seconds(10))
        close(pipe.writing)
        let lines = try pipe.lines().map { try JSONValue(parsing: $0) }
        #expect(lines.count == 1 && lines[0]["a"] == "1" && lines[0]["b"] == "2" && lines[0]["level"] == "notice")
        close(pipe.reading)
    }
}
