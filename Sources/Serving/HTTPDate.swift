// Says what time it is, as a Date header does.
internal import Glibc
internal import Synchronization

/// The Date header's text, made once a second (RFC 9110 5.6.7).
package enum HTTPDate {
    private struct Cache {
        var second: time_t = -1
        var text: [UInt8] = []
    }

    private static let cache = Mutex(Cache())

    static func now() -> [UInt8] {
        let second = time(nil)
        return cache.withLock { cache in
            if cache.second != second { cache = Cache(second: second, text: text(of: second)) }
            return cache.text
        }
    }

    /// Such as `Sun, 06 Nov 1994 08:49:37 GMT`, in English whatever the locale.
    package static func text(of second: Int) -> [UInt8] {
        var second = time_t(second)
        var parts = tm()
        gmtime_r(&second, &parts)
        let day = days[Int(parts.tm_wday) % 7]
        let month = months[Int(parts.tm_mon) % 12]
        let date = "\(day), \(two(parts.tm_mday)) \(month) \(parts.tm_year + 1900)"
        return Array("\(date) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT".utf8)
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
