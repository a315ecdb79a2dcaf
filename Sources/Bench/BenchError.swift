/// What keeps the bench from measuring, in one line.
package struct BenchError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
