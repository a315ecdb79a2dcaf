extension Scalar {
    /// Checks a client's literal against a column's type and brings it into the type's canonical form.
    /// Nothing is coerced. A `null` is refused like any other wrong literal; callers for whom it means "no
    /// relatives" look for it first.
    /// - Throws: `bad_key`. Where the literal is a filter's value, the caller sends the same message as
    ///   `bad_value`.
    package init(_ literal: Literal, as type: ColumnType) throws(Failure) {
        guard let scalar = Self.canonical(literal, as: type) else {
            throw Failure(.badKey, "\(literal.quoted) is no value of \(type.acceptedForm)")
        }
        self = scalar
    }

    private static func canonical(_ literal: Literal, as type: ColumnType) -> Scalar? {
        switch type {
        case .integer, .year, .bit:
            integer(literal, as: type)
        case .decimal(let precision, let scale, let unsigned):
            literal.digits.flatMap { DecimalText($0, allowingExponent: literal.isNumber) }
                .flatMap { $0.canonical(precision: precision, scale: scale, unsigned: unsigned) }
                .map { .text($0) }
        case .float: literal.digits.flatMap(FloatText.float).map { .text($0) }
        case .double: literal.digits.flatMap(FloatText.double).map { .text($0) }
        case .date, .time, .datetime, .timestamp, .text, .enumeration, .set, .binary, .uuid, .inet4, .inet6,
            .json, .geometry:
            literal.string.flatMap { fromString($0, as: type) }
        }
    }

    private static func integer(_ literal: Literal, as type: ColumnType) -> Scalar? {
        let scalar: Scalar? =
            if case .integer(let value) = literal { .integer(value) } else {
                literal.digits.flatMap(IntegerText.scalar)
            }
        guard let scalar else { return nil }
        let zeroYear = type == .year && scalar == .integer(0)
        return zeroYear || type.integerRange?.contains(scalar) == true ? scalar : nil
    }

    /// Reads the values of types whose literals can only be JSON strings.
    private static func fromString(_ text: [UInt8], as type: ColumnType) -> Scalar? {
        switch type {
        case .date: TemporalText.date(text).map { .text($0) }
        case .time(let fraction): TemporalText.time(text, fraction: fraction).map { .text($0) }
        case .datetime(let fraction):
            TemporalText.dateTime(text, fraction: fraction, isTimestamp: false).map { .text($0) }
        case .timestamp(let fraction):
            TemporalText.dateTime(text, fraction: fraction, isTimestamp: true).map { .text($0) }
        case .text, .enumeration, .set: .text(text)
        case .binary: Base64.decode(text).map { .bytes($0) }
        case .uuid: UUIDText.canonical(text).map { .text($0) }
        case .inet4: InternetAddressText.inet4(text).map { .text($0) }
        case .inet6: InternetAddressText.inet6(text).map { .text($0) }
        case .integer, .year, .bit, .decimal, .float, .double, .json, .geometry: nil
        }
    }
}

extension Scalar {
    /// Whether the value, which is one of a column of days, is a day that the calendar does not have, like
    /// February 30.
    package var isImpossibleDay: Bool {
        if case .text(let text) = self { TemporalText.isImpossible(text) } else { false }
    }
}

extension Literal {
    fileprivate var string: [UInt8]? {
        if case .string(let text) = self { text } else { nil }
    }

    fileprivate var isNumber: Bool {
        switch self {
        case .integer, .number: true
        case .null, .bool, .string: false
        }
    }

    /// The text of a number, or of a string, which may hold one.
    fileprivate var digits: [UInt8]? {
        switch self {
        case .integer(let value): Array(String(value).utf8)
        case .number(let text), .string(let text): text
        case .null, .bool: nil
        }
    }
}

/// `UUID` keys.
enum UUIDText {
    /// Reads 36 characters with dashes (8-4-4-4-12) or 32 hexadecimal digits, in upper or lower case.
    /// - Returns: the 36 characters with dashes in lower case; nil for anything else.
    static func canonical(_ text: [UInt8]) -> [UInt8]? {
        let dash = UInt8(ascii: "-")
        let hex = text.count == 36 ? text.filter { $0 != dash } : text
        guard hex.count == 32, hex.allSatisfy({ $0.hexValue != nil }) else { return nil }
        let lower = hex.map { $0.isDigit ? $0 : $0 | 0x20 }
        let groups = [lower[0..<8], lower[8..<12], lower[12..<16], lower[16..<20], lower[20..<32]]
        let canonical = Array(groups.joined(separator: [dash]))
        let dashesInPlace = text.count == 32 || [8, 13, 18, 23].allSatisfy { text[$0] == dash }
        return dashesInPlace ? canonical : nil
    }
}
