// When a line was written, as RFC 3339 has it.
import Glibc

/// A moment of the wall clock, in milliseconds since 1970.
package struct LogTime: Sendable {
    private let milliseconds: Int

    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    package static var now: LogTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return LogTime(milliseconds: time.tv_sec * 1000 + time.tv_nsec / 1_000_000)
    }

    /// `2026-11-21T17:00:00.123Z`.
    package var text: String {
        var seconds = time_t(milliseconds / 1000)
        var date = tm()
        gmtime_r(&seconds, &date)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let thousandths = String(1000 + milliseconds % 1000).dropFirst()
        return "\(1900 + date.tm_year)-\(two(date.tm_mon + 1))-\(two(date.tm_mday))"
            + "T\(two(date.tm_hour)):\(two(date.tm_min)):\(two(date.tm_sec)).\(thousandths)Z"
    }
}
