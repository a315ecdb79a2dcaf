/// What libmariadb 3.3 is known not to survive, and what is therefore not said to it again.
enum KnownFaults {
    /// A report of progress (an error of the number 65535) in the place of the greeting: it asks for the version of the
    /// server, which it has not been told, and reads from address 0 (`mariadb_connection`).
    static func has(_ responses: [[UInt8]]) -> Bool {
        let stream = responses.lazy.flatMap { $0 }
        return stream.dropFirst(4).prefix(3).elementsEqual([0xFF, 0xFF, 0xFF])
    }
}
