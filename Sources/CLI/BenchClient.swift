// One connection that asks, waits, and asks again.
import Serving
import Sockets

/// A client of the bench: HTTP/1.1 with keep-alive, and just enough of it to read our own answers.
struct BenchClient {
    private let stream: PlainStream

    init(_ address: SocketAddress, on loop: SocketLoop) async throws {
        stream = try await PlainStream.connect(to: address, on: loop, until: .now.advanced(by: .seconds(10)))
    }

    /// Asks until the schedule ends; samples are the requests that began after its start.
    func ask(_ bodies: LoadBodies, _ client: Int, _ schedule: LoadSchedule) async throws -> [LoadFigures.Sample] {
        var samples: [LoadFigures.Sample] = []
        var request = 0
        while true {
            let due = schedule.due(client: client, request: request)
            if let due { try await Task.sleep(until: due) }
            let began = due ?? ContinuousClock.now
            if began >= schedule.end { break }
            let (bytes, isLong) = bodies.request(request * schedule.clients + client)
            request += 1
            try await stream.write(bytes, stall: .seconds(60), until: nil)
            let answer = try await answer()
            let seconds = began.duration(to: .now) / .seconds(1)
            if began >= schedule.start {
                samples.append(LoadFigures.Sample(seconds: seconds, isGood: answer.status == 200, isLong: isLong))
            }
            if answer.closes { break }
        }
        await stream.close()
        return samples
    }

    /// Reads one response by its Content-Length.
    private func answer() async throws -> (status: Int, closes: Bool) {
        var bytes: [UInt8] = []
        while true {
            let more = try await stream.read(atMost: 1 << 16, until: .now.advanced(by: .seconds(600)))
            guard !more.isEmpty else { throw SocketError.closed }
            bytes += more
            guard let end = bytes.firstRange(of: Self.blankLine) else { continue }
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).lowercased()
            let lines = head.split(separator: "\r\n")
            let length = lines.lazy.compactMap { line in
                line.hasPrefix("content-length: ") ? Int(line.dropFirst(16)) : nil
            }.first
            guard let length, bytes.count >= end.upperBound + length else { continue }
            let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) }
            return (status ?? 0, lines.contains("connection: close"))
        }
    }

    private static let blankLine = Array("\r\n\r\n".utf8)
}
